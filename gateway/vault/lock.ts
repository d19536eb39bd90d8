import { randomBytes } from 'node:crypto';
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { hasErrno, PortolanError } from '../../core/errors.ts';
import { ensurePrivateFolder } from './private-files.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, so that a re-used pid is not taken for the holder; '' if unknown. */
  readonly started: string;
  readonly nonce: string;
}

/**
 * Runs an action while no other process runs one under the same lock file. A lock whose process is
 * gone is removed; one of a living process is waited for, `timeout` ms at most.
 * Throws `unreachable` / `LOCK_TIMEOUT`.
 */
export async function withLock<Result>(
  path: string,
  action: () => Promise<Result>,
  { timeout = 60_000 }: { readonly timeout?: number } = {},
): Promise<Result> {
  await ensurePrivateFolder(dirname(path));
  const holder: Holder = {
    pid: process.pid,
    host: hostname(),
    started: await startOf(process.pid),
    nonce: randomBytes(12).toString('hex'),
  };
  const text = JSON.stringify(holder);
  const until = Date.now() + timeout;
  for (let pause = 5; !(await take(path, text)); pause = Math.min(pause * 2, 100)) {
    const found = await readText(path);
    if (found !== undefined && (await isAbandoned(found))) {
      await removeAbandoned(path, found);
      continue;
    }
    if (Date.now() > until) {
      throw new PortolanError(
        'unreachable',
        'LOCK_TIMEOUT',
        `${path} is held by ${describe(found)}; wait for it or end it, and remove the file if that process is gone`,
      );
    }
    await wait(pause + Math.random() * pause);
  }
  try {
    return await action();
  } finally {
    if ((await readText(path)) === text) await rm(path, { force: true });
  }
}

/** A link makes the lock appear together with its content: nobody sees an empty one. */
async function take(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Removes a dead process's lock. Of several that see it, one at a time looks again and removes:
 * otherwise a slow one would remove the lock that a quick one has taken since.
 */
async function removeAbandoned(path: string, found: string): Promise<void> {
  const broom = `${path}.broom`;
  if (!(await take(broom, found))) {
    const age = await stat(broom).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    // What a broom guards takes microseconds; its holder must have died.
    if (age > 10_000) await rm(broom, { force: true });
    await wait(5);
    return;
  }
  try {
    if ((await readText(path)) === found) await rm(path, { force: true });
  } finally {
    await rm(broom, { force: true });
  }
}

async function isAbandoned(text: string): Promise<boolean> {
  const holder = parseHolder(text);
  if (!holder) return true;
  // Of another machine or container on a shared folder nothing can be known.
  if (holder.host !== hostname()) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return hasErrno(error, 'ESRCH');
  }
  return holder.started !== '' && (await startOf(holder.pid)) !== holder.started;
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder> | null;
    return Number.isSafeInteger(value?.pid) && Number(value?.pid) > 0
      ? (value as Holder)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Boot-relative start time of a process on Linux (field 22 of proc(5) stat); '' elsewhere. */
async function startOf(pid: number): Promise<string> {
  const text = await readText(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

function describe(found: string | undefined): string {
  const holder = found === undefined ? undefined : parseHolder(found);
  return holder ? `process ${holder.pid} on ${holder.host}` : 'another process';
}
