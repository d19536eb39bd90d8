/**
 * What kind of failure an error is. Callers branch on it, and exit codes follow from it, so the
 * kinds are kept apart: bytes that make no sense are not the same as bytes that nobody vouches for.
 *
 * - `malformed`: input that does not have the shape it must have
 * - `unreachable`: a network, registry, file or program that did not answer
 * - `unverified`: a digest or signature that does not hold
 * - `untrusted`: a valid signature of someone who is not trusted, or stale or rolled-back data
 * - `forbidden`: policy, permissions or the user said no
 * - `failed`: something that was allowed to run did not work
 * - `usage`: the command line asks for something impossible
 */
export type ErrorKind =
  | 'malformed'
  | 'unreachable'
  | 'unverified'
  | 'untrusted'
  | 'forbidden'
  | 'failed'
  | 'usage';

/**
 * The one error class of Portolan. `code` is stable and documented in docs/errors.md; the message
 * names file or object, field, fact and remedy, and never holds a secret.
 */
export class PortolanError extends Error {
  override readonly name = 'PortolanError';
  readonly kind: ErrorKind;
  readonly code: string;

  constructor(kind: ErrorKind, code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.kind = kind;
    this.code = code;
  }
}

/** Text of anything that was thrown, for messages that wrap it. */
export function messageOf(error: unknown): string {
  if (isOwnPartGone(error)) {
    return 'files of Portolan were replaced or removed while it ran, by an update most likely; start it again';
  }
  return error instanceof Error ? error.message : String(error);
}

/** Parts of the program are loaded when they are first needed; a package manager may be faster. */
function isOwnPartGone(error: unknown): error is Error {
  const missing = ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'].some((code) =>
    hasErrno(error, code),
  );
  // By a path, as parts of the program are; a package is named otherwise.
  return missing && /^Cannot find module '(\.|\/|file:|[A-Z]:)/.test((error as Error).message);
}

/** True for a Node.js system error with the given code, e.g. `ENOENT`. */
export function hasErrno(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
