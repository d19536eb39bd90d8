import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { expect, it } from 'vitest';
import { META } from '../../gateway/relay/protocol.ts';
import { fixture, gatewayOf, httpOf, type Json, upstream } from '../support/gateway.ts';

const command = fixture('scripted.ts');

async function post(url: string, headers: Record<string, string>, message: Json) {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
  });
  return { response, text: await response.text() };
}

/** A client of the old era: a session of its own, ids that all clients use alike. */
async function oldClient(url: string) {
  const { response } = await post(
    url,
    {},
    {
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'crowd', version: '1' },
      },
    },
  );
  const session = { 'mcp-session-id': String(response.headers.get('mcp-session-id')) };
  return (id: number, name: string, args: Json) =>
    post(url, session, { id, method: 'tools/call', params: { name, arguments: args } });
}

function newClient(url: string) {
  return (id: number, name: string, args: Json) =>
    post(
      url,
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name },
      {
        id,
        method: 'tools/call',
        params: {
          name,
          arguments: args,
          _meta: { [META.protocolVersion]: '2026-07-28', [META.clientCapabilities]: {} },
        },
      },
    );
}

it('200 clients of both eras with 10 servers: no answer is lost, late or for another', async () => {
  const servers = Array.from({ length: 10 }, (_, index) => upstream(`s${index}`, command));
  const gateway = gatewayOf(servers, { listWaitMs: 60_000 });
  const { url } = await httpOf(gateway);
  const clients = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => (index % 2 ? oldClient(url) : newClient(url))),
  );
  let answered = 0;
  await Promise.all(
    clients.map(async (call, client) => {
      for (let round = 0; round < 10; round += 1) {
        const server = (client + round) % 10;
        const mark = `client ${client} round ${round} server ${server}`;
        const { text } = await call(round + 2, `s${server}__echo`, { mark });
        expect(text).toContain(mark);
        expect(JSON.parse(text)).toMatchObject({ id: round + 2 });
        answered += 1;
      }
    }),
  );
  expect(answered).toBe(2000);
  expect(servers.every(({ channels }) => channels.length === 1)).toBe(true);
});

it('a question of a server reaches only the client whose call it belongs to', async () => {
  const gateway = gatewayOf([upstream('one', command)]);
  const { url } = await httpOf(gateway);
  const ask = (name: string) =>
    post(
      url,
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name },
      {
        id: 1,
        method: 'tools/call',
        params: {
          name,
          arguments: { ms: 500 },
          _meta: {
            [META.protocolVersion]: '2026-07-28',
            [META.clientCapabilities]: { elicitation: {} },
          },
        },
      },
    );
  await ask('echo');
  const [slow, first] = await Promise.all([ask('slow'), ask('elicit')]);
  expect(slow.text).toContain('slept');
  expect(first.text).toContain('not certain which client');
  const [again, second] = await Promise.all([ask('slow'), ask('elicit')]);
  expect(again.text).toContain('slept');
  expect(JSON.parse(second.text).result.resultType).toBe('input_required');
});

it('serves clients of 2024-11-05 on /sse when asked to', async () => {
  const endpoint = await httpOf(gatewayOf([upstream('one', command)]), { legacySse: true });
  const client = new Client({ name: 'old', version: '1' });
  await client.connect(new SSEClientTransport(new URL('/sse', endpoint.url)));
  const result = await client.callTool({ name: 'echo', arguments: { a: 1 } });
  expect(result.content).toEqual([{ type: 'text', text: '{"a":1}' }]);
  await client.close();
  const closed = await httpOf(gatewayOf([]));
  expect((await fetch(new URL('/sse', closed.url))).status).toBe(404);
});
