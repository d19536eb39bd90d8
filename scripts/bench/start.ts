import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRepository } from '../../core/oci/open.ts';
import { generateKeyPem, parseSigningKey } from '../../core/trust/keys.ts';
import { keySigner } from '../../core/trust/sign.ts';
import { startRegistry } from '../../test/support/registry.ts';
import { buildLayout } from '../publisher/build-layout.ts';
import { publish } from '../publisher/publish.ts';
import { loadRegistry, requireValid } from '../registry/load.ts';
import { buildRunner } from '../runner/build-runner.ts';

/** Milliseconds from the start of a process to the answer of `tools/list`; medians. */
export interface StartFigures {
  /** The start and the end of an empty Node.js. */
  readonly empty: number;
  /** The first start with these servers: every signature is verified. */
  readonly first: number;
  /** Those that follow: what the first one verified is remembered. */
  readonly next: number;
  /** The same with a profile of these servers, which are locked. */
  readonly profile: number;
  /** Those that follow with every server of the catalog that needs no setting and signed tools. */
  readonly all: number;
  /** The first start from a registry on this machine, whose content is in the cache. */
  readonly firstFromRegistry: number;
  /** Those that follow from the registry. */
  readonly fromRegistry: number;
}

const SERVERS =
  'airbnb,antv-chart,apple-docs,budget-allocator,chrome-devtools,context7,drawio,duckduckgo-search,echarts,european-parliament,everything,fetch,google-maps-docs,heroui,mantine,map,mastra-docs,mermaid,mui,n8n';

const POSITION = { number: 1, development: false };

const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'bench', version: '1.0.0' },
};
const QUESTIONS = [
  { jsonrpc: '2.0', id: 0, method: 'initialize', params: INITIALIZE },
  { jsonrpc: '2.0', method: 'notifications/initialized' },
  { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} },
]
  .map((message) => `${JSON.stringify(message)}\n`)
  .join('');

/** Starts the built runner with twenty servers of this catalog, each time beside an empty Node.js. */
export async function measureStart(rounds = 21): Promise<StartFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-bench-'));
  try {
    await buildRunner(join(folder, 'dist'));
    const { privatePem, publicPem } = generateKeyPem();
    const layout = join(folder, 'catalog');
    const registry = requireValid(await loadRegistry('registry'));
    const signer = keySigner(parseSigningKey(privatePem, 'bench key'));
    await buildLayout(registry, layout, signer, POSITION);
    const key = join(folder, 'key.pub');
    await writeFile(key, publicPem);
    const command = [
      ...[join(folder, 'dist', 'portolan.mjs'), 'run', '--servers', SERVERS],
      ...['--catalog', `oci-layout:${layout}`, '--key', key],
    ];
    const env = {
      ...process.env,
      PORTOLAN_HOME: join(folder, 'home'),
      PORTOLAN_DEFAULT_CATALOG: 'none',
    };
    // The first one of all fills the compile cache, as it does once on a user's machine.
    await toList(command, env);
    const ofProfile = [join(folder, 'dist', 'portolan.mjs'), 'run', '--profile', 'bench'];
    const add = ['catalog', 'add', `oci-layout:${layout}`, '--key', key];
    spawnSync(process.execPath, [join(folder, 'dist', 'portolan.mjs'), ...add], { env });
    const profiles = join(folder, 'home', 'config', 'profiles');
    await mkdir(profiles, { recursive: true });
    const names = SERVERS.split(',').map((name) => `  ${name}: {}\n`);
    await writeFile(join(profiles, 'bench.yaml'), `servers:\n${names.join('')}`);
    const lock = ['update', '--profile', 'bench', '--yes'];
    spawnSync(process.execPath, [join(folder, 'dist', 'portolan.mjs'), ...lock], { env });
    // Others are asked what they offer, and this machine may not reach them.
    const signed = registry.servers.filter(({ entry }) => entry.tools === 'static');
    const whole = join(folder, 'signed');
    await buildLayout({ ...registry, servers: signed }, whole, signer, POSITION);
    const all = [
      ...[join(folder, 'dist', 'portolan.mjs'), 'run', '--all'],
      ...['--catalog', `oci-layout:${whole}`, '--key', key],
    ];
    const server = await startRegistry();
    await using _ = { [Symbol.asyncDispose]: () => server.stop() };
    const source = `oci://${server.host}/bench`;
    await publish(registry, await openRepository(source), {
      sign: signer,
      batchSize: 32,
      policy: { signers: [{ kind: 'key', key: parseSigningKey(privatePem, 'bench key') }] },
      position: POSITION,
    });
    const fromRegistry = command.map((arg) => (arg === `oci-layout:${layout}` ? source : arg));
    await toList(fromRegistry, env);
    const times: Record<keyof StartFigures, number[]> = {
      empty: [],
      first: [],
      next: [],
      profile: [],
      all: [],
      firstFromRegistry: [],
      fromRegistry: [],
    };
    for (let round = 0; round < rounds; round += 1) {
      times.empty.push(await toEnd(['-e', '']));
      await rm(join(folder, 'home', 'state', 'starts'), { recursive: true, force: true });
      times.first.push(await toList(command, env));
      times.next.push(await toList(command, env));
      await toList(ofProfile, env);
      times.profile.push(await toList(ofProfile, env));
      await toList(all, env);
      times.all.push(await toList(all, env));
      await rm(join(folder, 'home', 'state', 'starts'), { recursive: true, force: true });
      times.firstFromRegistry.push(await toList(fromRegistry, env));
      times.fromRegistry.push(await toList(fromRegistry, env));
    }
    return {
      empty: median(times.empty),
      first: median(times.first),
      next: median(times.next),
      profile: median(times.profile),
      all: median(times.all),
      firstFromRegistry: median(times.firstFromRegistry),
      fromRegistry: median(times.fromRegistry),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function toEnd(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  return new Promise((resolve) => child.once('exit', () => resolve(performance.now() - start)));
}

function toList(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.write(QUESTIONS);
  return new Promise((resolve, reject) => {
    let answered: number | undefined;
    let lines = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 10) lines += 1;
      if (lines < 2 || answered !== undefined) return;
      answered = performance.now() - start;
      child.stdin.end();
    });
    child.once('exit', (code) =>
      answered === undefined
        ? reject(new Error(`the gateway ended with ${code} before it answered`))
        : resolve(answered),
    );
  });
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
