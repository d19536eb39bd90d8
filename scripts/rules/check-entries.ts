import type { CatalogConfig } from '../../core/entry/types.generated.ts';
import { indexEntry } from '../registry/entry-index.ts';
import type { Finding } from '../registry/finding.ts';
import { type LoadedServer, loadServer } from '../registry/load.ts';
import { rules } from './index.ts';
import { collect, type IndexedEntry } from './rule.ts';

/** Entries to check, in a form that can be handed to another thread. */
export interface EntriesTask {
  /** Absolute path of the registry. */
  readonly registry: string;
  readonly names: readonly string[];
  readonly config: CatalogConfig | undefined;
}

export interface EntriesReport {
  readonly findings: readonly Finding[];
  readonly index: readonly IndexedEntry[];
}

/** Reads and checks entries one by one, each by itself; none is kept in memory. */
export async function checkEntries(task: EntriesTask): Promise<EntriesReport> {
  const findings: Finding[] = [];
  const index: IndexedEntry[] = [];
  for (const name of task.names) {
    const server = loadServer(task.registry, name);
    findings.push(...server.findings, ...(await checkEntry(server, task.config)));
    if (server.entry) index.push(indexEntry(server.entry, name));
  }
  return { findings, index };
}

/** Findings of the rules that look at one entry by itself. */
export async function checkEntry(
  server: LoadedServer,
  config: CatalogConfig | undefined,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const rule of rules) {
    if (rule.scope !== 'entry' || (rule.needs === 'entry' && !server.entry)) continue;
    findings.push(...(await collect(rule.name, rule.check({ server, config }))));
  }
  return findings;
}
