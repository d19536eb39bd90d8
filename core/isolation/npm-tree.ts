import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerEntry } from '../entry/types.generated.ts';
import { hasErrno, messageOf, PortolanError } from '../errors.ts';
import { findNpm } from './find-npm.ts';
import { verifyLockfile } from './npm-lockfile.ts';
import { packageJsonOf } from './package-json.ts';
import { sealTree, treeIsIntact } from './tree-seal.ts';

/** Platform that a tree is installed for; packages with native parts differ. */
export interface TreePlatform {
  readonly os: string;
  readonly cpu: string;
}

/** An installed, verified package tree. */
export interface NpmTree {
  /** Absolute path of the folder that holds node_modules; mounted read-only. */
  readonly folder: string;
  /** The server's script, relative to `folder`, with slashes. */
  readonly script: string;
}

export interface NpmTreeOptions {
  /** Default: this machine. A container wants `linux`. */
  readonly platform?: TreePlatform;
  /** Also compare the hash of every file, not only sizes and times. */
  readonly thorough?: boolean;
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Installs the tree of an npm entry from its signed lockfile, once per lockfile and platform, in
 * `storeDir`; later calls find it there. No script of any package runs.
 *
 * The tree is built in a folder of its own and renamed, so that a killed or concurrent run leaves
 * nothing half made; a tree that was damaged since is built anew.
 *
 * Throws `unverified` (see verifyLockfile), `failed` / `NPM_MISSING`, `NPM_FAILED`, or
 * `malformed` / `NPM_BIN`.
 */
export async function ensureNpmTree(
  entry: Pick<ServerEntry, 'name' | 'npm'>,
  lockBytes: Uint8Array,
  storeDir: string,
  options: NpmTreeOptions = {},
): Promise<NpmTree> {
  verifyLockfile(entry, lockBytes);
  const platform = options.platform ?? { os: process.platform, cpu: process.arch };
  const lock = createHash('sha256').update(lockBytes).digest('hex');
  const folder = join(storeDir, `${lock}-${platform.os}-${platform.cpu}`);
  if (!(await treeIsIntact(folder, options.thorough))) {
    options.onProgress?.(
      `installing ${entry.npm?.package} ${entry.npm?.version} from the signed lockfile`,
    );
    await install(entry, lockBytes, folder, platform, options);
  }
  return { folder, script: await scriptOf(entry, folder) };
}

async function install(
  entry: Pick<ServerEntry, 'name' | 'npm'>,
  lockBytes: Uint8Array,
  folder: string,
  platform: TreePlatform,
  options: NpmTreeOptions,
): Promise<void> {
  const build = `${folder}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    await mkdir(build, { recursive: true });
    await writeFile(join(build, 'package.json'), JSON.stringify(packageJsonOf(entry)));
    await writeFile(join(build, 'package-lock.json'), lockBytes);
    await runNpm(entry.name, build, platform, options);
    await sealTree(build);
    await moveIntoPlace(build, folder);
  } finally {
    await rm(build, { recursive: true, force: true });
  }
}

/** Renames a finished tree to its name; a tree that another process finished first is as good. */
async function moveIntoPlace(build: string, folder: string): Promise<void> {
  try {
    await rename(build, folder);
    return;
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES'].some((code) => hasErrno(error, code))) {
      throw error;
    }
  }
  if (await treeIsIntact(folder)) return;
  const damaged = `${folder}.${process.pid}-${randomBytes(4).toString('hex')}.damaged`;
  try {
    await rename(folder, damaged);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
  try {
    await rename(build, folder);
  } catch (error) {
    if (!(await treeIsIntact(folder))) throw error;
  } finally {
    await rm(damaged, { recursive: true, force: true });
  }
}

/** Settings of the user's npm configuration hold, except those that would weaken the lockfile. */
function npmArguments(cwd: string, { os, cpu }: TreePlatform): string[] {
  return [
    'ci',
    // Under `npm run` the environment names another package's folder.
    `--prefix=${cwd}`,
    '--ignore-scripts',
    '--omit=dev',
    '--include=optional',
    '--include=peer',
    '--install-strategy=hoisted',
    '--install-links=false',
    '--bin-links=false',
    '--global=false',
    '--workspaces=false',
    '--dry-run=false',
    '--package-lock=true',
    '--package-lock-only=false',
    '--audit=false',
    '--fund=false',
    '--update-notifier=false',
    '--loglevel=error',
    `--os=${os}`,
    `--cpu=${cpu}`,
    ...(os === 'linux' ? ['--libc=glibc'] : []),
  ];
}

function runNpm(
  server: string,
  cwd: string,
  platform: TreePlatform,
  options: NpmTreeOptions,
): Promise<void> {
  const env = options.env ?? process.env;
  const [program, ...leading] = findNpm(env);
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...leading, ...npmArguments(cwd, platform)], {
      cwd,
      env: { ...env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
      signal: options.signal,
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-4000);
    });
    const fail = (fact: string, cause?: unknown) =>
      reject(
        new PortolanError(
          'failed',
          'NPM_FAILED',
          `${server}: npm could not install its packages: ${fact}; check the npm registry with \`npm ping\`, then try again`,
          { cause },
        ),
      );
    child.on('error', (error) => fail(messageOf(error), error));
    child.on('close', (code) => (code === 0 ? resolve() : fail(stderr.trim() || `exit ${code}`)));
  });
}

async function scriptOf(entry: Pick<ServerEntry, 'name' | 'npm'>, folder: string): Promise<string> {
  const { package: name, version, bin: wanted } = entry.npm as NonNullable<ServerEntry['npm']>;
  const home = `node_modules/${name}`;
  const text = await readFile(join(folder, ...home.split('/'), 'package.json'), 'utf8');
  const { bin } = JSON.parse(text) as { bin?: string | Record<string, string> };
  const bins: Record<string, string> =
    typeof bin === 'string' ? { [name.replace(/^@[^/]*\//, '')]: bin } : (bin ?? {});
  const names = Object.keys(bins);
  const chosen = wanted ?? (names.length === 1 ? names[0] : undefined);
  const path = chosen === undefined ? undefined : bins[chosen];
  if (path === undefined) {
    throw new PortolanError(
      'malformed',
      'NPM_BIN',
      `${entry.name}: npm.bin is ${wanted ?? 'missing'}, and ${name} ${version} has ${names.length ? names.join(', ') : 'no executables'}; name one of its executables`,
    );
  }
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) {
    throw new PortolanError(
      'malformed',
      'NPM_BIN',
      `${entry.name}: executable ${chosen} of ${name} lies outside the package (${path}); this package cannot be used`,
    );
  }
  return `${home}/${parts.join('/')}`;
}
