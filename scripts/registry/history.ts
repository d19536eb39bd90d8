import { spawn } from 'node:child_process';
import { join, posix } from 'node:path';
import { PortolanError } from '../../core/errors.ts';
import { type LoadedServer, serverOf } from './load.ts';
import { parseYaml } from './parse-yaml.ts';
import { ENTRY_FILES } from './read-folder.ts';

/** A registry as a commit has it. */
export interface History {
  /** The commit that a change builds on. */
  readonly commit: string;
  /** Names of entries that differ between that commit and the working tree, sorted. */
  changedNames(): Promise<string[]>;
  /** An entry as the commit has it; undefined when it has none of that name. */
  serverAt(name: string): Promise<LoadedServer | undefined>;
  /** Every version that an entry had up to the commit. */
  versionsOf(name: string): Promise<ReadonlySet<string>>;
}

/**
 * Opens the history of a registry folder at the point where the work on it left `base`, a branch,
 * tag or commit. Throws `usage` when Git does not know the base or the folder.
 */
export async function openHistory(registry: string, base: string): Promise<History> {
  const git = (...args: string[]) => runGit(registry, args);
  const prefix = (await git('rev-parse', '--show-prefix').catch(notARepository)).trim();
  // A ref is untrusted text: after --end-of-options it cannot become an option.
  await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{commit}`).catch(
    () => {
      throw new PortolanError(
        'usage',
        'BASE_UNKNOWN',
        `Git knows no commit ${JSON.stringify(base)}; fetch it first, or name another with --base`,
      );
    },
  );
  const commit = (
    await git('merge-base', '--end-of-options', base, 'HEAD').catch(() =>
      git('rev-parse', '--end-of-options', `${base}^{commit}`),
    )
  ).trim();
  // Git also answers to `a/../b`; the prefix it gave is already free of that.
  const servers = `${prefix}servers`;

  return {
    commit,
    async changedNames() {
      const [tracked, untracked] = await Promise.all([
        git('diff', '--name-only', '--no-renames', '-z', '--relative', commit, '--', 'servers'),
        git('ls-files', '--others', '--exclude-standard', '-z', '--', 'servers'),
      ]);
      const names = `${tracked}${untracked}`
        .split('\0')
        .flatMap((path) => /^servers\/([^/]+)\//.exec(path)?.[1] ?? []);
      return [...new Set(names)].sort();
    },
    async serverAt(name) {
      const folder = `${servers}/${name}`;
      const paths = Object.keys(ENTRY_FILES).map((file) => `${commit}:${posix.join(folder, file)}`);
      const blobs = await readBlobs(registry, paths);
      const files = new Map(
        Object.keys(ENTRY_FILES).flatMap((file, index) => {
          const bytes = blobs[index];
          return bytes ? [[file, bytes] as const] : [];
        }),
      );
      if (!files.has('server.yaml')) return undefined;
      return serverOf({ name, folder: join(registry, 'servers', name), path: folder }, files);
    },
    async versionsOf(name) {
      const file = `servers/${name}/server.yaml`;
      const log = await git('log', '--format=%H', '--full-history', commit, '--', file);
      const paths = log
        .split('\n')
        .filter(Boolean)
        .map((hash) => `${hash}:${prefix}${file}`);
      const versions = (await readBlobs(registry, paths)).flatMap((bytes) => {
        const parsed = bytes && parseYaml(file, bytes.toString('utf8'));
        const data = parsed && 'data' in parsed ? parsed.data : undefined;
        const version = (data as { version?: unknown } | null | undefined)?.version;
        return typeof version === 'string' ? [version] : [];
      });
      return new Set(versions);
    },
  };
}

function notARepository(cause: unknown): never {
  throw new PortolanError(
    'usage',
    'NOT_A_REPOSITORY',
    'the registry is not in a Git repository, so there is nothing to compare it with; leave --changed out',
    { cause },
  );
}

/** Objects by name, in order, in one Git process; undefined for what does not exist. */
async function readBlobs(
  folder: string,
  names: readonly string[],
): Promise<readonly (Buffer | undefined)[]> {
  if (names.length === 0) return [];
  // A line break would ask for another object; no entry that passed the schema has one.
  const safe = names.map((name) => (/[\r\n]/.test(name) ? ':' : name));
  const output = await runGitBytes(folder, ['cat-file', '--batch'], `${safe.join('\n')}\n`);
  const blobs: (Buffer | undefined)[] = [];
  let offset = 0;
  for (const _ of names) {
    const end = output.indexOf('\n', offset);
    const header = output.subarray(offset, end).toString('utf8');
    const size = / blob ([0-9]+)$/.exec(header)?.[1];
    offset = end + 1;
    if (size === undefined) {
      const other = / [a-z]+ ([0-9]+)$/.exec(header)?.[1];
      if (other !== undefined) offset += Number(other) + 1;
      blobs.push(undefined);
    } else {
      blobs.push(output.subarray(offset, offset + Number(size)));
      offset += Number(size) + 1;
    }
  }
  return blobs;
}

async function runGit(folder: string, args: readonly string[]): Promise<string> {
  return (await runGitBytes(folder, args)).toString('utf8');
}

function runGitBytes(folder: string, args: readonly string[], input = ''): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['-c', 'core.quotePath=off', ...args], { cwd: folder });
    const [output, errors]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.stdin.on('error', () => undefined);
    child.on('error', (cause) =>
      reject(
        new PortolanError('failed', 'GIT_FAILED', `git could not be started: ${cause.message}`, {
          cause,
        }),
      ),
    );
    child.on('close', (code) => {
      if (code === 0) return resolve(Buffer.concat(output));
      const reason = Buffer.concat(errors).toString('utf8').trim();
      reject(new PortolanError('failed', 'GIT_FAILED', `git ${args[0]} failed: ${reason}`));
    });
    child.stdin.end(input);
  });
}
