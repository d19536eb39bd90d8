import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CORE_SCHEMA, load } from 'js-yaml';
import { hasErrno, messageOf, PortolanError } from '../../core/errors.ts';
import type { DockerInput } from './docker.ts';

/**
 * Reads the entries of Docker's registry: `folder` is its `servers`, or the checkout that has it.
 * A file that cannot be parsed gives an entry with the reason as its only content.
 */
export function* readDocker(folder: string): Generator<DockerInput> {
  const servers = list(folder).includes('servers') ? join(folder, 'servers') : folder;
  let found = false;
  for (const name of list(servers).sort()) {
    const yaml = read(join(servers, name, 'server.yaml'));
    if (yaml === undefined) continue;
    found = true;
    const tools = read(join(servers, name, 'tools.json'));
    const readme = read(join(servers, name, 'readme.md'));
    yield {
      folder: name,
      data: parse(() => load(yaml, { schema: CORE_SCHEMA })),
      ...(tools !== undefined && { tools: parse(() => (tools.trim() ? JSON.parse(tools) : [])) }),
      ...(readme?.trim() && { readme }),
    };
  }
  if (!found) {
    throw new PortolanError(
      'usage',
      'NOTHING_TO_IMPORT',
      `${folder} has no NAME/server.yaml; give the servers folder of a checkout of the registry`,
    );
  }
}

function parse(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return { unreadable: messageOf(error).split('\n')[0] };
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    throw new PortolanError(
      'usage',
      'NOTHING_TO_IMPORT',
      `${folder} is no folder that can be read`,
      { cause },
    );
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}
