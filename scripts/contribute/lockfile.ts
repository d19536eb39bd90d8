import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { hasErrno, PortolanError } from '../../core/errors.ts';
import { packageJsonOf } from '../../core/isolation/package-json.ts';
import { prettyJson } from './files.ts';
import { npm } from './npm-cli.ts';

/** One package of package-lock.json (lockfile version 3), as far as it is looked at. */
interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
}

interface Lockfile {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

const projectNpmrc = join(import.meta.dirname, '..', '..', '.npmrc');

/**
 * Makes the text of package-lock.json for an npm entry: npm resolves the tree afresh in a temporary
 * folder, without running any script of any package.
 *
 * Throws `unreachable` when npm fails, `unverified` when the registry gives another integrity than
 * the entry, `malformed` when some package cannot be pinned by its sha512 digest.
 */
export async function makeLockfile(entry: ServerEntry): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-lock-'));
  try {
    await writeFile(join(folder, 'package.json'), prettyJson(packageJsonOf(entry)));
    // Registries and proxies of this repository hold for the temporary folder too.
    await copyFile(projectNpmrc, join(folder, '.npmrc')).catch((error: unknown) => {
      if (!hasErrno(error, 'ENOENT')) throw error;
    });
    await npm(
      [
        'install',
        '--package-lock-only',
        '--ignore-scripts',
        '--omit=dev',
        '--lockfile-version=3',
        '--omit-lockfile-registry-resolved',
        '--no-workspaces',
      ],
      { cwd: folder },
    );
    const text = await readFile(join(folder, 'package-lock.json'), 'utf8');
    checkLockfile(text, entry);
    return text;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Checks that a lockfile belongs to an npm entry and pins every package of its tree by sha512.
 * A package from a Git repository or a plain URL has no place in it: nothing says that the same
 * bytes are there tomorrow, and the user's registry settings do not cover it.
 */
export function checkLockfile(text: string, entry: ServerEntry): void {
  const where = `package-lock.json of ${entry.name}`;
  const { packages, lockfileVersion } = parseLockfile(text, where);
  if (lockfileVersion !== 3) {
    throw malformed(`${where} has the version ${lockfileVersion}, not 3`);
  }
  for (const [path, locked] of Object.entries(packages)) {
    if (path === '' || locked.inBundle) continue;
    if (locked.link || locked.resolved) {
      throw malformed(
        `${where}: ${path} comes from ${locked.link ? 'a folder' : locked.resolved}, not from the npm registry`,
      );
    }
    if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(locked.integrity ?? '')) {
      throw malformed(`${where}: ${path} has no sha512 integrity`);
    }
  }
  const { npm: declared } = entry;
  const server = packages[`node_modules/${declared?.package}`];
  if (server?.version !== declared?.version) {
    throw malformed(
      `${where} holds ${declared?.package} ${server?.version ?? '(not at all)'}, but npm.version is ${declared?.version}`,
    );
  }
  if (server?.integrity !== declared?.integrity) {
    throw new PortolanError(
      'unverified',
      'INTEGRITY_MISMATCH',
      `server.yaml of ${entry.name}: npm.integrity is ${declared?.integrity}, but the registry gives ${server?.integrity} for ${declared?.package}@${declared?.version}; set npm.integrity to that after checking where the other came from`,
    );
  }
}

/** What changed between two lockfiles, one line per package; all of them when there was none. */
export function lockfileChanges(before: string | undefined, after: string): readonly string[] {
  const old = before === undefined ? {} : parseLockfile(before, 'package-lock.json').packages;
  const now = parseLockfile(after, 'package-lock.json').packages;
  const paths = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort();
  return paths.flatMap((path) => {
    if (path === '') return [];
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const [was, is] = [old[path], now[path]];
    if (!was) return [`+ ${name} ${is?.version}`];
    if (!is) return [`- ${name} ${was.version}`];
    if (was.version !== is.version) return [`~ ${name} ${was.version} -> ${is.version}`];
    return was.integrity === is.integrity ? [] : [`! ${name} ${is.version} has another integrity`];
  });
}

function parseLockfile(text: string, where: string): Lockfile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(`${where} is not JSON`, error);
  }
  if (
    typeof value !== 'object' ||
    value === null ||
    !('packages' in value) ||
    typeof value.packages !== 'object'
  ) {
    throw malformed(`${where} has no packages`);
  }
  return value as Lockfile;
}

function malformed(fact: string, cause?: unknown): PortolanError {
  return new PortolanError(
    'malformed',
    'LOCKFILE_MALFORMED',
    `${fact}; make it with npm run lock`,
    {
      cause,
    },
  );
}
