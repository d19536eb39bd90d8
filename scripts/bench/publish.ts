/**
 * `npm run bench:publish [-- COUNT]`: makes a registry of COUNT entries (10,000 when absent) in a
 * temporary Git repository and measures a publication as publishers run it: the whole layout, one
 * changed entry, and a tenth as many new entries to a registry on this machine (Debian's
 * docker-registry, when it is there). Prints the figures that docs/performance.md records: wall
 * time, processor time and the most memory, of whole processes.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { generateKeyPem } from '../../core/trust/keys.ts';
import { generateRegistry } from './generate-registry.ts';

const count = Number(process.argv[2] ?? 10_000);
const few = Math.ceil(count / 10);
const root = mkdtempSync(join(tmpdir(), 'portolan-bench-'));
const registry = join(root, 'registry');
const layout = join(root, 'catalog');
const key = join(root, 'key.pem');
try {
  console.log(
    `${count} servers; ${availableParallelism()} processors (${cpus()[0]?.model}), load ${loadavg()[0]?.toFixed(1)}, Node.js ${process.version}`,
  );
  writeFileSync(key, generateKeyPem().privatePem, { mode: 0o600 });
  await generateRegistry(registry, count);
  writeFileSync(
    join(root, '.gitignore'),
    '/catalog*\n/data\n/away\n/key.pem\n/config.yml\n/usage.json\n',
  );
  git('init', '--quiet');
  commit('Start');
  await measure('the whole layout', 'build-catalog.ts', '--out', layout);
  changeOne();
  await measure('one changed entry', 'publish.ts', '--to', `oci-layout:${layout}`);
  await withRegistry(async (host) => {
    const aside = setAside(few);
    await run('publish.ts', '--to', `oci://${host}/few`);
    aside.bringBack();
    commit('More');
    await measure(`${few} new entries to a registry`, 'publish.ts', '--to', `oci://${host}/few`);
  });
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function measure(what: string, script: string, ...args: string[]): Promise<void> {
  const { wall, cpu, memory } = await run(script, ...args);
  console.log(
    `${what}: ${wall.toFixed(1)} s, ${cpu.toFixed(1)} s of processor time, at most ${Math.round(memory)} MB`,
  );
}

/** Runs a script in a process of its own; seconds and megabytes. */
function run(script: string, ...args: string[]) {
  const report = join(root, 'usage.json');
  const hook = `data:text/javascript,import{writeFileSync}from"node:fs";process.on("exit",()=>writeFileSync(${JSON.stringify(report)},JSON.stringify(process.resourceUsage())))`;
  const path = join(import.meta.dirname, '..', script);
  const started = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', hook, path, '--registry', registry, '--key', key, ...args],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return new Promise<{ wall: number; cpu: number; memory: number }>((resolve, reject) => {
    child.on('exit', (code) => {
      if (code !== 0) return reject(new Error(`${script} ended with ${code}`));
      const wall = (performance.now() - started) / 1000;
      const usage = JSON.parse(readFileSync(report, 'utf8')) as NodeJS.ResourceUsage;
      const cpu = (usage.userCPUTime + usage.systemCPUTime) / 1e6;
      resolve({ wall, cpu, memory: usage.maxRSS / 1024 });
    });
  });
}

function changeOne(): void {
  const [first = ''] = readdirSync(join(registry, 'servers'));
  const path = join(registry, 'servers', first, 'server.yaml');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/^version: .*$/m, 'version: 99.0.0'));
  appendFileSync(path, '# changed\n');
  commit('Change one');
}

/** Leaves only a twentieth of the entries and `some` to come, so that the first run is short. */
function setAside(some: number) {
  const names = readdirSync(join(registry, 'servers'));
  const away = join(root, 'away');
  execFileSync('mkdir', [away]);
  for (const name of names.slice(Math.ceil(count / 20))) {
    renameSync(join(registry, 'servers', name), join(away, name));
  }
  commit('Fewer');
  return {
    bringBack() {
      for (const name of readdirSync(away).slice(0, some)) {
        renameSync(join(away, name), join(registry, 'servers', name));
      }
    },
  };
}

async function withRegistry(work: (host: string) => Promise<void>): Promise<void> {
  const config = join(root, 'config.yml');
  writeFileSync(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'info', formatter: 'json', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(root, 'data') } },
      http: { addr: '127.0.0.1:0' },
    }),
  );
  const child = spawn('docker-registry', ['serve', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const host = await listening(child).catch(() => undefined);
    if (host) await work(host);
    else console.log('docker-registry is not here: nothing is measured with a registry');
  } finally {
    child.kill();
  }
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    if (!child.stderr) return reject(new Error('no stderr'));
    createInterface({ input: child.stderr }).on('line', (line) => {
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (address) resolve(address);
    });
  });
}

function commit(message: string): void {
  git('add', '--all', '.');
  git('-c', 'user.name=b', '-c', 'user.email=b@example.com', 'commit', '--quiet', '-m', message);
}

function git(...args: string[]): void {
  // Git would tidy up behind our back, on the second processor, while we measure.
  const quiet = ['-c', 'gc.auto=0', '-c', 'maintenance.auto=false'];
  execFileSync('git', [...quiet, ...args], { cwd: root, stdio: 'ignore' });
}
