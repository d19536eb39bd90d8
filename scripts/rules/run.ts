import type { CatalogConfig } from '../../core/entry/types.generated.ts';
import { compareFindings, type Finding } from '../registry/finding.ts';
import type { LoadedServer, Registry } from '../registry/load.ts';
import { rules as allRules } from './index.ts';
import { collect, type IndexedEntry, type RegistryContext, type Rule } from './rule.ts';

/** Findings of every rule on a loaded registry, those of the loader included, in file order. */
export async function checkRegistry(
  registry: Registry,
  {
    rules = allRules,
    index = indexOf(registry.servers),
  }: { rules?: readonly Rule[]; index?: readonly IndexedEntry[] } = {},
): Promise<Finding[]> {
  const findings = [...registry.findings];
  for (const server of registry.servers) {
    findings.push(...(await checkEntry(server, registry.config, rules)));
  }
  findings.push(...(await checkTogether({ registry, index }, rules)));
  return findings.sort(compareFindings);
}

/** Findings of the rules that look at one entry by itself. */
export async function checkEntry(
  server: LoadedServer,
  config: CatalogConfig | undefined,
  rules: readonly Rule[] = allRules,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const rule of rules) {
    if (rule.scope !== 'entry' || (rule.needs === 'entry' && !server.entry)) continue;
    findings.push(...(await collect(rule.name, rule.check({ server, config }))));
  }
  return findings;
}

/** Findings of the rules that look at the registry as a whole. */
export async function checkTogether(
  context: RegistryContext,
  rules: readonly Rule[] = allRules,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const rule of rules) {
    if (rule.scope === 'registry') {
      findings.push(...(await collect(rule.name, rule.check(context))));
    }
  }
  return findings;
}

/** What the rules need to know of entries that they do not look at. */
export function indexOf(servers: readonly LoadedServer[]): IndexedEntry[] {
  return servers.flatMap(({ name, entry }) =>
    entry ? [{ name, title: entry.title, state: entry.status?.state ?? 'active' }] : [],
  );
}
