import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Octokit } from 'octokit';
import { messageOf, PortolanError } from '../../core/errors.ts';

const run = promisify(execFile);
const ENTRY_PATH = /^registry\/servers\/([a-z0-9]+(?:-[a-z0-9]+)*)\//;

/** Names of the entries that paths of changed files belong to, sorted; other paths say nothing. */
export function entriesIn(paths: Iterable<string>): string[] {
  const names = new Set<string>();
  for (const path of paths) {
    const name = ENTRY_PATH.exec(path)?.[1];
    if (name && name.length <= 64) names.add(name);
  }
  return [...names].sort();
}

/** Entries that the current commit changes since it left `base`. Throws `failed` / `GIT_FAILED`. */
export async function changedSince(base: string, cwd: string): Promise<string[]> {
  if (!/^[\w./-]+$/.test(base) || base.startsWith('-')) {
    throw new PortolanError(
      'usage',
      'BASE_MALFORMED',
      `${JSON.stringify(base)} is no Git revision`,
    );
  }
  try {
    const { stdout } = await run(
      'git',
      ['diff', '--name-only', '-z', '--no-renames', `${base}...HEAD`, '--', 'registry/servers'],
      { cwd, maxBuffer: 64 * 2 ** 20 },
    );
    return entriesIn(stdout.split('\0'));
  } catch (error) {
    throw new PortolanError(
      'failed',
      'GIT_FAILED',
      `git cannot compare with ${base}: ${messageOf(error)}; fetch it first`,
      { cause: error },
    );
  }
}

/** Entries that a pull request changes, as GitHub lists its files (at most 3,000). */
export async function changedIn(
  octokit: Octokit,
  pull: { readonly owner: string; readonly repo: string; readonly number: number },
): Promise<string[]> {
  const { owner, repo, number } = pull;
  const files = await octokit.paginate(octokit.rest.pulls.listFiles, {
    owner,
    repo,
    pull_number: number,
    per_page: 100,
  });
  return entriesIn(files.flatMap((file) => [file.filename, file.previous_filename ?? '']));
}
