import { validateChanges } from '../rules/run.ts';
import { type EntryReview, reviewEntry } from './review-entry.ts';

/**
 * Reviews every entry that the checked-out commit changes since it left `base`. `registry` lies in
 * a Git clone that has both.
 */
export async function reviewChanges(registry: string, base: string): Promise<EntryReview[]> {
  const { changes, findings } = await validateChanges(registry, base);
  return changes.map(({ name, before, after }) =>
    reviewEntry(
      name,
      before,
      after,
      findings.filter(({ file }) => file.startsWith(`registry/servers/${name}/`)),
    ),
  );
}
