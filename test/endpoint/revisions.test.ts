import { describe, expect, it } from 'vitest';
import { META } from '../../gateway/relay/protocol.ts';
import { fixture, gatewayOf, httpOf, type Json, rawClient, upstream } from '../support/gateway.ts';

const SESSIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'];
const clientInfo = { name: 'test', version: '1' };
const server = () => upstream('scripted', fixture('scripted.ts'));
const echo = { name: 'echo', arguments: { a: 1 } };

/** One message over HTTP, and the answer, whether it comes as JSON or as an event. */
async function post(url: string, message: Json, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
  });
  const text = await response.text();
  const data = /^data: (\{.*)$/m.exec(text)?.[1] ?? text;
  return { response, answer: data === '' ? {} : JSON.parse(data) };
}

describe.each(SESSIONS)('a client of %s', (protocolVersion) => {
  it('has its own revision on stdio', async () => {
    const client = rawClient(gatewayOf([server()]));
    expect(await client.initialize({}, protocolVersion)).toMatchObject({ protocolVersion });
    expect(await client.ask('tools/call', echo)).toMatchObject({
      result: { content: [{ text: '{"a":1}' }] },
    });
  });

  it('has its own revision and a session on HTTP, beside clients of 2026-07-28 without one', async () => {
    const { url } = await httpOf(gatewayOf([server()]));
    const params = { protocolVersion, capabilities: {}, clientInfo };
    const { response, answer } = await post(url, { id: 1, method: 'initialize', params });
    expect(answer.result).toMatchObject({ protocolVersion });
    const session = {
      'mcp-session-id': response.headers.get('mcp-session-id') ?? '',
      // Clients before 2025-06-18 know no such header.
      ...(protocolVersion >= '2025-06-18' && { 'mcp-protocol-version': protocolVersion }),
    };
    expect(session['mcp-session-id']).not.toBe('');
    await post(url, { method: 'notifications/initialized' }, session);
    const old = await post(url, { id: 2, method: 'tools/call', params: echo }, session);
    expect(old.answer.result.content[0].text).toBe('{"a":1}');
    expect(old.answer.result.resultType).toBeUndefined();

    const _meta = { [META.protocolVersion]: '2026-07-28', [META.clientCapabilities]: {} };
    const modern = await post(
      url,
      { id: 3, method: 'tools/call', params: { ...echo, _meta } },
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' },
    );
    expect(modern.answer.result).toMatchObject({
      resultType: 'complete',
      content: [{ text: '{"a":1}' }],
    });
    expect(modern.response.headers.get('mcp-session-id')).toBeNull();
  });
});

it('a client of a revision that is not known is offered the newest with sessions', async () => {
  const client = rawClient(gatewayOf([server()]));
  expect(await client.initialize({}, '2023-01-01')).toMatchObject({
    protocolVersion: '2025-11-25',
  });
});

it('a server that is listed live is started and listed once for many clients', async () => {
  const live = server();
  const { url } = await httpOf(gatewayOf([live]));
  const _meta = { [META.protocolVersion]: '2026-07-28', [META.clientCapabilities]: {} };
  for (let id = 1; id <= 5; id += 1) {
    const { answer } = await post(
      url,
      { id, method: 'tools/list', params: { _meta } },
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' },
    );
    expect(answer.result.tools.length).toBeGreaterThan(0);
  }
  expect(live.channels).toHaveLength(1);
});
