import { closeSync, fstatSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { messageOf } from '../../core/errors.ts';

export interface AppendOptions {
  readonly path: string;
  /** What the file is, for messages: `audit log`. */
  readonly what: string;
  /** Size at which a file is put aside. */
  readonly maxBytes: number;
  /** Files kept besides the current one. */
  readonly keep: number;
  readonly log?: ((line: string) => void) | undefined;
}

/** A file that only grows, line by line, until it is put aside. */
export interface AppendFile {
  readonly path: string;
  /** Why the last line could not be written; undefined when all is well. */
  readonly failure: string | undefined;
  /** One line with its end; written in the next turn of the event loop. */
  write(line: string): void;
  /** Writes what is left, and waits for a rotation under way. */
  close(): Promise<void>;
}

/** Files with lines that are not written yet: a signal that ends the process must not take them. */
const open = new Set<() => void>();
let watchingExit = false;

/**
 * Opens a file for lines, readable by its owner only. Several processes may write to one file: each
 * turn's lines go out in one append, and a file that another process put aside is noticed. A file
 * that cannot be written is told once.
 */
export function openAppendFile(options: AppendOptions): AppendFile {
  const { path, what, maxBytes, keep } = options;
  let lines: string[] = [];
  let descriptor: number | undefined;
  let failure: string | undefined;
  let rotating: Promise<void> | undefined;

  const flush = () => {
    if (lines.length === 0) return;
    const text = Buffer.from(lines.join(''));
    try {
      // Forgotten first: a number that was closed may stand for another file a moment later.
      const before = descriptor;
      descriptor = undefined;
      descriptor = current(before, path);
      // Appends of one call stay in one piece; a part is all that is written on a full disk.
      const written = writeSync(descriptor, text);
      if (written < text.length) throw new Error(`only ${written} of ${text.length} bytes fitted`);
      lines = [];
      failure = undefined;
      if (fstatSync(descriptor).size >= maxBytes) rotating ??= rotate();
    } catch (error) {
      lines = [];
      if (failure === undefined) {
        options.log?.(`the ${what} ${path} cannot be written: ${messageOf(error)}`);
      }
      failure = messageOf(error);
    }
  };

  const rotate = async () => {
    try {
      const { withFileLock } = await import('../../core/file-lock.ts');
      await withFileLock(`${path}.lock`, async () => {
        // Another process may have been quicker.
        if (statSync(path).size < maxBytes) return;
        await rm(numbered(path, keep), { force: true });
        for (let number = keep - 1; number >= 1; number -= 1) {
          await rename(numbered(path, number), numbered(path, number + 1)).catch(ignoreMissing);
        }
        await rename(path, numbered(path, 1));
      });
    } catch (error) {
      options.log?.(`the ${what} ${path} cannot be put aside: ${messageOf(error)}`);
    } finally {
      rotating = undefined;
    }
  };

  let scheduled = false;
  open.add(flush);
  if (!watchingExit) {
    watchingExit = true;
    process.once('exit', () => {
      for (const one of open) one();
    });
  }

  return {
    path,
    get failure() {
      return failure;
    },
    write(line) {
      lines.push(line);
      if (scheduled) return;
      scheduled = true;
      setImmediate(() => {
        scheduled = false;
        flush();
      });
    },
    async close() {
      flush();
      await rotating;
      open.delete(flush);
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

/** `audit.jsonl`, `audit.1.jsonl`, `audit.2.jsonl`: the higher, the older. */
export function numbered(path: string, number: number): string {
  const extension = extname(path);
  return `${path.slice(0, path.length - extension.length)}.${number}${extension}`;
}

/** The descriptor of the file that is at the path now. */
function current(descriptor: number | undefined, path: string): number {
  if (descriptor !== undefined) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found && found.ino === fstatSync(descriptor).ino) return descriptor;
    closeSync(descriptor);
  }
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, 'a', 0o600);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
