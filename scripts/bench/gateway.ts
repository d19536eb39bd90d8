// npm run bench:gateway [-- CALLS | start | containers | memory | cycles [COUNT]]: how long a start
// takes, and what a call through the gateway costs, beside other gateways from npm and a proxy built
// with the SDK, all in one run against the same server. With `start` or `containers`, these alone;
// `memory` shows it over 100,000 calls, `cycles` what 1,000 containers leave behind.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { type BenchClient, httpClient, stdioClient } from './clients.ts';
import { measureContainers } from './containers.ts';
import { commandOf, type Figures, measure, processTree } from './measure.ts';
import { measureMemory } from './memory.ts';
import { measureStart } from './start.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const node = process.execPath;
const echo = [node, join(here, 'echo-server.ts')];
const ours = join(here, '../../.portolan/bench/gateway.mjs');
const sdkProxy = join(here, 'sdk-proxy.ts');
const peers = join(here, 'peers');
const startOnly = process.argv[2] === 'start';
const containersOnly = process.argv[2] === 'containers';
const memoryOnly = process.argv[2] === 'memory';
const calls = startOnly ? 0 : Number(process.argv[2]) || 2500;

interface Row extends Figures {
  readonly path: string;
  readonly subject: string;
}

const rows: Row[] = [];
if (process.argv[2] === 'cycles') {
  await printCycles(Number(process.argv[3]) || 1000);
  process.exit();
}
if (!containersOnly && !memoryOnly) await printStart();
if (startOnly) process.exit();
if (containersOnly) {
  await inContainers();
  print();
  process.exit();
}

// As the runner is shipped: one file of plain JavaScript.
const bundle = await rolldown({
  input: join(here, '../../test/support/bench-gateway.ts'),
  platform: 'node',
});
await bundle.write({ file: ours, format: 'esm' });
await bundle.close();

if (memoryOnly) {
  await printMemory();
  process.exit();
}

if (!existsSync(join(peers, 'node_modules'))) {
  console.error('Installing the peers (npm ci) ...');
  spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: peers,
    stdio: ['ignore', 2, 2],
  });
}

await onStdio('direct', echo);
await onStdio('Portolan', [node, ours, 'stdio', ...echo]);
await onStdio('SDK proxy', [node, sdkProxy, 'stdio', ...echo]);
await onHttp('http to stdio', 'Portolan', [node, ours, 'http', ...echo]);
await onHttp('http to stdio', 'SDK proxy', [node, sdkProxy, 'http', ...echo]);
await onHttp('http to stdio', 'mcp-proxy', (port) => [
  ...[node, peer('mcp-proxy'), '--host', '127.0.0.1', '--port', String(port)],
  ...['--server', 'stream', '--', ...echo],
]);
await onHttp('http to stdio', 'supergateway', (port) => [
  ...[node, peer('supergateway'), '--stdio', echo.join(' '), '--port', String(port)],
  ...['--outputTransport', 'streamableHttp', '--stateful', '--logLevel', 'none'],
]);
await httpToHttp();
await inContainers();
print();

async function onStdio(subject: string, command: string[]) {
  const client = await stdioClient(command);
  const pids = subject === 'direct' ? [] : between(client.pid);
  await add('stdio to stdio', subject, client, pids);
}

async function onHttp(
  path: string,
  subject: string,
  command: string[] | ((port: number) => string[]),
) {
  const started =
    typeof command === 'function' ? await startOnPort(command) : await startAndRead(command);
  try {
    const client = await patiently(() => httpClient(`http://127.0.0.1:${started.port}/mcp`));
    await client.call('first');
    const pids = subject === 'direct' ? [] : between(started.child.pid as number);
    await add(path, subject, client, pids);
  } finally {
    for (const pid of processTree(started.child.pid as number).reverse()) kill(pid);
  }
}

async function httpToHttp() {
  const server = await startAndRead([...echo, '--http']);
  const url = `http://127.0.0.1:${server.port}/mcp`;
  try {
    await add('http to http', 'direct', await httpClient(url), []);
    await onHttp('http to http', 'Portolan', [node, ours, 'http', url]);
  } finally {
    server.child.kill();
  }
}

async function inContainers() {
  const figures = await measureContainers(calls);
  for (const row of figures?.rows ?? []) rows.push({ path: 'stdio to container', ...row });
  for (const { subject, mib } of figures?.perServer ?? []) {
    console.log(`each further container, ${subject}: ${mib.toFixed(1)} MiB`);
  }
}

async function add(path: string, subject: string, client: BenchClient, pids: readonly number[]) {
  console.error(`measuring ${path}: ${subject} ...`);
  try {
    rows.push({ path, subject, ...(await measure(client, pids, calls)) });
  } catch (error) {
    console.error(`${subject} failed: ${String(error)}`);
  } finally {
    client.close();
  }
}

async function printStart() {
  console.error('measuring starts ...');
  const figures = await measureStart();
  const ratio = (time: number) => `${time.toFixed(0)} ms (${(time / figures.empty).toFixed(2)}x)`;
  console.log('| from the start to `tools/list` of 20 servers | median |');
  console.log('| --- | --- |');
  console.log(`| an empty Node.js | ${figures.empty.toFixed(0)} ms |`);
  console.log(`| first start with these servers | ${ratio(figures.first)} |`);
  console.log(`| the next ones | ${ratio(figures.next)} |`);
  console.log(`| the next ones, with a locked profile | ${ratio(figures.profile)} |`);
  console.log(`| the next ones, with --all | ${ratio(figures.all)} |`);
  console.log(`| first start from a registry | ${ratio(figures.firstFromRegistry)} |`);
  console.log(`| the next ones from a registry | ${ratio(figures.fromRegistry)} |\n`);
}

/** Memory of the gateway between a client and the server, on both fronts. */
async function printMemory() {
  const onStdio = await stdioClient([node, ours, 'stdio', ...echo]);
  const http = await startAndRead([node, ours, 'http', ...echo]);
  const onHttp = await httpClient(`http://127.0.0.1:${http.port}/mcp`);
  await Promise.all([onStdio.call('first'), onHttp.call('first')]);
  console.error('measuring memory ...');
  const stdioPoints = await measureMemory(onStdio, between(onStdio.pid));
  const httpPoints = await measureMemory(onHttp, between(http.child.pid as number));
  onStdio.close();
  onHttp.close();
  for (const pid of processTree(http.child.pid as number).reverse()) kill(pid);
  console.log('| calls | stdio to stdio, MiB | http to stdio, MiB |');
  console.log('| --- | --- | --- |');
  for (const [index, { calls: made, mib }] of stdioPoints.entries()) {
    console.log(`| ${made} | ${mib.toFixed(0)} | ${httpPoints[index]?.mib.toFixed(0)} |`);
  }
}

/** What containers leave behind that are started, called and stopped again and again. */
async function printCycles(count: number) {
  const { measureCycles } = await import('./cycles.ts');
  const figures = await measureCycles(count);
  if (!figures) return;
  const { cycles, seconds, before, after } = figures;
  console.log(`| ${cycles} cycles in ${seconds.toFixed(0)} s | before | after |`);
  console.log('| --- | --- | --- |');
  for (const key of Object.keys(before) as (keyof typeof before)[]) {
    console.log(`| ${key} | ${Math.round(before[key])} | ${Math.round(after[key])} |`);
  }
}

/** The processes between client and server, without the server. */
function between(root: number): number[] {
  return processTree(root).filter((pid) => !commandOf(pid).startsWith(echo.join(' ')));
}

/** Starts a command that prints its port as JSON. */
function startAndRead(command: string[]): Promise<{ child: ChildProcess; port: number }> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`${command[1]} ended`)));
    child.stdout.once('data', (chunk) => resolve({ child, port: JSON.parse(String(chunk)).port }));
  });
}

/** Starts a command that wants to be told its port. */
async function startOnPort(command: (port: number) => string[]) {
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as { port: number };
      server.close(() => resolve(free));
    });
  });
  const [program = '', ...args] = command(port);
  return { child: spawn(program, args, { stdio: 'ignore' }), port };
}

async function patiently<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let count = 0; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (count > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function kill(pid: number) {
  try {
    process.kill(pid);
  } catch {
    // It is gone already.
  }
}

function peer(name: string): string {
  const files = { 'mcp-proxy': 'dist/bin/mcp-proxy.mjs', supergateway: 'dist/index.js' };
  return join(peers, 'node_modules', name, files[name as keyof typeof files]);
}

/** Each figure with its ratio: to direct where there is one, else to the best of the others. */
function print() {
  console.log(
    '| path | subject | p50 ms | p99 ms | calls/s (32 at once) | CPU us/call | RSS MiB |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const row of rows) {
    const rivals = rows.filter((one) => one.path === row.path && !isOurs(one));
    const direct = rivals.find((one) => one.subject === 'direct');
    const cell = (field: keyof Figures, digits: number, better: 'less' | 'more') => {
      const value = row[field].toFixed(digits);
      if (!isOurs(row) || rivals.length === 0) return value;
      const others = rivals.map((one) => one[field]).filter((one) => one > 0);
      if (others.length === 0) return value;
      const best = better === 'less' ? Math.min(...others) : Math.max(...others);
      const base = direct && direct[field] > 0 ? direct[field] : best;
      return `${value} (${(row[field] / base).toFixed(2)}x)`;
    };
    const cells = [
      cell('p50', 3, 'less'),
      cell('p99', 3, 'less'),
      cell('throughput', 0, 'more'),
      cell('cpu', 0, 'less'),
      cell('rss', 0, 'less'),
    ];
    console.log(`| ${row.path} | ${row.subject} | ${cells.join(' | ')} |`);
  }
}

function isOurs({ subject }: Row): boolean {
  return subject.startsWith('Portolan');
}
