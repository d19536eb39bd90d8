import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Signature } from './signature.ts';

/** What a list shows of a server that only its content tells. */
export interface ServerFacts {
  /** Changes with everything that the server's files show. */
  readonly key: string;
  readonly icon: boolean;
  readonly toolsApart: boolean;
  readonly signature: Signature;
}

/** What the last build wrote, so that this one can keep what did not change. */
export interface BuildState {
  /** Changes with the code, the catalog's identity, and where the site goes. */
  readonly mark: string;
  /** Folder that it was written to. */
  readonly out: string;
  /** Every file, by what it belongs to: a slice, a part of the full-text index, or the lists. */
  readonly files: Readonly<Record<string, readonly string[]>>;
  /** Keys of parts of the full-text index, and of the lists. */
  readonly keys: Readonly<Record<string, string>>;
  readonly servers: Readonly<Record<string, ServerFacts>>;
}

/** The state in a working folder, or undefined. It is removed: a build that is cut off starts over. */
export async function takeState(work: string): Promise<BuildState | undefined> {
  const path = join(work, 'state.json');
  try {
    return JSON.parse(await readFile(path, 'utf8')) as BuildState;
  } catch {
    // No earlier build, or one that was cut off.
    return undefined;
  } finally {
    await rm(path, { force: true });
  }
}

export const saveState = (work: string, state: BuildState): Promise<void> =>
  writeFile(join(work, 'state.json'), JSON.stringify(state));
