import { request } from 'node:http';
import { expect, it } from 'vitest';
import { META } from '../../gateway/relay/protocol.ts';
import { fixture, gatewayOf, httpOf, type Json, upstream } from '../support/gateway.ts';

const MODERN = {
  [META.protocolVersion]: '2026-07-28',
  [META.clientCapabilities]: {},
};

const modernHeaders = (method: string, name?: string) => ({
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name && { 'mcp-name': name }),
});

it('100 clients without sessions that leave in the middle of a call: each server hears of it', async () => {
  const any = upstream('any', fixture('scripted.ts'));
  const gateway = gatewayOf([any]);
  const { url } = await httpOf(gateway);
  const call = (name: string, id: number) =>
    JSON.stringify({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name, arguments: {}, _meta: MODERN },
    });
  const ask = async (name: string) => {
    const headers = modernHeaders('tools/call', name);
    const response = await fetch(url, { method: 'POST', headers, body: call(name, 1) });
    const { result } = (await response.json()) as { result: { content: { text: string }[] } };
    return result.content[0]?.text ?? '';
  };
  await ask('echo');
  const leaving = Array.from({ length: 100 }, (_, id) => {
    const sent = request(url, { method: 'POST', headers: modernHeaders('tools/call', 'hang') });
    sent.on('error', () => {});
    sent.end(call('hang', id));
    return sent;
  });
  await expect.poll(() => gateway.status()[0]?.calls).toBe(100);
  for (const sent of leaving) sent.destroy();
  await expect.poll(async () => JSON.parse(await ask('cancelled')).length).toBe(100);
  await expect.poll(() => gateway.status()[0]?.calls).toBe(0);
  expect(any.channels).toHaveLength(1);
});

it('sessions that nobody uses end, and their servers with them', async () => {
  const own = upstream('own', fixture('scripted.ts'), { stateful: true });
  const gateway = gatewayOf([own]);
  const { url } = await httpOf(gateway, { sessionIdleMs: 3000 });
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const post = async (body: Json, more: Record<string, string> = {}) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, ...more },
      body: JSON.stringify({ jsonrpc: '2.0', ...body }),
    });
    await response.text();
    return response;
  };
  const open = async () => {
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    };
    const hello = await post({ id: 0, method: 'initialize', params });
    const session = { 'mcp-session-id': String(hello.headers.get('mcp-session-id')) };
    const used = await post({ id: 1, method: 'tools/call', params: { name: 'echo' } }, session);
    expect(used.status).toBe(200);
    return session;
  };
  const sessions = await Promise.all([open(), open(), open()]);
  expect(own.channels).toHaveLength(3);
  const alive = () => own.channels.filter(({ pid }) => isAlive(pid)).length;
  await expect.poll(alive).toBe(0);
  for (const session of sessions) {
    expect((await post({ id: 2, method: 'ping' }, session)).status).toBe(404);
  }
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
