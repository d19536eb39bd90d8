import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { hasErrno, messageOf, PortolanError } from '../../core/errors.ts';
import { openTarInMemory } from '../../core/oci/layout-tar.ts';
import type { Repository } from '../../core/oci/repository.ts';

/** The file of a package that holds its snapshot: a layout in a tar, compressed with Brotli. */
export const SNAPSHOT_FILE = 'snapshot.tar.br';
/** What a snapshot may unpack to, in bytes; one of ours has a tenth of it. */
const LARGEST = 64 * 2 ** 20;

/**
 * The copy of the default catalog that came with the package; undefined when it came without one.
 * It is one more place to read from and proves nothing by itself: signatures are verified as always.
 * Throws `malformed` / `SNAPSHOT_MALFORMED` for a file that is cut off or altered.
 */
export async function readSnapshot(folder = packageFolder()): Promise<Repository | undefined> {
  const path = join(folder, SNAPSHOT_FILE);
  let packed: Uint8Array;
  try {
    packed = await readFile(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const bytes = await promisify(brotliDecompress)(packed, { maxOutputLength: LARGEST });
    return await openTarInMemory(bytes, 'the catalog that came with Portolan');
  } catch (error) {
    throw new PortolanError(
      'malformed',
      'SNAPSHOT_MALFORMED',
      `${path} is damaged: ${messageOf(error)}; install Portolan again`,
      { cause: error },
    );
  }
}

/** Where package.json's `files` come to lie: this file is bundled into a part below it. */
function packageFolder(): string {
  return join(import.meta.dirname, '..');
}
