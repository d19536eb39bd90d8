import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { hasErrno, PortolanError } from './errors.ts';

/** A lock whose holder cannot be asked (another machine) is taken over after this time. */
const STALE_MS = 60_000;
/** How often a holder says that it is still there. */
const HEARTBEAT_MS = 15_000;

export interface FileLockOptions {
  /** How long to wait for other holders; a minute when absent. */
  readonly patienceMs?: number;
}

/**
 * Runs `work` while holding the lock file at `path`, so that processes that share a folder take
 * turns. The lock of a process that died is taken over. Throws `failed` / `LOCKED` when others hold
 * it for longer than the patience lasts.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  options: FileLockOptions = {},
): Promise<T> {
  const nonce = randomBytes(8).toString('hex');
  const mine = `${hostname()} ${process.pid} ${nonce} ${await startOf(process.pid)}\n`;
  await acquire(path, mine, options.patienceMs ?? 60_000);
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, HEARTBEAT_MS);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if ((await contentOf(path)) === mine) await rm(path, { force: true });
  }
}

async function acquire(path: string, mine: string, patienceMs: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const deadline = Date.now() + patienceMs;
  for (let waitMs = 5; !(await take(path, mine)); waitMs = Math.min(100, waitMs * 2)) {
    const found = await contentOf(path);
    if (found !== undefined && (await isAbandoned(path, found))) {
      await removeAbandoned(path, found);
      continue;
    }
    if (Date.now() > deadline) {
      const [host, pid] = (found ?? '').split(' ');
      const holder = pid ? `process ${pid} on ${host}` : 'another process';
      throw new PortolanError(
        'failed',
        'LOCKED',
        `${path}: ${holder} has been writing here for ${patienceMs / 1000} s; wait for it, or delete this file when there is none`,
      );
    }
    await wait(waitMs * (0.5 + Math.random()));
  }
}

/** Linked into place, so that a lock never exists without saying whose it is. */
async function take(path: string, content: string): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, content, { flag: 'wx', mode: 0o600 });
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Removes a dead process's lock. Of several that see it, one at a time looks again and removes:
 * otherwise a slow one would remove the lock that a quick one has taken since.
 */
async function removeAbandoned(path: string, seen: string): Promise<void> {
  const broom = `${path}.broom`;
  if (!(await take(broom, seen))) {
    // What a broom guards takes microseconds; its holder must have died.
    if ((await ageOf(broom)) > 10_000) await rm(broom, { force: true });
    await wait(5);
    return;
  }
  try {
    if ((await contentOf(path)) === seen) await rm(path, { force: true });
  } finally {
    await rm(broom, { force: true });
  }
}

async function isAbandoned(path: string, content: string): Promise<boolean> {
  const [host, pid, , started] = content.trim().split(' ');
  if (host !== hostname() || !/^[1-9][0-9]{0,9}$/.test(pid ?? '')) {
    return (await ageOf(path)) > STALE_MS;
  }
  if (!isAlive(Number(pid))) return true;
  // The pid may belong to another process by now.
  return Boolean(started) && (await startOf(Number(pid))) !== started;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasErrno(error, 'EPERM');
  }
}

/** When a process started, in ticks since boot (field 22 of proc(5) stat); '' where that is unknown. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Milliseconds since a file was touched; 0 when it is gone. */
async function ageOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? 0 : Date.now() - found.mtimeMs;
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
