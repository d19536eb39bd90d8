import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { PortolanError } from '../../core/errors.ts';
import { indexEntry, indexRegistry } from '../registry/entry-index.ts';
import { compareFindings, type Finding } from '../registry/finding.ts';
import { loadConfig, loadServer, type Registry, requireRegistry } from '../registry/load.ts';
import { listEntryFolders } from '../registry/read-folder.ts';
import { sourceFile } from '../registry/source-file.ts';
import { suggest } from '../registry/suggest.ts';
import { checkEntry } from './check-entries.ts';
import { checkInThreads } from './check-in-threads.ts';
import { rules } from './index.ts';
import { collect, type RegistryContext } from './rule.ts';

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
  { only, threads = availableParallelism() }: { only?: readonly string[]; threads?: number } = {},
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
    ...(await checkTogether({
      catalog,
      subjects: checked.index,
      index: only ? indexRegistry(registry) : checked.index,
      sourceOf: (name) => sourceIn(registry, name),
    })),
  ];
  return { findings: findings.sort(compareFindings), entries: names.length };
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
