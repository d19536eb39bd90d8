import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The bytes of a file that only its owner can have written; undefined when there is none, it is a
 * link or larger than `largest` bytes, or others can get at it.
 */
export function readOwnFile(path: string, largest: number): Buffer | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch {
    return undefined;
  }
  try {
    const { mode, uid, size } = fstatSync(file);
    const shared = process.platform !== 'win32' && (mode & 0o077) !== 0;
    const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
    if (!isFile || shared || size > largest) return undefined;
    if (process.getuid && uid !== process.getuid()) return undefined;
    return readFileSync(file);
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** Keeps the newest files of a folder, and of these only what is younger than `youngerMs`. */
export async function keepNewest(
  folder: string,
  most: number,
  {
    youngerMs = Number.POSITIVE_INFINITY,
    except,
  }: { readonly youngerMs?: number; readonly except?: string } = {},
): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name !== except);
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { path, time: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 };
    }),
  );
  files.sort((a, b) => b.time - a.time);
  const oldest = Date.now() - youngerMs;
  const gone = files.filter(({ time }, index) => index >= most || time < oldest);
  await Promise.all(gone.map(({ path }) => rm(path, { force: true })));
}
