import { createHash } from 'node:crypto';
import { readFile, readlink, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { hasErrno, messageOf, PortolanError } from '../../core/errors.ts';
import { withFileLock } from '../../core/file-lock.ts';
import { writeFileAtomic } from '../../core/files.ts';

/** A configuration file as it was found. */
export interface FoundFile {
  /** Undefined for a file that does not exist. */
  readonly bytes?: Buffer;
  readonly mode?: number;
}

/** The content of a file, or nothing. Throws `unreachable` / `FILE_UNREADABLE`. */
export async function readConfig(path: string): Promise<FoundFile> {
  try {
    const [bytes, { mode }] = await Promise.all([readFile(path), stat(path)]);
    return { bytes, mode: mode & 0o7777 };
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return {};
    throw new PortolanError(
      'unreachable',
      'FILE_UNREADABLE',
      `${path} cannot be read: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** What becomes of a file: new bytes, or `undefined` to remove it. */
export interface Change {
  readonly bytes: Buffer | undefined;
  readonly mode?: number;
  /** Called before the file is touched; keeps the way back. Returns what forgets it again. */
  readonly remember: () => Promise<() => Promise<void>>;
}

/**
 * Changes a file while no other Portolan does. The client itself takes no lock: when it writes
 * while the change is worked out, that is seen and the change is worked out again.
 */
export async function changeConfig<T extends { readonly change?: Change }>(
  path: string,
  locks: string,
  decide: (found: FoundFile) => T | Promise<T>,
): Promise<T> {
  const target = await followLinks(path);
  const lock = join(locks, createHash('sha256').update(target).digest('hex').slice(0, 32));
  return withFileLock(lock, async () => {
    for (let attempt = 0; attempt < 5; attempt++) {
      const found = await readConfig(target);
      const decision = await decide(found);
      const { change } = decision;
      if (!change) return decision;
      const forget = await change.remember();
      try {
        if (hashOf((await readConfig(target)).bytes) !== hashOf(found.bytes)) {
          await forget();
          continue;
        }
        await write(target, change, change.mode ?? found.mode);
        return decision;
      } catch (error) {
        await forget();
        throw error;
      }
    }
    throw new PortolanError(
      'failed',
      'CLIENT_FILE_BUSY',
      `${path} keeps being changed by another program; quit the client and try again`,
    );
  });
}

/** Names content; undefined for a file that does not exist. */
export function hashOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && createHash('sha256').update(bytes).digest('hex');
}

async function write(target: string, { bytes }: Change, mode: number | undefined): Promise<void> {
  try {
    if (bytes === undefined) await rm(target, { force: true });
    // A new file is the user's alone: clients keep tokens of other servers in it.
    else
      await writeFileAtomic(target, bytes, { mode: mode ?? 0o600, exactMode: true, durable: true });
  } catch (error) {
    throw new PortolanError(
      'failed',
      'FILE_UNWRITABLE',
      `${target} cannot be written: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** The file behind symbolic links, which need not exist: people keep their settings in a repository. */
async function followLinks(path: string): Promise<string> {
  let target = path;
  for (let depth = 0; depth < 40; depth++) {
    try {
      target = resolve(dirname(target), await readlink(target));
    } catch {
      return target;
    }
  }
  throw new PortolanError('failed', 'FILE_UNREADABLE', `${path} is a link to itself`);
}
