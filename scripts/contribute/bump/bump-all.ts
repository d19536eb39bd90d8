import { messageOf, PortolanError } from '../../../core/errors.ts';
import { readEntryFiles } from '../entry-files.ts';
import { type Bumped, type BumpOptions, bumpEntry } from './bump-entry.ts';

export interface BumpedAll {
  readonly bumped: readonly Bumped[];
  /** `NAME: why`, for entries that stay as they were. */
  readonly failed: readonly string[];
}

/** Bumps entries one after the other; one that fails does not stop the others. */
export async function bumpAll(
  registry: string,
  names: readonly string[],
  options: BumpOptions & {
    readonly onDone?: (name: string, outcome: Bumped | string | undefined) => void;
  } = {},
): Promise<BumpedAll> {
  const bumped: Bumped[] = [];
  const failed: string[] = [];
  for (const name of names) {
    try {
      const result = await bumpEntry(readEntryFiles(registry, name), options);
      if (result) bumped.push(result);
      options.onDone?.(name, result);
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error;
      const message = messageOf(error);
      const line = message.startsWith(name) ? message : `${name}: ${message}`;
      failed.push(line);
      options.onDone?.(name, line);
    }
  }
  return { bumped, failed };
}
