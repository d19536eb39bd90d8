import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { PortolanError } from '../errors.ts';

/**
 * The npm CLI as a JavaScript file for our own Node.js, or as a program: beside the Node.js that
 * runs us, or the first on the PATH. Throws `failed` / `NPM_MISSING`.
 */
export function findNpm(env: NodeJS.ProcessEnv = process.env): readonly [string, ...string[]] {
  const bin = dirname(process.execPath);
  const beside = [
    join(bin, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(bin, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ].find((path) => existsSync(path));
  if (beside) return [process.execPath, beside];
  for (const folder of (env.PATH ?? env.Path ?? '').split(delimiter).filter(Boolean)) {
    // npm.cmd needs a shell; the script that it calls does not.
    const script = join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js');
    if (existsSync(script)) return [process.execPath, script];
    if (process.platform !== 'win32' && existsSync(join(folder, 'npm'))) {
      return [join(folder, 'npm')];
    }
  }
  throw new PortolanError(
    'failed',
    'NPM_MISSING',
    'npm was found neither beside Node.js nor on the PATH; servers from npm packages are installed with it: install npm, e.g. with Node.js from nodejs.org',
  );
}
