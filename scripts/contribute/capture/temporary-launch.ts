// Stands in for core/isolation until that is there; then this file goes.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResolvedEntry } from '../../../core/entry/resolve.ts';
import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import type { Channel } from '../../../core/isolation/channel.ts';
import { packageJsonOf } from '../../../core/isolation/package-json.ts';
import { npm } from '../npm-cli.ts';

export async function launch(
  entry: ServerEntry,
  resolved: ResolvedEntry,
  folder: string,
): Promise<Channel> {
  const lock = await readFile(join(folder, 'package-lock.json'), 'utf8');
  const key = createHash('sha256').update(lock).digest('hex').slice(0, 24);
  const tree = join(tmpdir(), 'portolan-trees', key);
  const done = join(tree, '.done');
  if (!(await stat(done).catch(() => undefined))) {
    await mkdir(tree, { recursive: true });
    await writeFile(join(tree, 'package.json'), JSON.stringify(packageJsonOf(entry)));
    await writeFile(join(tree, 'package-lock.json'), lock);
    await npm(['ci', '--ignore-scripts', '--omit=dev'], { cwd: tree });
    await writeFile(done, '');
  }
  const folderOfPackage = join(tree, 'node_modules', entry.npm?.package ?? '');
  const manifest = JSON.parse(await readFile(join(folderOfPackage, 'package.json'), 'utf8'));
  const bins = typeof manifest.bin === 'string' ? { x: manifest.bin } : manifest.bin;
  const bin = entry.npm?.bin ? bins[entry.npm.bin] : Object.values(bins)[0];
  const child = spawn(
    'bwrap',
    [
      '--die-with-parent',
      '--unshare-all',
      ...(resolved.network.length ? ['--share-net'] : []),
      '--clearenv',
      '--ro-bind',
      '/usr',
      '/usr',
      '--symlink',
      'usr/lib',
      '/lib',
      '--symlink',
      'usr/lib64',
      '/lib64',
      '--symlink',
      'usr/bin',
      '/bin',
      '--ro-bind',
      '/etc',
      '/etc',
      '--proc',
      '/proc',
      '--dev',
      '/dev',
      '--tmpfs',
      '/tmp',
      '--dir',
      '/home/u',
      '--setenv',
      'HOME',
      '/home/u',
      '--setenv',
      'PATH',
      '/usr/bin:/bin',
      '--ro-bind',
      tree,
      '/app',
      '--ro-bind',
      process.execPath,
      '/node',
      '--chdir',
      '/app',
      ...resolved.volumes.flatMap((v) => [
        v.access === 'read-only' ? '--ro-bind' : '--bind',
        v.source,
        v.target,
      ]),
      ...Object.entries({ ...resolved.env, ...resolved.secretEnv }).flatMap(([k, v]) => [
        '--setenv',
        k,
        v,
      ]),
      '/node',
      join('/app/node_modules', entry.npm?.package ?? '', String(bin)),
      ...resolved.args,
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let err = '';
  let rest = '';
  const channel: Channel = {
    onMessage: () => {},
    onClose: () => {},
    diagnostics: () => err.slice(-4000),
    async send(m) {
      child.stdin.write(`${JSON.stringify(m)}\n`);
    },
    async close() {
      child.stdin.end();
      child.kill('SIGKILL');
    },
  };
  child.stdin.on('error', () => {});
  child.stderr.on('data', (d) => {
    err += d;
  });
  child.stdout.on('data', (d) => {
    rest += d;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      try {
        channel.onMessage(JSON.parse(line));
      } catch {
        err += line;
      }
    }
  });
  child.on('close', () => channel.onClose());
  child.on('error', (e) => channel.onClose(e));
  return channel;
}
