import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { detectIsolation, type Engine } from '../../core/isolation/detect.ts';
import { startRegistry } from './registry.ts';

const root = join(import.meta.dirname, '..', '..');
/** Kept between runs: the images in it are named by what they are made of. */
const cache = join(tmpdir(), 'portolan-test-podman');

const CONTAINERS_CONF = `[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[network]
network_backend = "netavark"
`;

const STORAGE_CONF = `[storage]
driver = "overlay"
graphroot = "${cache}/storage"
runroot = "${cache}/run"
`;

/** Registries of tests are on loopback, without TLS. */
const REGISTRIES_CONF = `[[registry]]
location = "127.0.0.1"
insecure = true
`;

/**
 * An environment in which podman works on machines without systemd and keeps to a store of its own,
 * so that tests neither see nor touch the images of the machine's user.
 */
export function podmanEnv(): NodeJS.ProcessEnv {
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const files = {
    CONTAINERS_CONF: ['containers.conf', CONTAINERS_CONF],
    CONTAINERS_STORAGE_CONF: ['storage.conf', STORAGE_CONF],
    CONTAINERS_REGISTRIES_CONF: ['registries.conf', REGISTRIES_CONF],
  } as const;
  const variables = Object.entries(files).map(([variable, [name, text]]) => {
    const path = join(cache, name);
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
      writeFileSync(`${path}.${process.pid}`, text);
      renameSync(`${path}.${process.pid}`, path);
    }
    return [variable, path];
  });
  return { ...process.env, ...Object.fromEntries(variables) };
}

/** podman as detectIsolation finds it, with the environment to use it in. */
export async function podmanEngine(): Promise<{ engine: Engine; env: NodeJS.ProcessEnv }> {
  const env = podmanEnv();
  const { engines, findings } = await detectIsolation({ env, engine: 'podman' });
  const [engine] = engines;
  if (!engine) throw new Error(findings.map(({ text }) => text).join(' '));
  return { engine, env };
}

/** An image in a real registry. */
export interface FixtureImage {
  /** `127.0.0.1:PORT/fixture@sha256:...`; has Node.js, the probe and server-everything. */
  readonly reference: string;
  /** Command of the probe server in it. */
  readonly probe: readonly [string, ...string[]];
  /** Command of the reference server "everything" in it. */
  readonly everything: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  /** Stops the registry. */
  stop(): Promise<void>;
}

/**
 * Serves the fixture image from a real registry on loopback. The image is built once for each
 * content (Node.js, lockfile, probe), without network but for the npm packages.
 */
export async function startFixtureImage(): Promise<FixtureImage> {
  const env = podmanEnv();
  const key = contentKey();
  const data = join(cache, `registry-${key}`);
  const digestFile = join(data, 'digest');
  await once(
    join(cache, `${key}.lock`),
    () => existsSync(digestFile),
    () => build(key, data, env),
  );
  const registry = await startRegistry({ data });
  return {
    reference: `${registry.host}/fixture@${readFileSync(digestFile, 'utf8')}`,
    probe: ['/usr/local/bin/node', '/opt/probe/server.mjs'],
    everything: [
      '/usr/local/bin/node',
      '/opt/everything/node_modules/@modelcontextprotocol/server-everything/dist/index.js',
    ],
    env,
    stop: () => registry.stop(),
  };
}

const everything = join(root, 'registry', 'servers', 'everything');
const probe = join(root, 'test', 'fixtures', 'servers', 'probe', 'server.mjs');

function contentKey(): string {
  const hash = createHash('sha256').update(process.version);
  for (const path of [join(everything, 'package-lock.json'), probe, import.meta.filename]) {
    hash.update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 16);
}

async function build(key: string, data: string, env: NodeJS.ProcessEnv): Promise<void> {
  const context = join(cache, `build-${key}`);
  rmSync(context, { recursive: true, force: true });
  rmSync(data, { recursive: true, force: true });
  const tree = join(context, 'rootfs');
  for (const folder of ['usr/local/bin', 'opt/probe', 'opt/everything', 'tmp', 'etc']) {
    mkdirSync(join(tree, folder), { recursive: true });
  }
  // Engines keep the mode that an image gives this folder.
  chmodSync(join(tree, 'tmp'), 0o1777);
  writeFileSync(join(tree, 'etc', 'passwd'), 'root:x:0:0::/:/bin/false\n');
  copyNode(tree);
  copyFileSync(probe, join(tree, 'opt', 'probe', 'server.mjs'));
  installEverything(join(tree, 'opt', 'everything'));
  writeFileSync(
    join(context, 'Containerfile'),
    'FROM scratch\nCOPY rootfs /\nENTRYPOINT ["/usr/local/bin/node"]\nCMD ["/opt/probe/server.mjs"]\n',
  );
  const registry = await startRegistry({ data });
  try {
    const tag = `${registry.host}/fixture:${key}`;
    run('podman', ['build', '--quiet', '--tag', tag, context], env);
    run('podman', ['push', '--quiet', '--digestfile', join(context, 'digest'), tag], env);
    // A locally built image is not found by its pushed digest; only the pulled one is used.
    run('podman', ['rmi', '--force', tag], env);
    renameSync(join(context, 'digest'), join(data, 'digest'));
  } finally {
    await registry.stop();
    rmSync(context, { recursive: true, force: true });
  }
}

/** Our own Node.js with the libraries that it needs, and nothing else. */
function copyNode(tree: string): void {
  const target = join(tree, 'usr', 'local', 'bin', 'node');
  copyFileSync(process.execPath, target);
  spawnSync('strip', [target]);
  const { stdout } = spawnSync('ldd', [process.execPath], { encoding: 'utf8' });
  for (const path of stdout.match(/\/\S+/g) ?? []) {
    const place = join(tree, path.startsWith('/usr/') ? path.slice(4) : path);
    mkdirSync(dirname(place), { recursive: true });
    copyFileSync(realpathSync(path), place);
  }
}

function installEverything(folder: string): void {
  const lock = readFileSync(join(everything, 'package-lock.json'));
  const { packages } = JSON.parse(lock.toString()) as { packages: Record<string, object> };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(packages['']));
  writeFileSync(join(folder, 'package-lock.json'), lock);
  run(
    'npm',
    ['ci', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund'],
    process.env,
    folder,
  );
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd?: string): void {
  const { status, stderr, error } = spawnSync(program, args, { env, cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${basename(program)} ${args[0]}: ${error ?? stderr}`);
}

/** Does some work once, however many test processes ask for it at the same time. */
async function once(lock: string, isDone: () => boolean, work: () => Promise<void>): Promise<void> {
  while (!isDone()) {
    try {
      mkdirSync(lock);
    } catch {
      // Left behind by a run that was killed?
      const { mtimeMs } = statSync(lock, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
      if (Date.now() - mtimeMs > 300_000) rmSync(lock, { recursive: true, force: true });
      await setTimeout(200);
      continue;
    }
    try {
      if (!isDone()) await work();
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
}
