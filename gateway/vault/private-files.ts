import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasErrno, messageOf, PortolanError } from '../../core/errors.ts';
import { writeFileAtomic } from '../../core/files.ts';

const LARGEST = 64 * 1024 * 1024;
// Windows has no mode bits: there the folder of the user protects what is in it.
const HAS_MODES = process.platform !== 'win32';

/** Makes a folder that only its owner may enter, or makes sure that an existing one is. */
export async function ensurePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const stats = await lstat(path);
  if (!stats.isDirectory()) throw notOurs(path, 'is not a folder');
  refuseShared(path, stats, '700');
}

/**
 * The text of a file that only its owner may read; undefined when there is none.
 * Throws `forbidden` / `SECRETS_EXPOSED` when others can read or write it: whoever could read it
 * may have done so already, therefore the message says so and nothing is repaired in silence.
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    if (hasErrno(error, 'ELOOP')) throw notOurs(path, 'is a symbolic link');
    throw new PortolanError('unreachable', 'VAULT_UNREADABLE', `${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  try {
    // The open file is asked, not its path: nobody can swap it in between.
    const stats = await file.stat();
    if (!stats.isFile()) throw notOurs(path, 'is not a regular file');
    refuseShared(path, stats, '600');
    if (stats.size > LARGEST) throw notOurs(path, 'is larger than 64 MiB');
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Replaces a private file as a whole; it is on the disk when this resolves. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await ensurePrivateFolder(dirname(path));
  await writeFileAtomic(path, text, { mode: 0o600, durable: true });
  if (HAS_MODES) await chmod(path, 0o600);
}

function refuseShared(
  path: string,
  stats: { readonly mode: number; readonly uid: number },
  mode: string,
): void {
  if (!HAS_MODES) return;
  const owner = process.getuid?.();
  if (owner !== undefined && stats.uid !== owner) throw notOurs(path, 'belongs to another user');
  if ((stats.mode & 0o077) === 0) return;
  const found = (stats.mode & 0o777).toString(8);
  throw new PortolanError(
    'forbidden',
    'SECRETS_EXPOSED',
    `${path} is open to other users of this machine (mode ${found}); run \`chmod ${mode} ${path}\`, and replace the secrets in it if others may have read them`,
  );
}

function notOurs(path: string, fact: string): PortolanError {
  return new PortolanError(
    'forbidden',
    'SECRETS_EXPOSED',
    `${path} ${fact}; move it away, Portolan keeps secrets only in files of its own`,
  );
}
