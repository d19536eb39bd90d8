import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { CatalogConfig } from '../../../core/entry/types.generated.ts';
import { hasErrno, messageOf, PortolanError } from '../../../core/errors.ts';
import { importDocker } from '../../importers/docker.ts';
import type { Imported } from '../../importers/draft.ts';
import { readDocker } from '../../importers/read-docker.ts';
import { importServerJson, serversIn } from '../../importers/server-json.ts';
import type { Drafted } from './draft.ts';
import { fromImage } from './from-image.ts';
import { fromNpm } from './from-npm.ts';
import { fromRemote } from './from-remote.ts';

/** Drafts an entry from an official server.json file. */
export async function fromServerJson(file: string, config: CatalogConfig): Promise<Drafted> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
    throw new PortolanError('usage', 'SOURCE_UNKNOWN', `${file} does not exist; give its path`);
  }
  return await draftServerJson(text, file, config);
}

/** Drafts an entry from the text of a server.json; `where` names it in errors. */
export async function draftServerJson(
  text: string,
  where: string,
  config: CatalogConfig,
): Promise<Drafted> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new PortolanError(
      'malformed',
      'SERVER_JSON_MALFORMED',
      `${where} is not JSON: ${messageOf(error)}`,
      { cause: error },
    );
  }
  const [server] = serversIn(data);
  return await completed(importServerJson(server), config);
}

/** Drafts an entry from a folder of Docker's registry. */
export async function fromDocker(folder: string, config: CatalogConfig): Promise<Drafted> {
  const path = resolve(folder);
  for (const input of readDocker(dirname(path))) {
    if (input.folder === basename(path)) return await completed(importDocker(input), config);
  }
  throw new PortolanError('usage', 'SOURCE_UNKNOWN', `${folder} has no server.yaml`);
}

/**
 * Adds what neither format holds: the integrity of a package, the digest of an image, the sign-in of
 * an endpoint, and the license. What the import says wins over what its origin suggests.
 */
async function completed(imported: Imported, config: CatalogConfig): Promise<Drafted> {
  const { entry } = imported;
  const notes = [
    ...imported.unmapped.map(({ path, value, reason }) => `${path} (${value}): ${reason}`),
    ...(allowsEveryHost(entry)
      ? ['permissions.network: every host, as the source names none; narrow it to those it calls']
      : []),
  ];
  const files = {
    ...(imported.tools ? { tools: imported.tools } : {}),
    ...(imported.readme ? { readme: imported.readme } : {}),
  };
  try {
    const origin = await draftOrigin(imported, config);
    return {
      draft: {
        ...origin.draft,
        ...entry,
        ...(origin.draft.npm ? { npm: origin.draft.npm } : {}),
        ...(origin.draft.container ? { container: origin.draft.container } : {}),
        ...(origin.draft.remote && entry.remote
          ? { remote: { ...origin.draft.remote, ...entry.remote }, tools: origin.draft.tools }
          : {}),
      } as Drafted['draft'],
      notes: [...notes, ...origin.notes.filter((note) => !isKnown(note, entry))],
      files,
    };
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error;
    return { draft: entry, notes: [...notes, messageOf(error)], files };
  }
}

async function draftOrigin({ entry }: Imported, config: CatalogConfig): Promise<Drafted> {
  if (entry.npm) {
    const { package: name, version } = entry.npm;
    return await fromNpm(version ? `${name}@${version}` : name, config);
  }
  if (entry.container) return await fromImage(entry.container.image);
  if (entry.remote && !entry.remote.url.includes('{')) return await fromRemote(entry.remote.url);
  return { draft: {}, notes: [] };
}

/** A note about a field that the import has its own value for. */
function isKnown(note: string, entry: Imported['entry']): boolean {
  const field = /^(\w+)[.:]/.exec(note)?.[1] ?? '';
  return field !== 'remote' && field !== 'container' && Object.hasOwn(entry, field);
}

function allowsEveryHost({ permissions }: Imported['entry']): boolean {
  const network = permissions?.network;
  return typeof network === 'object' && network.allow.includes('*:443');
}
