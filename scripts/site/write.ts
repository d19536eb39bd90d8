import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasErrno } from '../../core/errors.ts';

/** Writes a file unless it already has this content. */
export async function writeChanged(path: string, content: string | Uint8Array): Promise<void> {
  const bytes = Buffer.from(content);
  try {
    if (bytes.equals(await readFile(path))) return;
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
    await mkdir(dirname(path), { recursive: true });
  }
  await writeFile(path, bytes);
}
