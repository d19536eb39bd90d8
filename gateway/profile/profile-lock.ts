import { validatorOf } from '../../core/entry/schema.ts';
import type { LockedServer, ProfileLock } from '../../core/entry/types.generated.ts';
import { messageOf, PortolanError } from '../../core/errors.ts';

/** The lock of a profile that has none yet. */
export const EMPTY_LOCK: ProfileLock = { lockVersion: 1, servers: {} };

/** Reads a lock; an absent one is empty. Throws `malformed` / `LOCK_MALFORMED`. */
export function parseLock(text: string | undefined, path: string): ProfileLock {
  if (text === undefined) return EMPTY_LOCK;
  const fault = (fact: string) =>
    new PortolanError(
      'malformed',
      'LOCK_MALFORMED',
      `${path} ${fact}; it is written by Portolan: take it from your version control, or delete it and run \`portolan update\``,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // A merge leaves such marks, and is the usual reason.
    const merged = /^(<{7}|={7}|>{7})/m.test(text);
    throw fault(merged ? 'holds the marks of a merge conflict' : `is no JSON: ${messageOf(error)}`);
  }
  const validate = validatorOf('profile-lock');
  if (validate(value)) return value;
  const [first] = validate.errors ?? [];
  throw fault(`: ${first?.instancePath || '/'} ${first?.message}`);
}

/** The text of a lock: sorted by name, one field a line, so that changes are easy to review. */
export function lockText(lock: ProfileLock): string {
  const sorted = Object.entries(lock.servers).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ ...lock, servers: Object.fromEntries(sorted) }, null, 2)}\n`;
}

/** The lock of a server; undefined when it has none. */
export function lockedIn({ servers }: ProfileLock, name: string): LockedServer | undefined {
  return Object.hasOwn(servers, name) ? servers[name] : undefined;
}

/** The lock with a server in it, or without it. */
export function withLocked(
  lock: ProfileLock,
  name: string,
  locked: LockedServer | undefined,
): ProfileLock {
  const { [name]: _, ...rest } = lock.servers;
  return { ...lock, servers: locked ? { ...rest, [name]: locked } : rest };
}
