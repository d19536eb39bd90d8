import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { launch } from '../../core/isolation/launch.ts';
import { readLines } from '../../gateway/endpoint/lines.ts';
import { serveStdio } from '../../gateway/endpoint/stdio.ts';
import type { Upstream } from '../../gateway/relay/upstream.ts';
import { fixture, gatewayOf, type Json, rawClient, upstream } from '../support/gateway.ts';
import { probePlan } from '../support/probe.ts';

const NO_BOX = { detected: { engines: [], bubblewrap: undefined, findings: [] } };
const scripted = (...args: string[]) => fixture('scripted.ts', ...args);
const server = (name: string, args: string[] = [], options: Partial<Upstream> = {}) =>
  upstream(name, scripted(...args), options);

async function clientOf(upstreams: Upstream[], capabilities: Json = {}, options = {}) {
  const gateway = gatewayOf(upstreams, options);
  const client = rawClient(gateway);
  await client.initialize(capabilities);
  return Object.assign(client, {
    gateway,
    call: async (name: string, args: Json = {}, meta?: Json) => {
      const params = { name, arguments: args, ...(meta && { _meta: meta }) };
      return (await client.ask('tools/call', params)).result as Json;
    },
    names: async () => {
      const { result } = (await client.ask('tools/list')) as { result: { tools: Json[] } };
      return result.tools.map(({ name }) => name);
    },
  });
}

const textOf = (result: Json) => (result.content as { text: string }[])[0]?.text;

describe('a server that misbehaves', () => {
  it('prints garbage, answers twice, answers strangers, makes no sense: calls come through', async () => {
    const client = await clientOf([server('bad', ['--noise'])]);
    expect(textOf(await client.call('echo', { a: 1 }))).toBe('{"a":1}');
    expect(textOf(await client.call('twice'))).toBe('first');
    expect(textOf(await client.call('strangers'))).toBe('for you');
    expect(await client.call('none')).toEqual({});
    expect(textOf(await client.call('echo', { a: 2 }))).toBe('{"a":2}');
    const answers = client.messages.filter(({ id, method }) => id !== undefined && !method);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(answers.length);
  });

  it('sends more than its client reads: it has to wait, and nothing is lost', async () => {
    const MB = 1024 * 1024;
    const gateway = gatewayOf([server('big')]);
    const held: boolean[] = [];
    const { hold } = gateway;
    gateway.hold = (now) => {
      held.push(now);
      hold(now);
    };
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    serveStdio(gateway, { stdin, stdout });
    let most = 0;
    const write = stdout.write.bind(stdout);
    stdout.write = ((chunk: string) => {
      const taken = write(chunk);
      most = Math.max(most, stdout.writableLength + stdout.readableLength);
      return taken;
    }) as typeof stdout.write;
    const send = (message: Json) =>
      stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    const clientInfo = { name: 'slow', version: '1' };
    const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
    send({ id: 0, method: 'initialize', params: hello });
    for (let id = 1; id <= 6; id += 1) {
      send({ id, method: 'tools/call', params: { name: 'huge', arguments: { bytes: 24 * MB } } });
    }
    await expect.poll(() => held.at(0), { timeout: 60_000 }).toBe(true);
    // The client begins to read only now.
    const answered = new Set<unknown>();
    readLines(stdout, (line) => answered.add((JSON.parse(line) as Json).id), {
      maxBytes: 1 << 30,
      onTooLong: () => {},
    });
    await expect.poll(() => answered.size, { timeout: 60_000 }).toBe(7);
    expect(held.at(-1)).toBe(false);
    expect(most).toBeLessThan(120 * MB);
  }, 150_000);

  it('sends a line of 60 MB', async () => {
    const client = await clientOf([server('big')]);
    const result = await client.call('huge', { bytes: 60 * 1024 * 1024 });
    expect(textOf(result)?.length).toBe(60 * 1024 * 1024);
  });

  it('crashes in the middle of a call: that call says so, the next one works', async () => {
    const client = await clientOf([server('crashing'), server('calm', ['--prompt', 'p'])]);
    const [crashed, other] = await Promise.all([
      client.call('crashing__crash'),
      client.call('calm__echo', { a: 1 }),
    ]);
    expect(crashed).toMatchObject({ isError: true });
    expect(textOf(crashed)).toMatch(/^crashing: the server stopped before it answered/);
    expect(textOf(other)).toBe('{"a":1}');
    expect(textOf(await client.call('crashing__echo', { b: 2 }))).toBe('{"b":2}');
  });

  it('is killed while it is idle: the next call starts it again', async () => {
    const idle = server('idle');
    const client = await clientOf([idle]);
    const before = Number(textOf(await client.call('pid')));
    process.kill(before, 'SIGKILL');
    await expect.poll(() => client.gateway.status()[0]?.running, { timeout: 10_000 }).toBe(0);
    expect(Number(textOf(await client.call('pid')))).not.toBe(before);
  });

  it('never answers initialize: given up after its time, others are not delayed, nothing stays', async () => {
    const silent = server('silent', ['--silent'], { startTimeoutMs: 2000 });
    const client = await clientOf([silent, server('calm')], {}, { listWaitMs: 100 });
    await expect.poll(() => client.names(), { timeout: 10_000 }).toContain('echo');
    expect(textOf(await client.call('echo', { a: 1 }))).toBe('{"a":1}');
    const [channel] = silent.channels;
    await expect.poll(() => isAlive(channel?.pid as number), { timeout: 10_000 }).toBe(false);
  });

  it('crashes at every start: it is tried less and less, and says why', async () => {
    const broken = server('broken', ['--crash'], { signed: undefined });
    const client = await clientOf([broken, server('calm')]);
    expect(await client.names()).toContain('echo');
    for (let count = 0; count < 6; count += 1) await client.ask('tools/list');
    expect(broken.channels.length).toBeLessThan(4);
    expect(client.gateway.lines.join('\n')).toContain('the next start is tried in');
  });

  it('keeps a roots request open while it is listed: nobody waits for it', async () => {
    const client = await clientOf([server('rooted', ['--roots'])], { roots: {} });
    const started = client.messages.length;
    expect(await client.names()).toContain('echo');
    const asked = await client.until(({ method }) => method === 'roots/list');
    expect(asked.id).toBeDefined();
    expect(started).toBeLessThan(client.messages.length);
    expect(textOf(await client.call('echo', { a: 1 }))).toBe('{"a":1}');
  });

  it('sends 500 list_changed at its start: one start, a few lists', async () => {
    const stormy = server('stormy', ['--storm', '500']);
    const client = await clientOf([stormy]);
    for (let count = 0; count < 12; count += 1) await client.call('echo', { count });
    expect(stormy.channels).toHaveLength(1);
    const told = client.messages.filter(
      ({ method }) => method === 'notifications/tools/list_changed',
    );
    expect(told.length).toBeLessThan(3);
  });

  it('does not answer a call within its time: an error result, and the server hears of it', async () => {
    const client = await clientOf([server('hanging', [], { callTimeoutMs: 300 })]);
    const result = await client.call('hang');
    expect(result).toMatchObject({ isError: true });
    expect(textOf(result)).toContain('hanging: no answer within the time limit');
    expect(JSON.parse(textOf(await client.call('cancelled')) ?? '')).toHaveLength(1);
  });

  it('sends a line of 100 MB where 8 MB are allowed: its call fails, it is started again', async () => {
    const open = () =>
      launch(probePlan(), { ...NO_BOX, isolation: 'none', maxMessageBytes: 8 * 2 ** 20 });
    const client = await clientOf([upstream('long', ['none'], { open }), server('calm')]);
    const before = process.memoryUsage().rss;
    const [long, other] = await Promise.all([
      client.call('long_line', { megabytes: 100 }),
      client.call('echo', { a: 1 }),
    ]);
    expect(textOf(long)).toMatch(/^long: the server stopped .* a line of more than 8388608 bytes/);
    expect(textOf(other)).toBe('{"a":1}');
    expect(process.memoryUsage().rss - before).toBeLessThan(80 * 2 ** 20);
    expect(await client.call('args')).not.toHaveProperty('isError');
  });

  it('is not used for its time: it is stopped, and started again for the next call', async () => {
    const idle = server('idle', [], { idleStopMs: 300 });
    const client = await clientOf([idle]);
    await client.call('pid');
    await expect.poll(() => isAlive(idle.channels[0]?.pid as number)).toBe(false);
    expect(textOf(await client.call('echo', { a: 1 }))).toBe('{"a":1}');
    expect(idle.channels).toHaveLength(2);
  });

  it('works while the clock jumps a year ahead and back: no call is given up, no server stopped', async () => {
    const steady = server('steady');
    const client = await clientOf([steady]);
    await client.call('echo');
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    for (const years of [1, -1]) {
      const slow = client.call('slow', { ms: 2500 });
      vi.setSystemTime(Date.now() + years * 365 * 86_400_000);
      expect(textOf(await slow)).toBe('slept');
    }
    expect(steady.channels).toHaveLength(1);
  });

  it('sends progress after the answer: it is dropped', async () => {
    const client = await clientOf([server('late')]);
    client.send({
      id: 'x',
      method: 'tools/call',
      params: { name: 'late', _meta: { progressToken: 'p' } },
    });
    await client.until(({ id }) => id === 'x');
    await client.call('echo');
    const seen = client.messages.filter(({ method }) => method === 'notifications/progress');
    expect(seen.map(({ params }) => params)).toEqual([{ progressToken: 'p', progress: 1 }]);
  });

  it('cannot be started: an error result that says which one and why', async () => {
    const broken: Upstream = {
      ...server('missing'),
      open: async () => {
        throw new Error('podman is not installed');
      },
      signed: { tools: [{ name: 't', inputSchema: {} }], capabilities: { tools: {} } } as never,
    };
    const client = await clientOf([broken]);
    expect(textOf(await client.call('t'))).toContain('missing: podman is not installed');
  });
});

describe('several servers', () => {
  it('share prompt names and resource URIs: both stay reachable', async () => {
    const args = ['--prompt', 'plan', '--uri', 'test://same'];
    const client = await clientOf([server('one', args), server('two', args)]);
    const { result: prompts } = (await client.ask('prompts/list')) as {
      result: { prompts: Json[] };
    };
    expect(prompts.prompts.map(({ name }) => name)).toEqual(['one__plan', 'two__plan']);
    const { result } = (await client.ask('resources/list')) as { result: { resources: Json[] } };
    const uris = result.resources.map(({ uri }) => uri);
    expect(uris).toEqual(['portolan://one/test://same', 'portolan://two/test://same']);
    const read = await Promise.all(uris.map((uri) => client.ask('resources/read', { uri })));
    const contents = read.map((answer) => (answer.result as { contents: Json[] }).contents[0]);
    expect(contents.map((content) => content?.uri)).toEqual(uris);
    expect(contents[0]?.text).not.toBe(contents[1]?.text);
    const got = await Promise.all(
      ['one__plan', 'two__plan'].map((name) => client.ask('prompts/get', { name })),
    );
    expect(JSON.stringify(got[0])).not.toBe(JSON.stringify(got[1]));
  });

  it('prefix only what collides, always, or never', async () => {
    const extra = '[{"name":"only","inputSchema":{"type":"object"}}]';
    const both = () => [server('one'), server('two', ['--tools', extra])];
    const auto = await (await clientOf(both())).names();
    expect(auto).toEqual(expect.arrayContaining(['one__echo', 'two__echo', 'only']));
    const always = await (await clientOf(both(), {}, { prefix: 'always' })).names();
    expect(always).toEqual(expect.arrayContaining(['one__echo', 'two__only']));
    const never = await (await clientOf(both(), {}, { prefix: 'never' })).names();
    expect(never.filter((name) => name === 'echo')).toHaveLength(1);
    expect(never).toContain('only');
  });
});

describe('a client', () => {
  it('gets -32601 for an unknown method, -32700 for what is no JSON, one answer per id', async () => {
    const client = await clientOf([server('any')]);
    expect((await client.ask('no/such')).error).toMatchObject({ code: -32601 });
    client.write('not json\n');
    expect(await client.until(({ error }) => (error as Json)?.code === -32700)).toHaveProperty(
      'id',
      null,
    );
    client.send({
      id: 'same',
      method: 'tools/call',
      params: { name: 'slow', arguments: { ms: 200 } },
    });
    client.send({ id: 'same', method: 'ping' });
    const answers = await Promise.all([
      client.until(({ id, error }) => id === 'same' && error !== undefined),
      client.until(({ id, result }) => id === 'same' && result !== undefined),
    ]);
    expect(answers).toHaveLength(2);
  });

  it('may send a batch, as revision 2025-03-26 allows', async () => {
    const client = await clientOf([server('any')]);
    client.write(
      '[{"jsonrpc":"2.0","id":"a","method":"ping"},{"jsonrpc":"2.0","id":"b","method":"no/such"}]\n',
    );
    const batch = (await client.until((message) => Array.isArray(message))) as unknown as Json[];
    expect(batch.map(({ id }) => id).sort()).toEqual(['a', 'b']);
  });

  it('cancels a call: the server is told, no answer comes', async () => {
    const client = await clientOf([server('any')]);
    await client.call('echo');
    client.send({ id: 'c', method: 'tools/call', params: { name: 'hang' } });
    client.send({
      method: 'notifications/cancelled',
      params: { requestId: 'c', reason: 'enough' },
    });
    expect(JSON.parse(textOf(await client.call('cancelled')) ?? '')).toHaveLength(1);
    expect(client.messages.some(({ id }) => id === 'c')).toBe(false);
  });

  it('leaves in the middle of a call: the call is cancelled, nothing breaks', async () => {
    const any = server('any');
    const gateway = gatewayOf([any]);
    const client = rawClient(gateway);
    await client.initialize();
    client.send({ id: 1000, method: 'tools/call', params: { name: 'hang' } });
    await client.ask('tools/list');
    client.endpoint.close();
    await client.endpoint.closed;
    expect(gateway.status()[0]?.calls).toBe(0);
  });

  it('hears log messages from its level on', async () => {
    const client = await clientOf([server('any')]);
    await client.ask('logging/setLevel', { level: 'warning' });
    await client.call('log', { level: 'info' });
    await client.call('log', { level: 'error' });
    const logged = client.messages.filter(({ method }) => method === 'notifications/message');
    expect(logged.map(({ params }) => (params as Json).data)).toEqual(['at error']);
  });

  it('hears of a resource that it subscribed to, until it unsubscribes', async () => {
    const client = await clientOf([server('any', ['--uri', 'test://r'])]);
    const updates = () =>
      client.messages.filter(({ method }) => method === 'notifications/resources/updated');
    await client.call('change');
    await client.ask('resources/subscribe', { uri: 'test://r' });
    await client.call('change');
    await client.ask('resources/unsubscribe', { uri: 'test://r' });
    await client.call('change');
    expect(updates().map(({ params }) => params)).toEqual([{ uri: 'test://r' }]);
  });

  it('without elicitation: the server is told so, and its call ends', async () => {
    const client = await clientOf([server('any')]);
    expect(textOf(await client.call('elicit'))).toContain('does not support elicitation');
  });

  it('sees every page of a list', async () => {
    const client = await clientOf([server('any')]);
    expect((await client.names()).length).toBeGreaterThan(12);
  });

  it('sees servers come and go; those that stay keep running', async () => {
    const stays = server('stays');
    const client = await clientOf([stays, server('goes')]);
    const pid = textOf(await client.call('stays__pid'));
    await client.gateway.setUpstreams([stays, server('comes')]);
    await client.until(({ method }) => method === 'notifications/tools/list_changed');
    expect(await client.names()).toContain('comes__pid');
    expect(textOf(await client.call('stays__pid'))).toBe(pid);
    expect(stays.channels).toHaveLength(1);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
