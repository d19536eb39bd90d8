import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { META } from '../../gateway/relay/protocol.ts';
import { fixture, gatewayOf, httpOf, type Json, upstream } from '../support/gateway.ts';

const MB = 2 ** 20;
const LIMIT = 32 * MB;
const HEADERS = {
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
};

/** A client that sends a request by hand and never reads a byte of the answer. */
async function unread(port: number, headers: Record<string, string>, message: Json) {
  const body = JSON.stringify({ jsonrpc: '2.0', ...message });
  const lines = Object.entries({
    Host: `127.0.0.1:${port}`,
    'Content-Length': String(Buffer.byteLength(body)),
    ...HEADERS,
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket: Socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let cut = false;
  socket.on('error', () => {
    cut = true;
  });
  socket.pause();
  socket.write(`POST /mcp HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
  return { wasCut: () => cut, socket };
}

const flood = (more: Json = {}) => ({
  id: 1,
  method: 'tools/call',
  params: {
    name: 'flood',
    arguments: { count: 160, bytes: MB },
    _meta: { progressToken: 'p', ...more },
  },
});

const MODERN = {
  [META.protocolVersion]: '2026-07-28',
  [META.clientCapabilities]: {},
};

/** Runs `work` and gives the most memory of this process, beyond what it had before, in bytes. */
async function mostMemory(work: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss() - before);
  }, 5);
  await work();
  clearInterval(timer);
  return most;
}

it.each(['2026-07-28', '2025-11-25'])(
  'a client of %s that never reads its stream is cut off, and costs no more than the limit says',
  async (version) => {
    const server = upstream('live', fixture('scripted.ts'));
    const gateway = gatewayOf([server]);
    const { url, port } = await httpOf(gateway, { maxWaitingBytes: LIMIT });
    const modern = version === '2026-07-28';
    const post = async (message: Json, headers: Record<string, string> = {}) =>
      fetch(url, {
        method: 'POST',
        headers: { ...HEADERS, ...headers },
        body: JSON.stringify({ jsonrpc: '2.0', ...message }),
      });
    let headers: Record<string, string> = {
      'Mcp-Protocol-Version': version,
      'Mcp-Method': 'tools/call',
      'Mcp-Name': 'flood',
    };
    if (!modern) {
      const clientInfo = { name: 'test', version: '1' };
      const params = { protocolVersion: version, capabilities: {}, clientInfo };
      const hello = await post({ id: 0, method: 'initialize', params });
      headers = { 'Mcp-Session-Id': String(hello.headers.get('mcp-session-id')) };
      await hello.text();
    }
    const echo = async () => {
      const params = {
        name: 'echo',
        arguments: { still: 'here' },
        ...(modern && { _meta: MODERN }),
      };
      const named = modern ? { ...headers, 'Mcp-Name': 'echo' } : headers;
      const answer = await post({ id: 2, method: 'tools/call', params }, named);
      return answer.text();
    };
    // The server runs, so that its start is no part of what is measured.
    expect(await echo()).toContain('still');
    let client: Awaited<ReturnType<typeof unread>> | undefined;
    const most = await mostMemory(async () => {
      client = await unread(port, headers, flood(modern ? MODERN : {}));
      await expect.poll(() => gateway.status()[0]?.calls, { timeout: 30_000 }).toBe(1);
      await expect
        .poll(() => gateway.status()[0]?.calls, { timeout: 60_000, interval: 20 })
        .toBe(0);
    });
    // What was cut off is not read on: 160 MB were sent, and never lay here all at once.
    expect(most).toBeLessThan(LIMIT + 96 * MB);
    // Reading now shows that the connection is gone.
    client?.socket.resume();
    await expect.poll(() => client?.socket.closed, { timeout: 30_000 }).toBe(true);
    expect(await echo()).toContain('still');
    expect(server.channels).toHaveLength(1);
  },
  120_000,
);

it('a client that reads slowly gets all of it', async () => {
  const gateway = gatewayOf([upstream('live', fixture('scripted.ts'))]);
  const { url } = await httpOf(gateway, { maxWaitingBytes: LIMIT });
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      ...HEADERS,
      'Mcp-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'tools/call',
      'Mcp-Name': 'flood',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      ...flood(MODERN),
      params: { ...flood(MODERN).params, arguments: { count: 20, bytes: MB } },
    }),
  });
  let bytes = 0;
  let end = '';
  for await (const piece of answer.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength;
    end = `${end}${Buffer.from(piece).toString()}`.slice(-2000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(bytes).toBeGreaterThan(20 * MB);
  expect(end).toContain('said it all');
}, 60_000);
