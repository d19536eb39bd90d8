import type { ServerEntry } from '../entry/types.generated.ts';
import { messageOf, PortolanError } from '../errors.ts';
import { packageJsonOf } from './package-json.ts';

/** What we read of one package of a lockfile; the rest is npm's. */
interface LockedPackage {
  readonly version?: unknown;
  readonly resolved?: unknown;
  readonly integrity?: unknown;
  readonly link?: unknown;
  readonly inBundle?: unknown;
  readonly dependencies?: unknown;
}

/** Largest lockfile that is read, in bytes. */
export const MAX_LOCKFILE_BYTES = 16 * 1024 * 1024;

const INTEGRITY = /^sha512-[A-Za-z0-9+/]{86}==$/;

/** One reason why a lockfile must not be installed. */
export interface LockfileFault {
  readonly code: 'LOCKFILE_MALFORMED' | 'LOCKFILE_SOURCE' | 'LOCKFILE_INTEGRITY';
  /** Keys in the lockfile that lead to it. */
  readonly at: readonly string[];
  readonly fact: string;
}

/**
 * Refuses a lockfile that could make npm fetch anything but registry tarballs of a known hash: each
 * package must carry a sha512 integrity and no link, git, file or plain URL source, and the
 * package of the entry must be the one that the entry names.
 *
 * Throws `unverified` / `LOCKFILE_MALFORMED`, `LOCKFILE_SOURCE` or `LOCKFILE_INTEGRITY`.
 */
export function verifyLockfile(
  entry: Pick<ServerEntry, 'name' | 'npm'>,
  lockBytes: Uint8Array,
): void {
  for (const { code, fact } of lockfileFaults(entry, lockBytes)) {
    throw new PortolanError(
      'unverified',
      code,
      `${entry.name}: package-lock.json: ${fact}; the publisher must make it again with \`npm run lock -- ${entry.name}\``,
    );
  }
}

/** Every reason for which `verifyLockfile` would refuse, each with its place in the file. */
export function* lockfileFaults(
  entry: Pick<ServerEntry, 'name' | 'npm'>,
  lockBytes: Uint8Array,
): Generator<LockfileFault> {
  const wanted = packageJsonOf(entry).dependencies;
  const read = readPackages(lockBytes);
  if ('fault' in read) {
    yield { code: 'LOCKFILE_MALFORMED', at: [], fact: read.fault };
    return;
  }
  const { packages } = read;
  const root = packages['']?.dependencies;
  if (JSON.stringify(root) !== JSON.stringify(wanted)) {
    yield {
      code: 'LOCKFILE_MALFORMED',
      at: ['packages', '', 'dependencies'],
      fact: `its root depends on ${JSON.stringify(root ?? {})}, the entry on ${JSON.stringify(wanted)}`,
    };
  }
  for (const [path, locked] of Object.entries(packages)) {
    if (path !== '') yield* packageFaults(path, locked);
  }
  const { npm } = entry;
  const own = packages[`node_modules/${npm?.package}`];
  if (own?.version !== npm?.version || own?.integrity !== npm?.integrity) {
    yield {
      code: 'LOCKFILE_INTEGRITY',
      at: ['packages', `node_modules/${npm?.package}`],
      fact: `${npm?.package} is ${own?.version} with ${own?.integrity}, the entry says ${npm?.version} with ${npm?.integrity}`,
    };
  }
}

function readPackages(
  bytes: Uint8Array,
): { packages: Record<string, LockedPackage> } | { fault: string } {
  if (bytes.byteLength > MAX_LOCKFILE_BYTES) {
    return { fault: `it has ${bytes.byteLength} bytes, too many` };
  }
  let lock: unknown;
  try {
    lock = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return { fault: `it is not JSON: ${messageOf(error)}` };
  }
  const { lockfileVersion, packages, ...rest } = (lock ?? {}) as Record<string, unknown>;
  // Version 2 repeats the tree under `dependencies`, which older npm would read instead.
  if (lockfileVersion !== 3 || 'dependencies' in rest) {
    return { fault: `it has lockfileVersion ${lockfileVersion}, not 3` };
  }
  const isMapping = (value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMapping(packages) || !Object.values(packages as object).every(isMapping)) {
    return { fault: 'it lists no packages' };
  }
  return { packages: packages as Record<string, LockedPackage> };
}

function* packageFaults(path: string, locked: LockedPackage): Generator<LockfileFault> {
  const at = ['packages', path];
  const foreign = (fact: string): LockfileFault => ({ code: 'LOCKFILE_SOURCE', at, fact });
  if (!/^node_modules\/[^\\]+$/.test(path) || path.split('/').includes('..')) {
    yield foreign(`${JSON.stringify(path)} lies outside node_modules`);
  }
  if (locked.link !== undefined) yield foreign(`${path} is a link to another folder`);
  if (locked.resolved !== undefined) {
    yield foreign(
      `${path} names where it comes from (${String(locked.resolved)}); only packages of the user's own npm registry are allowed, without "resolved"`,
    );
  }
  // A bundled package is part of its parent's tarball, whose hash covers it.
  if (locked.inBundle === true) return;
  if (typeof locked.integrity !== 'string' || !INTEGRITY.test(locked.integrity)) {
    yield { code: 'LOCKFILE_INTEGRITY', at, fact: `${path} has no sha512 integrity` };
  }
}
