import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
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
  const folders = new Set<string>();
  return {
    folder,
    written,
    keep: (path) => written.add(path),
    // Synchronous calls: for tens of thousands of small files they cost half of what promises do.
    write(path, content) {
      written.add(path);
      const full = join(folder, path);
      const bytes = Buffer.from(content);
      if (existsSync(full)) {
        if (bytes.equals(readFileSync(full))) return;
      } else {
        const parent = dirname(full);
        if (!folders.has(parent)) mkdirSync(parent, { recursive: true });
        folders.add(parent);
      }
      writeFileSync(full, bytes);
    },
  };
}

/** Removes files that `keep` does not know, and folders that are then empty. */
export async function prune(folder: string, keep: (path: string) => boolean): Promise<number> {
  let removed = 0;
  async function walk(path: string): Promise<boolean> {
    let empty = true;
    for (const item of await readdir(join(folder, path), { withFileTypes: true })) {
      const below = path ? `${path}/${item.name}` : item.name;
      if (item.isDirectory()) {
        if (await walk(below)) await rmdir(join(folder, below));
        else empty = false;
      } else if (keep(below)) {
        empty = false;
      } else {
        await rm(join(folder, below));
        removed += 1;
      }
    }
    return empty;
  }
  await walk('');
  return removed;
}

export const escapeXml = (text: string): string =>
  text
    // Characters that XML 1.0 cannot hold at all.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
