import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Browser } from 'playwright-core';

/** A console on a machine of its own, with some life in it, and somebody who is let in. */
export interface PicturedConsole {
  readonly origin: string;
  /** What a browser keeps of the session. */
  readonly storageState: string;
  /** Its pages by name. */
  readonly pages: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const PAGES = {
  console: '',
  'console-server': 'server/tavily',
  'console-profiles': 'profiles',
  'console-updates': 'updates',
  'console-secrets': 'secrets',
  'console-clients': 'clients',
  'console-activity': 'activity',
  'console-running': 'running',
  'console-catalogs': 'catalogs',
  'console-policy': 'policy',
  'console-doctor': 'doctor',
};
const RUNNER = resolve('dist/portolan.mjs');

/**
 * Starts the built console over the built catalog: a profile with servers that miss secrets and a
 * sign-in, a connected client, and a gateway that was called. Needs `npm run build` before.
 */
export async function openPicturedConsole(browser: Browser): Promise<PicturedConsole> {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-pictures-'));
  const home = join(folder, 'user');
  for (const trace of ['.cursor', '.codex', '.gemini']) {
    mkdirSync(join(home, trace), { recursive: true });
  }
  const env = {
    ...process.env,
    HOME: home,
    PORTOLAN_HOME: join(folder, 'portolan'),
    PORTOLAN_DEFAULT_CATALOG: 'none',
    PORTOLAN_PASSPHRASE: 'passphrase of pictures',
  };
  const run = (...args: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [RUNNER, ...args], {
      env,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`portolan ${args.join(' ')}: ${stderr}`);
  };
  const source = `oci-layout:${resolve('dist/catalog')}`;
  run('catalog', 'add', source, '--key', resolve('.portolan/dev.pub'), '--name', 'portolan');
  run('add', 'everything', 'tavily', 'filesystem', 'context7', 'linear');
  run('client', 'connect', 'cursor');
  const gateway = await started(env, 'run', '--transport', 'http', '--port', '0');
  await callSome(gateway.output(), join(env.PORTOLAN_HOME, 'state', 'token'));
  const console_ = await started(env, 'console', '--no-open');
  const link = /http:\/\/127\.0\.0\.1:\d+\/#link=[\w-]+/.exec(console_.output())?.[0] ?? '';
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(link);
  await page.waitForSelector('h1');
  const state = join(folder, 'session.json');
  await context.storageState({ path: state });
  await context.close();
  return {
    origin: new URL(link).origin,
    storageState: state,
    pages: PAGES,
    async stop() {
      await Promise.all([gateway.stop(), console_.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A few calls, so that there is something to see. */
async function callSome(output: string, tokenFile: string): Promise<void> {
  const url = /listening on (\S+),/.exec(output)?.[1];
  if (!url) throw new Error(`the gateway does not say where it listens: ${output}`);
  const client = new Client({ name: 'cursor', version: '3.1.0' });
  const authorization = `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`;
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { Authorization: authorization } },
    }),
  );
  const { tools } = await client.listTools();
  const named = (name: string) => tools.find((tool) => tool.name.endsWith(name))?.name ?? name;
  for (const [name, args] of CALLS) {
    // One of them fails on purpose.
    await client.callTool({ name: named(name), arguments: args }).catch(() => {});
  }
  await client.close();
}

const CALLS: readonly (readonly [string, Record<string, unknown>])[] = [
  ['echo', { message: 'Ahoy' }],
  ['get-sum', { a: 1, b: 2 }],
  ['get-sum', { a: 'one' }],
  ['get-tiny-image', {}],
  ['get-structured-content', { location: 'New York' }],
];

/** Waits until a command has said where it listens. */
async function started(env: NodeJS.ProcessEnv, ...args: string[]) {
  const child: ChildProcess = spawn(process.execPath, [RUNNER, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  await new Promise<void>((done, fail) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (/#link=[\w-]+|portolan: ready/.test(output)) done();
      });
    }
    exited.then(() => fail(new Error(`portolan ${args[0]} ended: ${output}`)));
  });
  return {
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
