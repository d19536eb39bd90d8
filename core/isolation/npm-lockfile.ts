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
  const wanted = packageJsonOf(entry).dependencies;
  const packages = readPackages(entry.name, lockBytes);
  const root = packages['']?.dependencies;
  if (JSON.stringify(root) !== JSON.stringify(wanted)) {
    throw fault(
      entry.name,
      'LOCKFILE_MALFORMED',
      `its root depends on ${JSON.stringify(root ?? {})}, the entry on ${JSON.stringify(wanted)}`,
    );
  }
  for (const [path, locked] of Object.entries(packages)) {
    if (path !== '') verifyPackage(entry.name, path, locked);
  }
  const { npm } = entry;
  const own = packages[`node_modules/${npm?.package}`];
  if (own?.version !== npm?.version || own?.integrity !== npm?.integrity) {
    throw fault(
      entry.name,
      'LOCKFILE_INTEGRITY',
      `${npm?.package} is ${own?.version} with ${own?.integrity}, the entry says ${npm?.version} with ${npm?.integrity}`,
    );
  }
}

function readPackages(server: string, bytes: Uint8Array): Record<string, LockedPackage> {
  if (bytes.byteLength > MAX_LOCKFILE_BYTES) {
    throw fault(server, 'LOCKFILE_MALFORMED', `it has ${bytes.byteLength} bytes, too many`);
  }
  let lock: unknown;
  try {
    lock = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw fault(server, 'LOCKFILE_MALFORMED', `it is not JSON: ${messageOf(error)}`);
  }
  const { lockfileVersion, packages, ...rest } = (lock ?? {}) as Record<string, unknown>;
  // Version 2 repeats the tree under `dependencies`, which older npm would read instead.
  if (lockfileVersion !== 3 || 'dependencies' in rest) {
    throw fault(server, 'LOCKFILE_MALFORMED', `it has lockfileVersion ${lockfileVersion}, not 3`);
  }
  if (typeof packages !== 'object' || packages === null || Array.isArray(packages)) {
    throw fault(server, 'LOCKFILE_MALFORMED', 'it lists no packages');
  }
  return packages as Record<string, LockedPackage>;
}

function verifyPackage(server: string, path: string, locked: LockedPackage): void {
  if (!/^node_modules\/[^\\]+$/.test(path) || path.split('/').includes('..')) {
    throw fault(server, 'LOCKFILE_SOURCE', `${JSON.stringify(path)} lies outside node_modules`);
  }
  if (locked.link !== undefined) {
    throw fault(server, 'LOCKFILE_SOURCE', `${path} is a link to another folder`);
  }
  if (locked.resolved !== undefined) {
    throw fault(
      server,
      'LOCKFILE_SOURCE',
      `${path} names where it comes from (${String(locked.resolved)}); only packages of the user's own npm registry are allowed, without "resolved"`,
    );
  }
  // A bundled package is part of its parent's tarball, whose hash covers it.
  if (locked.inBundle === true) return;
  if (typeof locked.integrity !== 'string' || !INTEGRITY.test(locked.integrity)) {
    throw fault(server, 'LOCKFILE_INTEGRITY', `${path} has no sha512 integrity`);
  }
}

function fault(server: string, code: string, fact: string): PortolanError {
  return new PortolanError(
    'unverified',
    code,
    `${server}: package-lock.json: ${fact}; the publisher must make it again with \`npm run lock -- ${server}\``,
  );
}
