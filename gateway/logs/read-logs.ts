import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { numbered } from '../audit/append-file.ts';
import { LOG_LIMITS, type LogLine, logFolder, logPath, parseLine } from './log-files.ts';

/** A log of this machine. */
export interface LogFile {
  /** Name of the server, or `_gateway`. */
  readonly name: string;
  readonly bytes: number;
  readonly changed: Date;
}

/** The logs that there are, by name. */
export async function logFiles(stateDir: string): Promise<readonly LogFile[]> {
  const folder = logFolder(stateDir);
  const names = (await readdir(folder).catch(() => []))
    .map((file) => /^([^.]+)\.log$/.exec(file)?.[1])
    .filter((name) => name !== undefined);
  const files = await Promise.all(
    names.sort().map(async (name): Promise<LogFile[]> => {
      const found = await stat(join(folder, `${name}.log`)).catch(() => undefined);
      return found ? [{ name, bytes: found.size, changed: found.mtime }] : [];
    }),
  );
  return files.flat();
}

/** The newest lines of a log, oldest first; none when there is no such log. */
export async function readLog(
  stateDir: string,
  name: string,
  lines: number,
): Promise<readonly LogLine[]> {
  const path = logPath(stateDir, name);
  const files = [path, ...Array.from({ length: LOG_LIMITS.keep }, (_, n) => numbered(path, n + 1))];
  let found: string[] = [];
  for (const file of files) {
    if (found.length >= lines) break;
    const { text } = await readFrom(file, 0);
    found = [...linesOf(text), ...found];
  }
  return found.slice(-lines).map((line) => parseLine(line, name));
}

const POLL_MS = 200;

/**
 * Hands on lines as they are written, of the named logs or of all, also of those that come later.
 * Starts at the end of what is there now. Resolves when `signal` aborts.
 */
export async function followLogs(
  stateDir: string,
  names: readonly string[] | 'all',
  onLine: (line: LogLine) => void,
  signal: AbortSignal,
): Promise<void> {
  const places = new Map<string, { offset: number; inode: number | undefined; rest: string }>();
  const current = async () =>
    names === 'all' ? (await logFiles(stateDir)).map(({ name }) => name) : names;
  for (const name of await current()) {
    const found = await stat(logPath(stateDir, name)).catch(() => undefined);
    places.set(name, { offset: found?.size ?? 0, inode: found?.ino, rest: '' });
  }
  while (!signal.aborted) {
    for (const name of await current()) await readOn(name);
    await wait(POLL_MS, undefined, { signal }).catch(() => {});
  }

  async function readOn(name: string): Promise<void> {
    const place = places.get(name) ?? { offset: 0, inode: undefined, rest: '' };
    places.set(name, place);
    const path = logPath(stateDir, name);
    const found = await stat(path).catch(() => undefined);
    if (!found || (found.ino === place.inode && found.size === place.offset)) return;
    if (place.inode !== undefined && found.ino !== place.inode) {
      // It was put aside: what was not read yet is in the file before.
      const { text } = await readFrom(numbered(path, 1), place.offset);
      hand(place, name, text);
      place.offset = 0;
    }
    place.inode = found.ino;
    const { text, end } = await readFrom(path, place.offset);
    place.offset = end;
    hand(place, name, text);
  }

  function hand(place: { rest: string }, name: string, text: string): void {
    const lines = (place.rest + text).split('\n');
    place.rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(parseLine(line, name));
  }
}

async function readFrom(path: string, offset: number): Promise<{ text: string; end: number }> {
  const file = await open(path).catch(() => undefined);
  if (!file) return { text: '', end: offset };
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.max(0, size - offset));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    return { text: buffer.toString('utf8', 0, bytesRead), end: offset + bytesRead };
  } finally {
    await file.close();
  }
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
