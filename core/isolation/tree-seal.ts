import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Size in bytes, modification time in ms and sha256 of one file. */
type Sealed = readonly [size: number, mtime: number, sha256: string];

const SEAL = 'portolan-seal.json';

/** Records every file of a finished tree, so that later damage is noticed. */
export async function sealTree(folder: string): Promise<void> {
  const files: Record<string, Sealed> = {};
  for (const path of await listFiles(folder)) {
    const { size, mtimeMs } = await stat(join(folder, path));
    files[path] = [size, mtimeMs, await hashOf(join(folder, path))];
  }
  await writeFile(join(folder, SEAL), JSON.stringify(files));
}

/**
 * Whether a sealed tree still holds exactly the files that it was sealed with. Sizes and times show
 * a full disk, a clean-up tool or a crash; `thorough` also compares the bytes.
 */
export async function treeIsIntact(folder: string, thorough = false): Promise<boolean> {
  try {
    const sealed = JSON.parse(await readFile(join(folder, SEAL), 'utf8')) as Record<string, Sealed>;
    const present = (await listFiles(folder)).filter((path) => path !== SEAL);
    if (present.length !== Object.keys(sealed).length) return false;
    const same = await Promise.all(
      present.map(async (path) => {
        const [size, mtime, sha256] = sealed[path] ?? [];
        const now = await stat(join(folder, path));
        if (now.size !== size || now.mtimeMs !== mtime) return false;
        return !thorough || (await hashOf(join(folder, path))) === sha256;
      }),
    );
    return same.every(Boolean);
  } catch {
    // No seal, an unreadable one or a vanished file: not intact, whatever the reason.
    return false;
  }
}

async function listFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (path: string): Promise<void> => {
    const entries = await readdir(join(folder, path), { withFileTypes: true });
    for (const item of entries) {
      const below = path ? `${path}/${item.name}` : item.name;
      if (item.isDirectory()) await walk(below);
      else found.push(below);
    }
  };
  await walk('');
  return found;
}

async function hashOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
