import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where a checkout stands in its history. */
export interface GitPosition {
  /** First-parent commit count. */
  readonly number: number;
  readonly commit: string;
  /** When an entry's folder was last changed (RFC 3339, UTC); uncommitted ones have the commit's date. */
  dateOf(name: string): string;
  /**
   * Names of the entries that differ between a commit and the working tree; undefined when the
   * commit is not in this history, or when the publisher itself differs.
   */
  changedSince(commit: string): Promise<ReadonlySet<string> | undefined>;
}

/** What makes artifacts out of entries: when it changed, every entry is looked at again. */
const PUBLISHER = /^(core|scripts|schemas)\/|^package-lock\.json$/;

/**
 * Reads the position of the checkout that a registry folder is in. Undefined outside of a Git
 * repository, before the first commit, and in a shallow clone, whose count would be too low.
 */
export async function gitPosition(registry: string): Promise<GitPosition | undefined> {
  const git = async (...args: string[]) =>
    (await run('git', args, { cwd: registry, maxBuffer: 2 ** 30 })).stdout.trim();
  try {
    if ((await git('rev-parse', '--is-shallow-repository')) === 'true') return undefined;
    const [count, head, log] = await Promise.all([
      git('rev-list', '--count', '--first-parent', 'HEAD'),
      git('log', '-1', '--format=%H %cI'),
      git(
        'log',
        '--first-parent',
        '-m',
        '--format=%x00%cI',
        '--name-only',
        '--relative',
        '--',
        'servers',
      ),
    ]);
    const [commit = '', headDate = ''] = head.split(' ');
    const dates = datesOf(log);
    return {
      number: Number(count),
      commit,
      dateOf: (name) => utc(dates.get(name) ?? headDate),
      changedSince: (commit) => changedSince(git, commit),
    };
  } catch {
    return undefined;
  }
}

async function changedSince(
  git: (...args: string[]) => Promise<string>,
  commit: string,
): Promise<ReadonlySet<string> | undefined> {
  try {
    await git('merge-base', '--is-ancestor', '--end-of-options', commit, 'HEAD');
    const [prefix, tracked, untracked] = await Promise.all([
      git('rev-parse', '--show-prefix'),
      git('diff', '--name-only', '--no-renames', '-z', commit, '--', ':/'),
      git('ls-files', '--others', '--exclude-standard', '--full-name', '-z', '--', 'servers'),
    ]);
    const names = new Set<string>();
    for (const path of `${tracked}\0${untracked}`.split('\0')) {
      if (PUBLISHER.test(path)) return undefined;
      const inside = path.startsWith(prefix) ? path.slice(prefix.length) : '';
      const name = /^servers\/([^/]+)\//.exec(inside)?.[1];
      if (name) names.add(name);
    }
    return names;
  } catch {
    return undefined;
  }
}

/** The newest date of each folder below servers/, from a log that is newest first. */
function datesOf(log: string): Map<string, string> {
  const dates = new Map<string, string>();
  let date = '';
  for (const line of log.split('\n')) {
    if (line.startsWith('\0')) date = line.slice(1);
    const name = /^servers\/([^/]+)\//.exec(line)?.[1];
    if (name && !dates.has(name)) dates.set(name, date);
  }
  return dates;
}

function utc(date: string): string {
  return new Date(date).toISOString().replace('.000Z', 'Z');
}
