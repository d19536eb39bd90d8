import { execFile } from 'node:child_process';
import { PortolanError } from '../../core/errors.ts';
import { findNpm } from '../../core/isolation/find-npm.ts';

/**
 * Runs npm's own command line and gives its stdout. The user's npm configuration (private
 * registries, proxies, credentials) is npm's to read, so it holds here as it does everywhere else.
 *
 * Throws `unreachable` / `NPM_FAILED` with npm's own error lines.
 */
export async function npm(
  args: readonly string[],
  options: { readonly cwd?: string; readonly timeout?: number } = {},
): Promise<string> {
  const [program, ...first] = findNpm();
  return await new Promise<string>((resolve, reject) => {
    execFile(
      program,
      [...first, ...args, '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'],
      {
        cwd: options.cwd,
        timeout: options.timeout ?? 5 * 60_000,
        maxBuffer: 64 * 2 ** 20,
        windowsHide: true,
        env: environment(),
      },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout);
        reject(
          new PortolanError(
            'unreachable',
            'NPM_FAILED',
            `npm ${args.join(' ')} failed: ${reasonOf(stderr, stdout) || error.message}; run it by hand to see more`,
            { cause: error },
          ),
        );
      },
    );
  });
}

/**
 * Settings that `npm run` hands down describe this repository, not the folder that npm works in now.
 */
function environment(): NodeJS.ProcessEnv {
  const { npm_config_prefix: _p, npm_config_local_prefix: _l, INIT_CWD: _i, ...rest } = process.env;
  return rest;
}

function reasonOf(stderr: string, stdout: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim())
    .filter((line) => line && !/^npm warn|complete log of this run|debug-0\.log/i.test(line));
  if (lines.length > 0) return lines.slice(0, 4).join(' ');
  try {
    const { error } = JSON.parse(stdout) as { error?: { summary?: string } };
    return error?.summary ?? '';
  } catch {
    return '';
  }
}
