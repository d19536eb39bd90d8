import { canonicalJson } from '../../core/entry/canonical.ts';
import type { Definition } from './upstream.ts';

/** How the live definitions of a server differ from the signed ones. */
export interface ToolDiff {
  /** Live but not signed. */
  readonly added: readonly Definition[];
  /** Signed but no longer live. */
  readonly removed: readonly Definition[];
  /** In both, with another text or schema. */
  readonly changed: readonly { readonly signed: Definition; readonly live: Definition }[];
}

/**
 * Compares definitions by name, and their content as canonical JSON: a different order of keys is
 * no change, any other difference is, invisible characters included. Order of the lists is free.
 */
export function compareTools(signed: readonly Definition[], live: readonly Definition[]): ToolDiff {
  const signedByName = new Map(signed.map((tool) => [nameOf(tool), tool]));
  const added: Definition[] = [];
  const changed: { signed: Definition; live: Definition }[] = [];
  const seen = new Set<string>();
  for (const tool of live) {
    const name = nameOf(tool);
    const promised = signedByName.get(name);
    // A second definition under a name that was already used is not the one that was signed.
    if (!promised || seen.has(name)) added.push(tool);
    else if (canonicalJson(promised) !== canonicalJson(tool)) {
      changed.push({ signed: promised, live: tool });
    }
    seen.add(name);
  }
  return { added, changed, removed: signed.filter((tool) => !seen.has(nameOf(tool))) };
}

/** True when nothing differs. */
export function isSame(diff: ToolDiff): boolean {
  return diff.added.length + diff.removed.length + diff.changed.length === 0;
}

/** The name under which a definition is called. */
export function nameOf(definition: Definition): string {
  return String(definition.name);
}
