import { closeSync, fstatSync, mkdirSync, openSync, statSync, writeSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { withFileLock } from '../../core/file-lock.ts';
import { cutText } from '../../core/text.ts';
import { accountName } from '../policy/account-name.ts';
import { isObject } from '../relay/protocol.ts';
import { shapeOf } from './argument-shape.ts';
import type { AuditRecord } from './audit-event.ts';

export interface AuditOptions {
  readonly path: string;
  /** Takes secrets out of a text before it is written. */
  readonly redact: (text: string) => string;
  /** Size at which a file is put aside; 32 MiB. */
  readonly maxBytes?: number;
  /** Files kept besides the current one; 9. */
  readonly keep?: number;
  readonly now?: () => Date;
  readonly log?: (line: string) => void;
}

/** Append-only JSON lines, one for each decision and call. */
export interface AuditLog {
  readonly path: string;
  /** Why the last line could not be written; undefined when all is well. */
  readonly failure: string | undefined;
  write(record: AuditRecord): void;
  /** Writes what is left, and waits for a rotation under way. */
  close(): Promise<void>;
}

/**
 * Opens the audit log, readable by its owner only. Several gateways may write to one file: each
 * line goes out in one append, and a file that another one put aside is noticed. A log that cannot
 * be written is told once; a policy may refuse calls then.
 */
export function openAuditLog(options: AuditOptions): AuditLog {
  const { path, redact, maxBytes = 32 * 2 ** 20, keep = 9, now = () => new Date() } = options;
  const user = accountName();
  let lines: string[] = [];
  let descriptor: number | undefined;
  let failure: string | undefined;
  let rotating: Promise<void> | undefined;

  const flush = () => {
    if (lines.length === 0) return;
    const text = Buffer.from(lines.join(''));
    try {
      // Forgotten first: a number that was closed may stand for another file a moment later.
      const open = descriptor;
      descriptor = undefined;
      descriptor = current(open, path);
      // Appends of one call stay in one piece; a part is all that is written on a full disk.
      const written = writeSync(descriptor, text);
      if (written < text.length) throw new Error(`only ${written} of ${text.length} bytes fitted`);
      lines = [];
      failure = undefined;
      if (fstatSync(descriptor).size >= maxBytes) rotating ??= rotate();
    } catch (error) {
      lines = [];
      if (failure === undefined) {
        options.log?.(`the audit log ${path} cannot be written: ${messageOf(error)}`);
      }
      failure = messageOf(error);
    }
  };

  const rotate = async () => {
    try {
      await withFileLock(`${path}.lock`, async () => {
        // Another gateway may have been quicker.
        if (statSync(path).size < maxBytes) return;
        await rm(numbered(path, keep), { force: true });
        for (let number = keep - 1; number >= 1; number -= 1) {
          await rename(numbered(path, number), numbered(path, number + 1)).catch(ignoreMissing);
        }
        await rename(path, numbered(path, 1));
      });
    } catch (error) {
      options.log?.(`the audit log ${path} cannot be put aside: ${messageOf(error)}`);
    } finally {
      rotating = undefined;
    }
  };

  const scheduled = { flush: false };
  const schedule = () => {
    if (scheduled.flush) return;
    scheduled.flush = true;
    setImmediate(() => {
      scheduled.flush = false;
      flush();
    });
  };
  // A signal that ends the process at once must not take lines with it.
  process.once('exit', flush);

  return {
    path,
    get failure() {
      return failure;
    },
    write(record) {
      lines.push(`${JSON.stringify(lineOf(record, now(), user, redact))}\n`);
      schedule();
    },
    async close() {
      flush();
      await rotating;
      process.off('exit', flush);
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

/** One line of the log. */
function lineOf(
  { params, name, detail, ...record }: AuditRecord,
  time: Date,
  user: string,
  redact: (text: string) => string,
) {
  const { arguments: values } = isObject(params) ? params : {};
  return {
    time: time.toISOString(),
    ...record,
    ...(name !== undefined && { name: cutText(redact(withoutQuery(name)), 300) }),
    ...(values !== undefined && { arguments: shapeOf(values) }),
    ...(detail !== undefined && { detail: cutText(redact(detail), 500) }),
    user,
    pid: process.pid,
  };
}

/** Queries and names of users in the URI of a resource are data, and may be secrets. */
function withoutQuery(name: string): string {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(name)) return name;
  return name.replace(/[?#][\s\S]*$/, '?...').replace(/:\/\/[^/@]*@/, '://...@');
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

/** `audit.jsonl`, `audit.1.jsonl`, `audit.2.jsonl`: the higher, the older. */
function numbered(path: string, number: number): string {
  const extension = extname(path);
  return `${path.slice(0, path.length - extension.length)}.${number}${extension}`;
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
