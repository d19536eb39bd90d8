import { lstatSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { validatorOf } from '../../core/entry/schema.ts';
import type {
  CapturedTools,
  CatalogConfig,
  ServerEntry,
} from '../../core/entry/types.generated.ts';
import { hasErrno, messageOf, PortolanError } from '../../core/errors.ts';
import { compareFindings, type Finding } from './finding.ts';
import { parseYaml } from './parse-yaml.ts';
import { decodeText, listEntryFolders, readEntryFolder } from './read-folder.ts';
import { findingAt, placeOf, type SourceFile, sourceFile } from './source-file.ts';

/** One folder of registry/servers, read and parsed but not yet judged by the rules. */
export interface LoadedServer {
  /** The folder's name, which must be the entry's. */
  readonly name: string;
  /** Absolute path of the folder. */
  readonly folder: string;
  /** The folder relative to the repository, with forward slashes. */
  readonly path: string;
  /** server.yaml; absent when there is none that could be read as text. */
  readonly source?: SourceFile;
  /** What server.yaml says; of any shape. Absent when it is no YAML. */
  readonly data?: unknown;
  /** The same as `data`, present only when it has the shape of the schema. */
  readonly entry?: ServerEntry;
  readonly tools?: LoadedTools;
  readonly readme?: { readonly source: SourceFile; readonly bytes: Buffer };
  readonly icon?: { readonly source: SourceFile; readonly bytes: Buffer };
  readonly lock?: { readonly source: SourceFile; readonly bytes: Buffer };
  /** What was wrong with the files themselves. */
  readonly findings: readonly Finding[];
}

export interface LoadedTools {
  readonly source: SourceFile;
  readonly bytes: Buffer;
  /** What tools.json says; of any shape. */
  readonly data: unknown;
  /** The same as `data`, present only when it has the shape of the schema. */
  readonly captured?: CapturedTools;
}

/** catalog.yaml, read and parsed. */
export interface LoadedConfig {
  /** Present only when it has the shape of the schema. */
  readonly config?: CatalogConfig;
  /** Absent when it could not be read as YAML. */
  readonly source?: SourceFile;
  /** What it says; of any shape. */
  readonly data?: unknown;
  readonly findings: readonly Finding[];
}

export interface Registry {
  /** Absolute path of the registry's folder. */
  readonly folder: string;
  /** Absent when catalog.yaml is missing or malformed; a finding says why. */
  readonly config?: CatalogConfig;
  readonly catalog: LoadedConfig;
  /** Sorted by name. */
  readonly servers: readonly LoadedServer[];
  /** Every finding about files, YAML and JSON, those of the servers included. */
  readonly findings: readonly Finding[];
}

export interface ValidServer extends LoadedServer {
  readonly entry: ServerEntry;
}

export interface ValidRegistry extends Registry {
  readonly config: CatalogConfig;
  readonly servers: readonly ValidServer[];
}

/**
 * Reads a registry folder (`registry/`). Bad content becomes findings; it throws `usage` /
 * `REGISTRY_MISSING` only when there is no such folder.
 *
 * @param only Names of the servers to read; all when absent. Names without a folder are left out.
 */
export async function loadRegistry(
  folder: string,
  { only }: { only?: readonly string[] } = {},
): Promise<Registry> {
  const absolute = resolve(folder);
  requireRegistry(absolute);
  const catalog = loadConfig(absolute);
  const path = `${basename(absolute)}/servers`;
  const listed = listEntryFolders(join(absolute, 'servers'), path);
  const wanted = only && new Set(only);
  const servers = listed.names
    .filter((name) => wanted?.has(name) ?? true)
    .map((name) => loadServer(absolute, name));
  const findings = [
    ...catalog.findings,
    ...listed.findings,
    ...servers.flatMap((server) => server.findings),
  ].sort(compareFindings);
  return {
    folder: absolute,
    ...(catalog.config && { config: catalog.config }),
    catalog,
    servers,
    findings,
  };
}

/** The registry when every file of it has the shape of its schema; throws `malformed` otherwise. */
export function requireValid(registry: Registry): ValidRegistry {
  const invalid = registry.servers.find(({ entry }) => !entry);
  if (registry.findings.length > 0 || invalid || !registry.config) {
    const [first] = registry.findings;
    const detail = first
      ? `${first.file}:${first.line}: ${first.fact}`
      : `${invalid?.path ?? registry.folder} does not have the shape of its schema`;
    throw new PortolanError(
      'malformed',
      'REGISTRY_INVALID',
      `${detail}; npm run validate shows every finding`,
    );
  }
  return registry as ValidRegistry;
}

/** Reads one folder of registry/servers; `registry` is the absolute path of the registry. */
export function loadServer(registry: string, name: string): LoadedServer {
  const folder = join(registry, 'servers', name);
  const path = `${basename(registry)}/servers/${name}`;
  const { files, findings } = readEntryFolder(folder, path);
  return serverOf({ name, folder, path }, files, findings);
}

/** An entry from the bytes of its files, wherever they were read. */
export function serverOf(
  { name, folder, path }: Pick<LoadedServer, 'name' | 'folder' | 'path'>,
  files: ReadonlyMap<string, Buffer>,
  earlier: readonly Finding[] = [],
): LoadedServer {
  const findings = [...earlier];
  const read = (file: string) => {
    const bytes = files.get(file);
    if (!bytes) return undefined;
    const decoded = decodeText(`${path}/${file}`, bytes);
    findings.push(...decoded.findings);
    if (decoded.text === undefined) return undefined;
    const kind = /\.(yaml|json)$/.test(file) ? 'data' : 'text';
    return { bytes, source: sourceFile(`${path}/${file}`, decoded.text, kind) };
  };

  const yaml = read('server.yaml');
  if (!yaml && findings.length === 0) {
    findings.push(
      findingAt(`${path}/server.yaml`, START, {
        rule: 'files',
        fact: 'the entry has no server.yaml',
        remedy: 'add it, or remove the folder',
      }),
    );
  }
  const parsed = yaml && parseYaml(yaml.source.path, yaml.source.text);
  if (parsed && 'finding' in parsed) findings.push(parsed.finding);
  const data = parsed && 'data' in parsed ? parsed.data : undefined;
  const entry = data !== undefined && validatorOf('server')(data) ? data : undefined;
  const tools = loadTools(read('tools.json'), findings);
  const [readme, icon, lock] = ['readme.md', 'icon.svg', 'package-lock.json'].map(read);
  return {
    name,
    folder,
    path,
    ...(yaml && { source: yaml.source }),
    ...(data !== undefined && { data }),
    ...(entry && { entry }),
    ...(tools && { tools }),
    ...(readme && { readme }),
    ...(icon && { icon }),
    ...(lock && { lock }),
    findings,
  };
}

const START = { line: 1, column: 1 };

function loadTools(
  file: { bytes: Buffer; source: SourceFile } | undefined,
  findings: Finding[],
): LoadedTools | undefined {
  if (!file) return undefined;
  let data: unknown;
  try {
    data = JSON.parse(file.source.text);
  } catch (error) {
    const offset = Number(/position (\d+)/.exec(messageOf(error))?.[1] ?? 0);
    findings.push(
      findingAt(file.source.path, placeOf(file.source.text, offset), {
        rule: 'json',
        fact: `this is not JSON: ${messageOf(error)}`,
        remedy: 'do not edit this file; npm run capture writes it',
      }),
    );
    return undefined;
  }
  return { ...file, data, ...(validatorOf('tools')(data) && { captured: data }) };
}

/** Reads catalog.yaml; `folder` is the absolute path of the registry. */
export function loadConfig(folder: string): LoadedConfig {
  const path = `${basename(folder)}/catalog.yaml`;
  const findings: Finding[] = [];
  const refuse = (fact: string, remedy: string) => {
    findings.push(findingAt(path, START, { rule: 'files', fact, remedy }));
    return { findings };
  };
  let bytes: Buffer;
  try {
    if (lstatSync(join(folder, 'catalog.yaml')).isSymbolicLink()) {
      return refuse('this is a symbolic link', 'put the file itself here');
    }
    bytes = readFileSync(join(folder, 'catalog.yaml'));
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
    return refuse('the registry has no catalog.yaml', 'add it; docs/own-catalog.md shows one');
  }
  const decoded = decodeText(path, bytes);
  findings.push(...decoded.findings);
  if (decoded.text === undefined) return { findings };
  const source = sourceFile(path, decoded.text, 'data');
  const parsed = parseYaml(path, decoded.text);
  if ('finding' in parsed) return { findings: [...findings, parsed.finding] };
  const { data } = parsed;
  const config = validatorOf('catalog-config')(data) ? data : undefined;
  return { findings, source, data, ...(config && { config }) };
}

/** Throws `usage` / `REGISTRY_MISSING` when there is no such folder. */
export function requireRegistry(folder: string): void {
  try {
    if (statSync(folder).isDirectory()) return;
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
  throw new PortolanError(
    'usage',
    'REGISTRY_MISSING',
    `there is no registry at ${folder}; give the folder that holds catalog.yaml and servers/`,
  );
}
