import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadRegistry, loadServer } from '../registry/load.ts';
import { checkRegistry } from '../rules/run.ts';
import { type EntryReview, reviewEntry } from './review-entry.ts';

/** Reviews the named entries: `base` and `proposed` are two states of the same registry. */
export async function reviewChanges(
  base: string,
  proposed: string,
  names: readonly string[],
): Promise<EntryReview[]> {
  if (names.length === 0) return [];
  const findings = await checkRegistry(await loadRegistry(proposed));
  return names.map((name) => {
    const has = (registry: string) => existsSync(join(registry, 'servers', name));
    return reviewEntry(
      name,
      has(base) ? loadServer(base, name) : undefined,
      has(proposed) ? loadServer(proposed, name) : undefined,
      findings.filter(({ file }) => file.startsWith(`registry/servers/${name}/`)),
    );
  });
}
