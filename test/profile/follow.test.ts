import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type BuiltCatalog,
  builtCatalog,
  type HttpGateway,
  startHttpGateway,
} from '../support/built-gateway.ts';
import { needs } from '../support/needs.ts';
import { type Outcome, portolan } from '../support/portolan.ts';

const { skip } = needs('bwrap', 'npm');

let catalog: BuiltCatalog;
let env: NodeJS.ProcessEnv;
let audit: string;
const open: { stop: () => unknown }[] = [];

beforeEach(async () => {
  if (skip) return;
  catalog = await builtCatalog(['everything', 'sequential-thinking', 'context7']);
  env = { ...catalog.env, PORTOLAN_PASSPHRASE: 'passphrase of tests' };
  audit = join(catalog.folder, 'audit.jsonl');
  const [, source = '', , key = ''] = catalog.source;
  await run('catalog', 'add', source, '--key', key, '--name', 'mine');
});
afterEach(async () => {
  for (const { stop } of open.splice(0).reverse()) await stop();
  catalog?.remove();
});

async function run(...args: string[]): Promise<Outcome> {
  const outcome = await portolan(args, { env });
  if (outcome.code !== 0) throw new Error(`${args.join(' ')}: ${outcome.stderr}`);
  return outcome;
}

/** How often servers were started, by name, as the audit log has it. */
function starts(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of readFileSync(audit, 'utf8').trim().split('\n')) {
    const { event, server } = JSON.parse(line);
    if (event === 'started') counts[server] = (counts[server] ?? 0) + 1;
  }
  return counts;
}

async function gatewayWith(...args: string[]): Promise<HttpGateway> {
  const gateway = await startHttpGateway(
    [...args, '--isolation', 'bubblewrap', '--audit', audit],
    env,
  );
  open.push(gateway);
  return gateway;
}

async function clientOf({ url, token }: HttpGateway) {
  const client = new Client({ name: 'test', version: '1' });
  const seen = { changes: 0 };
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    seen.changes += 1;
  });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { Authorization: `Bearer ${token}` } },
    }),
  );
  open.push({ stop: () => client.close() });
  const names = async () => (await client.listTools()).tools.map(({ name }) => name);
  const textOf = async (name: string, args: Record<string, unknown>) => {
    const { content } = await client.callTool({ name, arguments: args });
    return (content as { text: string }[])[0]?.text ?? '';
  };
  /** Runs a command, and waits until the client was told that its tools are other ones. */
  const told = async (...args: string[]) => {
    const before = seen.changes;
    await run(...args);
    await expect.poll(() => seen.changes).toBeGreaterThan(before);
  };
  return { client, seen, names, textOf, told };
}

describe.skipIf(skip)('a gateway that runs while its profile changes', () => {
  it('tells clients, and keeps running what did not change', async () => {
    await run('add', 'everything');
    const gateway = await gatewayWith();
    const { seen, names, textOf, told } = await clientOf(gateway);
    expect(await textOf('echo', { message: 'one' })).toContain('one');
    expect(await names()).not.toContain('sequentialthinking');
    // The server itself says so as well, once it knows what its client can do.
    await expect.poll(() => seen.changes).toBe(1);

    await told('add', 'sequential-thinking');
    expect(await names()).toContain('sequentialthinking');

    await told('tools', 'disable', 'everything', 'echo', 'get-s*');
    expect(await names()).not.toContain('echo');
    expect(await names()).not.toContain('get-sum');
    expect(await textOf('echo', { message: 'two' })).toContain(
      'the tool echo is switched off in the profile default',
    );

    await told('tools', 'enable', 'everything', 'echo');
    expect(await textOf('echo', { message: 'three' })).toContain('three');

    await told('remove', 'sequential-thinking');
    expect(await names()).not.toContain('sequentialthinking');
    expect(await textOf('echo', { message: 'four' })).toContain('four');
    expect(starts()).toEqual({ everything: 1 });
  });

  it('goes on as before while the file is broken, and follows when it is whole', async () => {
    await run('add', 'everything');
    const gateway = await gatewayWith('--profile', 'default');
    const { seen, names } = await clientOf(gateway);
    const before = await names();
    const path = join(String(env.PORTOLAN_HOME), 'config', 'profiles', 'default.yaml');
    const text = await readFile(path, 'utf8');
    await writeFile(path, `${text}  sequential-thinking: {tools: [\n`);
    await expect.poll(() => gateway.stderr()).toContain('going on as before');
    expect(gateway.stderr()).toMatch(/default\.yaml:\d+: /);
    expect(await names()).toEqual(before);
    await writeFile(path, `${text}  sequential-thinking: {}\n`);
    await expect.poll(() => seen.changes).toBe(1);
    expect(await names()).toContain('sequentialthinking');
    // What was not locked is locked on its first use.
    await expect.poll(() => gateway.stderr()).toContain('locked sequential-thinking in');
    const show = JSON.parse((await run('profile', 'show', '--json')).stdout);
    expect(show.faults).toEqual([]);
  });

  it('starts again only the server whose secret was replaced', async () => {
    await run('add', 'everything', 'context7');
    const gateway = await gatewayWith();
    const { textOf } = await clientOf(gateway);
    await textOf('echo', { message: 'one' });
    // It waits for a network that may not be there; what counts is that it starts.
    const ask = () =>
      void textOf('resolve-library-id', { query: 'a', libraryName: 'a' }).catch(() => {});
    ask();
    // Its packages are fetched first, which takes a while on a busy machine.
    const patience = { timeout: 90_000 };
    await expect.poll(starts, patience).toEqual({ everything: 1, context7: 1 });
    const set = await portolan(['secret', 'set', 'context7.api_key', '--stdin'], {
      env,
      stdin: 'value',
    });
    expect(set.code).toBe(0);
    await expect.poll(() => gateway.stderr()).toContain('secrets: context7 changed');
    await textOf('echo', { message: 'two' });
    ask();
    await expect.poll(starts, patience).toEqual({ everything: 1, context7: 2 });
  }, 240_000);

  it('follows another profile when that becomes the current one', async () => {
    await run('add', 'everything');
    await run('add', 'sequential-thinking', '--profile', 'other');
    const gateway = await gatewayWith();
    const { names, told } = await clientOf(gateway);
    expect(await names()).toContain('echo');
    await told('profile', 'use', 'other');
    expect(await names()).toEqual(['sequentialthinking']);
    await told('tools', 'disable', 'sequential-thinking', '*');
    expect(await names()).toEqual([]);
  });

  it('applies the switches to discovered tools as well', async () => {
    await run('add', 'everything');
    await run('tools', 'disable', 'everything', 'echo');
    const { textOf, seen } = await clientOf(await gatewayWith('--discover'));
    expect(await textOf('find_tools', { query: 'echo back the message' })).not.toContain('"echo"');
    expect(await textOf('call_tool', { name: 'echo', arguments: { message: 'one' } })).toContain(
      'switched off',
    );
    await textOf('add_server', { name: 'sequential-thinking' });
    await run('tools', 'enable', 'everything', 'echo');
    await expect.poll(() => seen.changes).toBeGreaterThan(1);
    expect(await textOf('call_tool', { name: 'echo', arguments: { message: 'two' } })).toContain(
      'two',
    );
    // What the client added is still there.
    expect(await textOf('find_tools', { query: 'thinking' })).toContain('sequentialthinking');
  });
});
