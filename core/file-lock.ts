import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { hasErrno, PortolanError } from './errors.ts';

/** A lock whose holder cannot be asked (another machine) is taken over after this time. */
const STALE_MS = 60_000;
const PATIENCE_MS = 60_000;

/**
 * Runs `work` while holding the lock file at `path`, so that processes that share a folder take
 * turns. The lock of a process that died is taken over. Throws `failed` / `LOCKED` after a minute.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const mine = `${hostname()} ${process.pid} ${randomBytes(8).toString('hex')}\n`;
  await acquire(path, mine);
  try {
    return await work();
  } finally {
    if ((await contentOf(path)) === mine) await rm(path, { force: true });
  }
}

async function acquire(path: string, mine: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  // Linked into place, so that a lock never exists without saying whose it is.
  await writeFile(temporary, mine, { flag: 'wx' });
  try {
    const deadline = Date.now() + PATIENCE_MS;
    for (let waitMs = 5; ; waitMs = Math.min(100, waitMs * 2)) {
      try {
        await link(temporary, path);
        return;
      } catch (error) {
        if (!hasErrno(error, 'EEXIST')) throw error;
      }
      await removeIfAbandoned(path);
      if (Date.now() > deadline) {
        throw new PortolanError(
          'failed',
          'LOCKED',
          `${path}: another process has been writing here for a minute; wait for it, or delete this file when there is none`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs * (0.5 + Math.random())));
    }
  } finally {
    await rm(temporary, { force: true });
  }
}

async function removeIfAbandoned(path: string): Promise<void> {
  const seen = await contentOf(path);
  if (seen === undefined || !(await isAbandoned(path, seen))) return;
  // Two processes may come here at once: the second would move away the new lock of the first. So
  // what was moved is looked at, and put back when it is not the abandoned one.
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
    if ((await contentOf(aside)) !== seen) await link(aside, path);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT') && !hasErrno(error, 'EEXIST')) throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function isAbandoned(path: string, content: string): Promise<boolean> {
  const [host, pid] = content.split(' ');
  if (host === hostname() && /^[1-9][0-9]{0,9}$/.test(pid ?? '')) return !isAlive(Number(pid));
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > STALE_MS;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasErrno(error, 'EPERM');
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
