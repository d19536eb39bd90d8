import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { PortolanError } from '../../core/errors.ts';
import { indexEntry, indexRegistry } from '../registry/entry-index.ts';
import { compareFindings, type Finding } from '../registry/finding.ts';
import { openHistory } from '../registry/history.ts';
import { loadConfig, loadServer, type Registry, requireRegistry } from '../registry/load.ts';
import { listEntryFolders } from '../registry/read-folder.ts';
import { sourceFile } from '../registry/source-file.ts';
import { suggest } from '../registry/suggest.ts';
import { checkEntry } from './check-entries.ts';
import { checkInThreads } from './check-in-threads.ts';
import { rules } from './index.ts';
import { npmRegistry } from './npm-registry.ts';
import { type ChangeContext, collect, type RegistryContext } from './rule.ts';

/** One entry before and after a change; permissionDiff and toolDiff say what it means. */
export type EntryChange = ChangeContext;

export interface ValidationOptions {
  /** Names of the entries to check; all when absent. */
  readonly only?: readonly string[];
  /** At most this many threads. */
  readonly threads?: number;
  /** Also ask the npm registry. */
  readonly online?: boolean;
}

export interface ValidationReport {
  /** In file order; empty when all is well. */
  readonly findings: readonly Finding[];
  /** How many entries were checked. */
  readonly entries: number;
}

/**
 * Checks a registry folder by every rule, or the named entries of it against all others. Large
 * registries are checked in several threads, an entry at a time, so that they need not fit into
 * memory.
 */
export async function validateRegistry(
  folder: string,
  { only, threads = availableParallelism(), online = false }: ValidationOptions = {},
): Promise<ValidationReport> {
  const registry = resolve(folder);
  requireRegistry(registry);
  const catalog = loadConfig(registry);
  const listed = listEntryFolders(join(registry, 'servers'), `${basename(registry)}/servers`);
  const names = only ? requireNames(only, listed.names) : listed.names;
  const checked = await checkInThreads({ registry, names, config: catalog.config }, threads);
  const findings = [
    ...catalog.findings,
    ...listed.findings,
    ...checked.findings,
    ...(online ? await checkOnline(registry, names) : []),
    ...(await checkTogether({
      catalog,
      subjects: checked.index,
      index: only ? indexRegistry(registry) : checked.index,
      sourceOf: (name) => sourceIn(registry, name),
    })),
  ];
  return { findings: findings.sort(compareFindings), entries: names.length };
}

/**
 * Checks what changed since the work left `base`: the changed entries by every rule, and what was
 * done to them by the rules on changes.
 */
export async function validateChanges(
  folder: string,
  base: string,
  options: Pick<ValidationOptions, 'online'> = {},
): Promise<ValidationReport & { readonly changes: readonly EntryChange[] }> {
  const registry = resolve(folder);
  requireRegistry(registry);
  const changes = await entryChanges(registry, base);
  const present = changes.flatMap(({ name, after }) => (after ? [name] : []));
  const report = await validateRegistry(registry, { ...options, only: present });
  const findings = [...report.findings];
  for (const rule of rules) {
    if (rule.scope !== 'change') continue;
    for (const change of changes) findings.push(...(await collect(rule.name, rule.check(change))));
  }
  return { findings: findings.sort(compareFindings), entries: changes.length, changes };
}

/** Entries that differ from the point where the work left `base`, before and after. */
export async function entryChanges(folder: string, base: string): Promise<EntryChange[]> {
  const registry = resolve(folder);
  const history = await openHistory(registry, base);
  const { names } = listEntryFolders(join(registry, 'servers'), 'servers');
  const changes: EntryChange[] = [];
  for (const name of await history.changedNames()) {
    changes.push({
      name,
      path: `${basename(registry)}/servers/${name}/server.yaml`,
      before: await history.serverAt(name),
      after: names.includes(name) ? loadServer(registry, name) : undefined,
      earlierVersions: await history.versionsOf(name),
    });
  }
  return changes;
}

/** Findings of every rule on a registry that is already loaded, those of the loader included. */
export async function checkRegistry(registry: Registry): Promise<Finding[]> {
  const findings = [...registry.findings];
  for (const server of registry.servers) {
    findings.push(...(await checkEntry(server, registry.config)));
  }
  const index = registry.servers.flatMap(({ name, entry }) =>
    entry ? [indexEntry(entry, name)] : [],
  );
  findings.push(
    ...(await checkTogether({
      catalog: registry.catalog,
      subjects: index,
      index,
      sourceOf: (name) => sourceIn(registry.folder, name),
    })),
  );
  return findings.sort(compareFindings);
}

async function checkOnline(registry: string, names: readonly string[]): Promise<Finding[]> {
  const rule = npmRegistry();
  const findings: Finding[] = [];
  for (const name of names) {
    const server = loadServer(registry, name);
    if (server.entry) {
      findings.push(...(await collect(rule.name, rule.check({ server, config: undefined }))));
    }
  }
  return findings;
}

async function checkTogether(context: RegistryContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const rule of rules) {
    if (rule.scope === 'registry') {
      findings.push(...(await collect(rule.name, rule.check(context))));
    }
  }
  return findings;
}

function requireNames(wanted: readonly string[], known: readonly string[]): string[] {
  for (const name of wanted) {
    if (known.includes(name)) continue;
    const near = suggest(name, known);
    throw new PortolanError(
      'usage',
      'ENTRY_NOT_FOUND',
      `there is no entry ${JSON.stringify(name)}${near ? `; did you mean ${near}?` : '; give names of folders in servers/'}`,
    );
  }
  return known.filter((name) => wanted.includes(name));
}

/** server.yaml of an entry; when it vanished meanwhile, findings point at its beginning. */
function sourceIn(registry: string, name: string) {
  const { source, path } = loadServer(registry, name);
  return source ?? sourceFile(`${path}/server.yaml`, '', 'data');
}
