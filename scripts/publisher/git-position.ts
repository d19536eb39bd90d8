import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Where the checkout stands: the first-parent commit count and the commit. Undefined outside of a
 * Git repository, before the first commit, and in a shallow clone, whose count would be too low.
 */
export async function gitPosition(
  folder: string,
): Promise<{ readonly number: number; readonly commit: string } | undefined> {
  const git = async (...args: string[]) => (await run('git', args, { cwd: folder })).stdout.trim();
  try {
    if ((await git('rev-parse', '--is-shallow-repository')) === 'true') return undefined;
    return {
      number: Number(await git('rev-list', '--count', '--first-parent', 'HEAD')),
      commit: await git('rev-parse', 'HEAD'),
    };
  } catch {
    return undefined;
  }
}
