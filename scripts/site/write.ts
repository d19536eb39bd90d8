import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A folder that a build writes to, which remembers what belongs there. */
export interface Output {
  readonly folder: string;
  /** Writes a file, by its path in the folder, unless it has this content already. */
  write(path: string, content: string | Uint8Array): void;
  /** Keeps a file that an earlier build wrote. */
  keep(path: string): void;
  /** Paths written or kept, whether changed or not. */
  readonly written: ReadonlySet<string>;
}

export function openOutput(folder: string): Output {
  const written = new Set<string>();
  /** The folder of the last file, when it was made for it: what comes next is new there as well. */
  let made: string | undefined;
  return {
    folder,
    written,
    keep: (path) => written.add(path),
    // Synchronous calls: for tens of thousands of small files they cost half of what promises do.
    write(path, content) {
      written.add(path);
      const whole = join(folder, path);
      const parent = dirname(whole);
      if (parent === made) writeFileSync(whole, content);
      else made = writeIfChanged(whole, content) && parent;
    },
  };
}

/**
 * Writes a file, and the folders above it, unless it has this content already. Returns the first
 * folder that it made, if any.
 */
export function writeIfChanged(path: string, content: string | Uint8Array): string | undefined {
  let made: string | undefined;
  if (existsSync(path)) {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    if (readFileSync(path).equals(bytes)) return undefined;
  } else {
    made = mkdirSync(dirname(path), { recursive: true });
  }
  writeFileSync(path, content);
  return made;
}

/** Removes a file, when it is there, and the folders that are then empty. */
export async function removeFile(folder: string, path: string): Promise<void> {
  await rm(join(folder, path), { force: true });
  for (let parent = dirname(path); parent !== '.'; parent = dirname(parent)) {
    try {
      await rmdir(join(folder, parent));
    } catch {
      // It holds something else, or is gone already.
      return;
    }
  }
}

export const escapeXml = (text: string): string =>
  text
    // Characters that XML 1.0 cannot hold at all.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
