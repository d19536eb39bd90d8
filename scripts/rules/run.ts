import type { CatalogConfig } from '../../core/entry/types.generated.ts';
import { compareFindings, type Finding } from '../registry/finding.ts';
import type { LoadedServer, Registry } from '../registry/load.ts';
import { rules as allRules } from './index.ts';
import { type IndexedEntry, type Rule, toFinding } from './rule.ts';

/** Findings of every rule on a loaded registry, those of the loader included, in file order. */
export function checkRegistry(
  registry: Registry,
  {
    rules = allRules,
    index = indexOf(registry.servers),
  }: { rules?: readonly Rule[]; index?: readonly IndexedEntry[] } = {},
): Finding[] {
  return [
    ...registry.findings,
    ...registry.servers.flatMap((server) => checkEntry(server, registry.config, rules)),
    ...checkTogether(registry, index, rules),
  ].sort(compareFindings);
}

/** Findings of the rules that look at one entry by itself. */
export function checkEntry(
  server: LoadedServer,
  config: CatalogConfig | undefined,
  rules: readonly Rule[] = allRules,
): Finding[] {
  return rules.flatMap((rule) => {
    if (rule.scope !== 'entry' || (rule.needs === 'entry' && !server.entry)) return [];
    return Array.from(rule.check({ server, config }), (complaint) =>
      toFinding(rule.name, complaint),
    );
  });
}

/** Findings of the rules that look at the registry as a whole. */
export function checkTogether(
  registry: Registry,
  index: readonly IndexedEntry[],
  rules: readonly Rule[] = allRules,
): Finding[] {
  return rules.flatMap((rule) => {
    if (rule.scope !== 'registry') return [];
    return Array.from(rule.check({ registry, index }), (complaint) =>
      toFinding(rule.name, complaint),
    );
  });
}

/** What the rules need to know of entries that they do not look at. */
export function indexOf(servers: readonly LoadedServer[]): IndexedEntry[] {
  return servers.flatMap(({ name, entry }) =>
    entry ? [{ name, title: entry.title, state: entry.status?.state ?? 'active' }] : [],
  );
}
