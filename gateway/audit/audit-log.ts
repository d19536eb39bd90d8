import { cutText } from '../../core/text.ts';
import { accountName } from '../policy/account-name.ts';
import { isObject } from '../relay/protocol.ts';
import { openAppendFile } from './append-file.ts';
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

/** Opens the audit log. When it cannot be written, a policy may refuse calls. */
export function openAuditLog(options: AuditOptions): AuditLog {
  const { path, redact, maxBytes = 32 * 2 ** 20, keep = 9, now = () => new Date() } = options;
  const user = accountName();
  const file = openAppendFile({ path, what: 'audit log', maxBytes, keep, log: options.log });
  return {
    path,
    get failure() {
      return file.failure;
    },
    write: (record) => file.write(`${JSON.stringify(lineOf(record, now(), user, redact))}\n`),
    close: file.close,
  };
}

/** One line of the log. */
function lineOf(
  { params, ...record }: AuditRecord,
  time: Date,
  user: string,
  redact: (text: string) => string,
) {
  const { arguments: values } = isObject(params) ? params : {};
  return {
    time: time.toISOString(),
    ...withoutData(record, redact),
    ...(values !== undefined && { arguments: shapeOf(values) }),
    user,
    pid: process.pid,
  };
}

/** An event without what may be data or a secret: parameters, and parts of names and details. */
export function withoutData(
  { params: _, name, detail, ...record }: AuditRecord,
  redact: (text: string) => string,
): Omit<AuditRecord, 'params'> {
  return {
    ...record,
    ...(name !== undefined && { name: cutText(redact(withoutQuery(name)), 300) }),
    ...(detail !== undefined && { detail: cutText(redact(detail), 500) }),
  };
}

/** Queries and names of users in the URI of a resource are data, and may be secrets. */
function withoutQuery(name: string): string {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(name)) return name;
  return name.replace(/[?#][\s\S]*$/, '?...').replace(/:\/\/[^/@]*@/, '://...@');
}
