// Runs a script of this repository on the toolchain's own Node.js.
//
//   node scripts/with-toolchain.mjs scripts/start.ts [arguments]
//
// It is the entry of `npm start` and `npm test` on a fresh clone, so it is plain JavaScript for
// Node 20: it installs the locked dependencies when they are missing or out of date, then starts
// the script with the Node.js that those dependencies bring.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'node_modules', '.portolan-lock');
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  // Not `npm ci`: it refuses a lockfile without the binaries of platforms that a registry lacks, and
  // no registry has all of them. `--no-save` installs exactly what is locked and never edits it.
  console.error('Installing the locked dependencies; the first time takes a minute ...');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status, error } = spawnSync(
    npm,
    ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' },
  );
  if (status !== 0) {
    console.error(
      `npm install failed${error ? `: ${error.message}` : ''}; is the npm registry reachable? \`npm ping\` tells.`,
    );
    process.exit(status ?? 1);
  }
  writeFileSync(stamp, lock);
}

const bundled = join(
  root,
  'node_modules',
  '.bin',
  process.platform === 'win32' ? 'node.cmd' : 'node',
);
const node = existsSync(bundled) ? bundled : process.execPath;
if (node === process.execPath && Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `No Node.js for ${process.platform}-${process.arch} comes with the dependencies, and this one is ${process.version}; install Node.js 24 or newer.`,
  );
  process.exit(1);
}

const child = spawn(node, process.argv.slice(2), {
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: {
    // Compiled code of tools is kept, which saves half a second of each build.
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'),
    ...process.env,
    PATH: `${join(root, 'node_modules', '.bin')}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`,
  },
});
// The terminal sends Ctrl-C to the whole group; the child decides when it is done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
