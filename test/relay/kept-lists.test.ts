import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgetLists, listKeeper } from '../../gateway/compose/keep-lists.ts';
import { fixture, gatewayOf, type Json, rawClient, upstream } from '../support/gateway.ts';

const SECRET = 'hunter2-hunter2';
const DAY_MS = 86_400_000;

let state: string;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'portolan-lists-'));
});
afterEach(() => rm(state, { recursive: true }));

const folder = () => join(state, 'lists');
const files = async () => (await readdir(folder())).filter((name) => name !== 'key');
const only = async () => join(folder(), (await files())[0] as string);

/** One run of a gateway with a server without signed tools, until it is closed. */
async function run({ args = [], configuration = ['a', SECRET] }: RunOptions = {}) {
  const log: string[] = [];
  const keeper = listKeeper(
    { state },
    { server: 'live', configuration, log: (line) => log.push(line) },
  );
  const server = upstream('live', fixture('scripted.ts', ...args), { lists: keeper });
  const gateway = gatewayOf([server]);
  const client = rawClient(gateway);
  await client.initialize();
  const names = async () => {
    const { result } = (await client.ask('tools/list')) as { result: { tools: Json[] } };
    return result.tools.map(({ name }) => name);
  };
  return { client, server, names, log, close: () => gateway.close() };
}

interface RunOptions {
  readonly args?: readonly string[];
  readonly configuration?: readonly string[];
}

/** Lists the tools in a run of its own; says whether the server was started for it. */
async function listOnce(options: RunOptions = {}) {
  const { names, server, close } = await run(options);
  const tools = await names();
  const started = server.channels.length > 0;
  await close();
  return { started, tools };
}

const MORE = ['--tools', '[{"name":"more","inputSchema":{"type":"object"}}]'];

describe('the lists of a server without signed tools', () => {
  it('are kept for the next run, which starts nothing', async () => {
    const first = await listOnce();
    expect(first.started).toBe(true);
    expect(first.tools).toContain('echo');
    const second = await listOnce();
    expect(second).toEqual({ started: false, tools: first.tools });
  });

  it('are for their owner only, and hold nothing of the configuration', async () => {
    await listOnce();
    const names = await readdir(folder());
    for (const name of names) {
      expect((await stat(join(folder(), name))).mode & 0o777).toBe(0o600);
      expect(await readFile(join(folder(), name), 'latin1')).not.toContain(SECRET);
    }
    expect((await stat(folder())).mode & 0o777).toBe(0o700);
    expect(names).toHaveLength(2);
    // The name depends on a key: nobody can try out secrets.
    const before = await only();
    await rm(folder(), { recursive: true });
    await listOnce();
    expect(await only()).not.toBe(before);
  });

  it('are others in another configuration', async () => {
    await listOnce();
    expect((await listOnce({ configuration: ['a', 'other'] })).started).toBe(true);
    expect(await files()).toHaveLength(2);
  });

  it('are asked for again once the server runs, and clients are told of what changed', async () => {
    await listOnce();
    const { client, names, close } = await run({ args: MORE });
    expect(await names()).not.toContain('more');
    await client.ask('tools/call', { name: 'echo', arguments: {} });
    await expect.poll(names).toContain('more');
    expect(client.messages.map(({ method }) => method)).toContain(
      'notifications/tools/list_changed',
    );
    await close();
    expect((await listOnce()).tools).toContain('more');
  });

  it('hold as long as the server says, and never longer than a week', async () => {
    await listOnce({ args: ['--ttl', '0'] });
    expect((await listOnce({ args: ['--ttl', '60000'] })).started).toBe(true);
    expect((await listOnce()).started).toBe(false);
    const path = await only();
    const age = async (ms: number) => {
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace(/"listedAt":\d+/g, `"listedAt":${Date.now() - ms}`));
    };
    await age(59_000);
    expect((await listOnce()).started).toBe(false);
    await age(61_000);
    expect((await listOnce()).started).toBe(true);
    await age(6 * DAY_MS);
    expect((await listOnce()).started).toBe(false);
    await age(8 * DAY_MS);
    expect((await listOnce()).started).toBe(true);
    await age(-DAY_MS);
    expect((await listOnce()).started).toBe(true);
  });

  it.each([
    ['nothing', () => ''],
    ['half of it', (text: string) => text.slice(0, text.length / 2)],
    ['lists that are none', (text: string) => text.replace('"items":[', '"items":[7,')],
    ['no greeting', (text: string) => text.replace('"greeting"', '"other"')],
    ['null', () => 'null'],
  ])('are ignored and replaced when the file holds %s', async (_, damage) => {
    await listOnce();
    const path = await only();
    const before = await readFile(path, 'utf8');
    await writeFile(path, damage(before));
    expect((await listOnce()).started).toBe(true);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ server: 'live' });
    expect((await listOnce()).started).toBe(false);
  });

  it('are not read from a file, or under a key, that others can read or write', async () => {
    await listOnce();
    await chmod(await only(), 0o640);
    expect((await listOnce()).started).toBe(true);
    expect((await listOnce()).started).toBe(false);
    await chmod(join(folder(), 'key'), 0o644);
    expect((await listOnce()).started).toBe(true);
    expect((await listOnce()).started).toBe(false);
  });

  it('are forgotten when the server does not start any more', async () => {
    await listOnce();
    const { client, close } = await run({ args: ['--crash'] });
    const { result } = await client.ask('tools/call', { name: 'echo', arguments: {} });
    expect(result).toMatchObject({ isError: true });
    await close();
    expect((await listOnce()).started).toBe(true);
  });

  it('are forgotten on demand, of one server or of all', async () => {
    await listOnce();
    expect(await forgetLists({ state }, ['other'])).toBe(0);
    expect((await listOnce()).started).toBe(false);
    expect(await forgetLists({ state }, ['live'])).toBe(1);
    expect((await listOnce()).started).toBe(true);
    expect(await forgetLists({ state })).toBe(1);
    expect(await forgetLists({ state: join(state, 'none') })).toBe(0);
  });

  it('are bounded in number and age', async () => {
    await listOnce();
    for (let index = 0; index < 140; index += 1) {
      const path = join(folder(), `old-${index}`);
      await writeFile(path, '{}', { mode: 0o600 });
      const days = index < 10 ? 8 : 1;
      await utimes(path, new Date(), new Date(Date.now() - days * DAY_MS));
    }
    await listOnce({ configuration: ['b'] });
    const left = await files();
    expect(left).toHaveLength(128);
    expect(left).not.toContain('old-0');
    expect((await listOnce()).started).toBe(false);
  });
});
