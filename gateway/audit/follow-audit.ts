import { watch } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { hasErrno } from '../../core/errors.ts';
import { isObject, type JsonObject } from '../relay/protocol.ts';

/** A line of the audit log, and where it stands in its file. */
export interface FollowedLine {
  /** Grows within a file. */
  readonly offset: number;
  readonly record: JsonObject;
}

/** How much of the end of the file is read at first. */
const TAIL_BYTES = 512 * 1024;
/** Some file systems tell nothing of changes, so the file is looked at as well. */
const LOOK_MS = 1_000;

/** The newest lines of an audit log, oldest first; none when there is no log yet. */
export async function readAuditTail(path: string, most: number): Promise<readonly FollowedLine[]> {
  const size = await sizeOf(path);
  const { lines } = await linesFrom(path, Math.max(0, size - TAIL_BYTES), size);
  return lines.slice(-most);
}

/**
 * Tells every line that is added from now on, also in the file that takes the place of one that was
 * put aside. What other programs wrote into it and is no line of ours is passed over.
 */
export async function followAudit(
  path: string,
  onLine: (line: FollowedLine) => void,
  signal: AbortSignal,
): Promise<void> {
  let at = await sizeOf(path);
  let inode = await inodeOf(path);
  let busy: Promise<void> | undefined;
  const look = () => {
    busy ??= advance().finally(() => {
      busy = undefined;
    });
    return busy;
  };

  async function advance(): Promise<void> {
    const now = await inodeOf(path);
    const size = await sizeOf(path);
    if (now !== inode || size < at) {
      inode = now;
      at = 0;
    }
    if (size === at) return;
    const { lines, end } = await linesFrom(path, at, size);
    at = end;
    if (!signal.aborted) for (const line of lines) onLine(line);
  }

  const timer = setInterval(() => void look().catch(() => {}), LOOK_MS);
  const watcher = watchFolder(path, () => void look().catch(() => {}));
  signal.addEventListener('abort', () => {
    clearInterval(timer);
    watcher?.close();
  });
}

/** The folder, because the file itself is replaced; undefined where that is not possible. */
function watchFolder(path: string, onChange: () => void): { close(): void } | undefined {
  try {
    const watcher = watch(dirname(path), (_, name) => {
      if (name === null || name === basename(path)) onChange();
    });
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

/** Whole lines between two offsets; `end` is behind the last of them. */
async function linesFrom(
  path: string,
  from: number,
  to: number,
): Promise<{ readonly lines: readonly FollowedLine[]; readonly end: number }> {
  if (to <= from) return { lines: [], end: from };
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(to - from);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    const bytes = buffer.subarray(0, bytesRead);
    const lines: FollowedLine[] = [];
    let start = 0;
    for (;;) {
      const newline = bytes.indexOf(10, start);
      if (newline < 0) break;
      const record = parse(bytes.toString('utf8', start, newline));
      if (record) lines.push({ offset: from + start, record });
      start = newline + 1;
    }
    return { lines, end: from + start };
  } finally {
    await file.close();
  }
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && typeof value.event === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await statOf(path))?.size ?? 0;
}

async function inodeOf(path: string): Promise<number> {
  return (await statOf(path))?.ino ?? 0;
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
