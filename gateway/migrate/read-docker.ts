import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { isObject } from '../relay/protocol.ts';
import { readDockerDatabase } from './docker-database.ts';
import { type DockerFolder, findDockerFolder } from './docker-folder.ts';
import { malformed, serversIn, settingsIn, shapeFault, toolsIn } from './docker-servers.ts';
import {
  type DockerDefinition,
  type DockerProfile,
  type DockerServer,
  type DockerSetup,
  definitionOf,
  named,
  textOf,
} from './docker-setup.ts';

export interface DockerSources {
  /** A Docker configuration folder instead of the usual one. */
  readonly from?: string;
  /** Files of `docker mcp profile export`; the folder is not read then. */
  readonly exports?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly home?: string;
}

/** What was switched on before there were profiles. */
export const ENABLED = 'enabled servers';

const DATABASE = 'mcp-toolkit.db';

/**
 * Reads what Docker's MCP Toolkit left: its database of profiles, or `registry.yaml`,
 * `config.yaml`, `tools.yaml` and its catalogs. A file that is broken is told, and stops no other.
 *
 * Throws `usage` / `DOCKER_NOT_FOUND` when there is nothing at all.
 */
export async function readDockerSetup({
  from,
  exports,
  env = process.env,
  home = homedir(),
}: DockerSources): Promise<DockerSetup> {
  const problems: PortolanError[] = [];
  if (exports && exports.length > 0) {
    const found = await Promise.all(exports.map((file) => readExport(file, problems)));
    const profiles = found.filter((profile) => profile !== undefined);
    return { folder: '.', files: exports, profiles, catalogs: [], problems };
  }
  return readFolder(await findDockerFolder(from, env, home), problems);
}

async function readFolder(
  { path: folder, files }: DockerFolder,
  problems: PortolanError[],
): Promise<DockerSetup> {
  const read: string[] = [];
  const document = async (file: string): Promise<Record<string, unknown>> => {
    if (!files.includes(file) && !file.includes('/')) return {};
    const value = await readDocument(join(folder, file), problems);
    if (value) read.push(file);
    return value ?? {};
  };
  const definitions = new Map<string, DockerDefinition>();
  const catalogs: { name: string; servers: number }[] = [];
  for (const file of await catalogFiles(folder, files)) {
    const { registry } = await document(file);
    const servers = isObject(registry) ? Object.entries(registry) : [];
    for (const [name, value] of servers) {
      const definition = definitionOf(value);
      if (definition && !definitions.has(name)) definitions.set(name, definition);
    }
    catalogs.push({ name: file, servers: servers.length });
  }
  const profiles: DockerProfile[] = [];
  if (files.includes(DATABASE)) {
    try {
      const database = await readDockerDatabase(join(folder, DATABASE));
      read.push(DATABASE);
      for (const value of database.snapshots) {
        const definition = definitionOf(value);
        const { name } = definition ?? {};
        if (definition && name && !definitions.has(name)) definitions.set(name, definition);
      }
      for (const { title, servers } of database.catalogs) catalogs.push({ name: title, servers });
      for (const { id, servers } of database.profiles) {
        profiles.push({
          name: id,
          file: DATABASE,
          servers: serversIn(servers, `${DATABASE}: profile ${id}`, definitions, problems),
        });
      }
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error;
      problems.push(error);
    }
  }
  const enabled = await readEnabled(document, definitions, problems);
  // Docker's first start with profiles turns what was switched on into the profile `default`.
  const there = new Set(
    profiles.find(({ name }) => name === 'default')?.servers.map(({ name }) => name),
  );
  if (enabled.servers.some(({ name }) => !there.has(name))) profiles.push(enabled);
  return { folder, files: read, profiles, catalogs, problems };
}

/** `registry.yaml` says which servers are on, `config.yaml` and `tools.yaml` what is set for them. */
async function readEnabled(
  document: (file: string) => Promise<Record<string, unknown>>,
  definitions: ReadonlyMap<string, DockerDefinition>,
  problems: PortolanError[],
): Promise<DockerProfile> {
  const { registry } = await document('registry.yaml');
  if (registry !== undefined && registry !== null && !isObject(registry)) {
    problems.push(shapeFault('registry.yaml', 'registry', 'a map of servers by name'));
  }
  const [config, tools] = [await document('config.yaml'), await document('tools.yaml')];
  const servers = Object.keys(isObject(registry) ? registry : {}).map((name): DockerServer => {
    const definition = definitions.get(name);
    return {
      name,
      ...named('definition', definition),
      ...named('image', definition?.image),
      ...named('url', definition?.url),
      config: settingsIn(config[name], `config.yaml`, name, problems),
      ...named('tools', toolsIn(tools[name], 'tools.yaml', name, problems)),
    };
  });
  return { name: ENABLED, file: 'registry.yaml', servers };
}

async function readExport(
  file: string,
  problems: PortolanError[],
): Promise<DockerProfile | undefined> {
  const value = await readDocument(file, problems);
  if (!value) return undefined;
  const name = textOf(value.id) ?? textOf(value.name) ?? 'docker';
  return { name, file, servers: serversIn(value.servers, file, new Map(), problems) };
}

async function catalogFiles(folder: string, files: readonly string[]): Promise<readonly string[]> {
  if (!files.includes('catalogs')) return [];
  const names = await readdir(join(folder, 'catalogs')).catch(() => []);
  return names
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => `catalogs/${name}`);
}

/** A file in YAML or JSON that holds a map; an empty one holds an empty map. */
async function readDocument(
  path: string,
  problems: PortolanError[],
): Promise<Record<string, unknown> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    problems.push(
      new PortolanError(
        'unreachable',
        'DOCKER_UNREADABLE',
        `${path} cannot be read (${messageOf(error)}); mend its permissions and start again`,
        { cause: error },
      ),
    );
    return undefined;
  }
  const lines = new LineCounter();
  const parsed = parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core' });
  const [fault] = parsed.errors;
  if (fault) {
    const line = fault.linePos?.[0].line ?? 1;
    const fact = fault.message.split('\n')[0]?.replace(/ at line .*$/, '');
    problems.push(malformed(`${path}:${line}: ${fact}; mend the line, the rest was read`));
    return undefined;
  }
  let value: unknown;
  try {
    value = parsed.toJS({ maxAliasCount: 100 });
  } catch (error) {
    problems.push(malformed(`${path}: ${messageOf(error)}; write out what its aliases stand for`));
    return undefined;
  }
  if (value === null || value === undefined) return {};
  if (isObject(value)) return value;
  problems.push(malformed(`${path}: it holds no map; the rest was read`));
  return undefined;
}
