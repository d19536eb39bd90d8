import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasErrno } from './errors.ts';

/**
 * Writes a file so that a reader sees the old content or the new one, never a part: a temporary
 * file in the same folder, then a rename. The folder is made when it is missing. The umask narrows
 * `mode`, unless `exactMode` says that it is the mode of the file that is replaced.
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | string | AsyncIterable<Uint8Array>,
  options: {
    readonly mode?: number;
    readonly exactMode?: boolean;
    readonly durable?: boolean;
  } = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.tmp-${process.pid}-${randomBytes(6).toString('hex')}`);
  try {
    const file = await openIn(folder, temporary, options.mode ?? 0o666);
    try {
      await file.writeFile(content as Uint8Array);
      if (options.exactMode && options.mode !== undefined) await file.chmod(options.mode);
      if (options.durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The folder is nearly always there, so it is made only when it is found missing. */
async function openIn(folder: string, path: string, mode: number): Promise<FileHandle> {
  try {
    return await open(path, 'wx', mode);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
    await mkdir(folder, { recursive: true });
    return open(path, 'wx', mode);
  }
}
