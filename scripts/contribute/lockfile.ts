import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { hasErrno, PortolanError } from '../../core/errors.ts';
import { verifyLockfile } from '../../core/isolation/npm-lockfile.ts';
import { packageJsonOf } from '../../core/isolation/package-json.ts';
import { npm } from './npm-cli.ts';
import { prettyJson } from './pretty-json.ts';

/** One package of package-lock.json (lockfile version 3), as far as it is looked at. */
interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
}

type NpmEntry = Pick<ServerEntry, 'name' | 'npm'>;

interface Lockfile {
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
export async function makeLockfile(entry: NpmEntry): Promise<string> {
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

/** Refuses a lockfile whose server is not the tarball that the entry names, or is not pinned. */
function checkLockfile(text: string, entry: NpmEntry): void {
  const { npm: declared } = entry;
  const server = parseLockfile(text).packages[`node_modules/${declared?.package}`];
  if (server && server.integrity !== declared?.integrity) {
    throw new PortolanError(
      'unverified',
      'INTEGRITY_MISMATCH',
      `server.yaml of ${entry.name}: npm.integrity is ${declared?.integrity}, but the registry gives ${server.integrity} for ${declared?.package}@${declared?.version}; set npm.integrity to that after checking where the other came from`,
    );
  }
  verifyLockfile(entry, new TextEncoder().encode(text));
}

/** What changed between two lockfiles, one line per package; all of them when there was none. */
export function lockfileChanges(before: string | undefined, after: string): readonly string[] {
  const old = before === undefined ? {} : parseLockfile(before).packages;
  const now = parseLockfile(after).packages;
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

function parseLockfile(text: string): Lockfile {
  try {
    const value = JSON.parse(text) as Partial<Lockfile> | null;
    if (typeof value?.packages === 'object') return value as Lockfile;
  } catch {
    // Said below.
  }
  throw new PortolanError(
    'malformed',
    'LOCKFILE_MALFORMED',
    'package-lock.json is not a lockfile of npm; make it with npm run lock',
  );
}
