import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect, it, onTestFinished } from 'vitest';
import { ReplayLog } from '../../gateway/endpoint/replay.ts';
import { createSseParser } from '../../gateway/relay/sse-parser.ts';
import { fixture, gatewayOf, httpOf, type Json, upstream } from '../support/gateway.ts';

interface Event {
  readonly id: string | undefined;
  readonly message: Json | undefined;
}

async function sessionOf(protocolVersion = '2025-11-25') {
  const scripted = upstream('scripted', fixture('scripted.ts', '--uri', 'test://r'));
  const { url } = await httpOf(gatewayOf([scripted]));
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const post = (body: Json, signal?: AbortSignal) =>
    fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ jsonrpc: '2.0', ...body }),
      ...(signal && { signal }),
    });
  const clientInfo = { name: 'test', version: '1' };
  const hello = await post({
    id: 0,
    method: 'initialize',
    params: { protocolVersion, capabilities: {}, clientInfo },
  });
  await hello.text();
  headers['mcp-session-id'] = String(hello.headers.get('mcp-session-id'));
  await (await post({ method: 'notifications/initialized' })).text();
  const resume = (id?: string) =>
    fetch(url, { headers: { ...headers, ...(id !== undefined && { 'last-event-id': id }) } });
  const steps = (count: number, ms: number, signal?: AbortSignal) =>
    post(
      {
        id: 'call',
        method: 'tools/call',
        params: { name: 'steps', arguments: { count, ms }, _meta: { progressToken: 'p' } },
      },
      signal,
    );
  return { url, post, resume, steps };
}

/** Reads events until there are `most`, or until the stream ends. */
async function read(response: Response, most = Number.POSITIVE_INFINITY): Promise<Event[]> {
  const events: Event[] = [];
  const parse = createSseParser(({ id, data }) => {
    events.push({ id, message: data === '' ? undefined : JSON.parse(data) });
  });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  while (events.length < most) {
    const { done, value } = await reader.read();
    if (done) break;
    parse(decoder.decode(value, { stream: true }));
  }
  await reader.cancel();
  return events;
}

const progressOf = (events: readonly Event[]) =>
  events.flatMap(({ message }) => (message?.params as Json | undefined)?.progress ?? []);

it('a client whose connection broke gets the rest of its call, each message once', async () => {
  const { steps, resume } = await sessionOf();
  const first = await read(await steps(6, 100), 3);
  // 2025-11-25 begins with an id and no data.
  expect(first[0]).toMatchObject({ message: undefined });
  const rest = await read(await resume(first.at(-1)?.id));
  expect([...progressOf(first), ...progressOf(rest)]).toEqual([1, 2, 3, 4, 5, 6]);
  expect(rest.at(-1)?.message).toMatchObject({ id: 'call', result: { content: [{}] } });
});

it('also when the answer came while nobody was connected, and as often as it asks', async () => {
  const { steps, resume } = await sessionOf();
  const [begin] = await read(await steps(3, 20), 1);
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (let count = 0; count < 2; count += 1) {
    const rest = await read(await resume(begin?.id));
    expect(progressOf(rest)).toEqual([1, 2, 3]);
    expect(rest.at(-1)?.message).toHaveProperty('result');
  }
});

it('clients before 2025-11-25 get no event without data', async () => {
  const { steps } = await sessionOf('2025-06-18');
  const events = await read(await steps(2, 10));
  expect(events.every(({ message }) => message !== undefined)).toBe(true);
  expect(events.every(({ id }) => id !== undefined)).toBe(true);
});

it('the stream of what belongs to no request goes on with what was missed', async () => {
  const { post, resume } = await sessionOf();
  const call = async (name: string) =>
    (await post({ id: name, method: 'tools/call', params: { name } })).text();
  await call('echo');
  const subscribe = { id: 's', method: 'resources/subscribe', params: { uri: 'test://r' } };
  await (await post(subscribe)).text();
  const [begin] = await read(await resume(), 1);
  await call('change');
  const missed = await resume(begin?.id);
  await call('change');
  const events = await read(missed, 2);
  expect(events.map(({ message }) => message?.method)).toEqual([
    'notifications/resources/updated',
    'notifications/resources/updated',
  ]);
});

it('an id that is not known is refused without ending the session', async () => {
  const { resume, post } = await sessionOf();
  for (const id of ['1-0', '999-1', 'x', '', '1-999999999']) {
    const response = await resume(id);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('no longer known');
  }
  expect((await post({ id: 1, method: 'ping' })).status).toBe(200);
});

it('what is kept is bounded', async () => {
  const { post, resume } = await sessionOf();
  let id = 0;
  const streamed = async () => {
    id += 1;
    const _meta = { progressToken: 'p' };
    const params = { name: 'steps', arguments: { count: 1, ms: 1 }, _meta };
    return (await read(await post({ id, method: 'tools/call', params })))[0]?.id;
  };
  const kept = await streamed();
  expect((await resume(kept)).status).toBe(200);
  for (let count = 0; count < 64; count += 1) await streamed();
  expect((await resume(kept)).status).toBe(400);

  const log = new ReplayLog();
  const large = Array.from({ length: 20 }, () => log.open(undefined as never));
  const ids = large.map((stream) => log.add(stream, 'x'.repeat(1024 * 1024)));
  const known = ids.filter((one) => log.after(one) !== undefined);
  expect(known.length).toBeLessThanOrEqual(8);
  expect(known).toContain(ids.at(-1));
});

it("the official SDK's client finds its way back through a network that cuts every connection once", async () => {
  const { url } = await sessionOf();
  const cut = await cuttingProxy(Number(new URL(url).port));
  const client = new Client({ name: 'test', version: '1.0.0' });
  const transport = new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${cut.port}/mcp`), {
    reconnectionOptions: {
      initialReconnectionDelay: 20,
      maxReconnectionDelay: 100,
      reconnectionDelayGrowFactor: 1,
      maxRetries: 10,
    },
  });
  await client.connect(transport);
  const seen: number[] = [];
  const pending = client.callTool({ name: 'steps', arguments: { count: 8, ms: 100 } }, undefined, {
    onprogress: ({ progress }) => seen.push(progress),
  });
  await expect.poll(() => seen.length).toBeGreaterThan(1);
  cut.now();
  const result = await pending;
  expect(result.content).toEqual([{ type: 'text', text: 'arrived' }]);
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(cut.count()).toBeGreaterThan(0);
  await client.close();
});

/** Passes bytes on, and breaks all connections when it is told to. */
async function cuttingProxy(target: number) {
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server = createServer((socket) => {
    const onward = connect(target, '127.0.0.1');
    sockets.add(socket);
    socket.pipe(onward).pipe(socket);
    for (const end of [socket, onward]) end.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      onward.destroy();
    });
    onward.on('close', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    port: (server.address() as AddressInfo).port,
    count: () => cuts,
    now() {
      for (const socket of sockets) {
        cuts += 1;
        socket.resetAndDestroy();
      }
    },
  };
}
