import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { replicasOf } from '../../gateway/compose/replica-options.ts';
import type { HttpEndpoint } from '../../gateway/endpoint/http.ts';
import { openReplicas } from '../../gateway/endpoint/replicas.ts';
import { META } from '../../gateway/relay/protocol.ts';
import { freePort } from '../support/free-port.ts';
import { fixture, gatewayOf, httpOf, type Json, upstream } from '../support/gateway.ts';

const SECRET = 'what-all-replicas-of-this-test-share';
const tokens = [{ name: 'ada', token: 'a-token-of-the-test-that-is-long-enough' }];

/** A gateway that knows that it is one of several. */
async function replica(secret = SECRET): Promise<HttpEndpoint> {
  const port = await freePort();
  const replicas = openReplicas(secret, `http://127.0.0.1:${port}/mcp`);
  const gateway = gatewayOf(
    [
      upstream('scripted', fixture('scripted.ts')),
      // A second server with resources, so that a URI alone does not say where it belongs.
      upstream('other', fixture('scripted.ts', '--uri', 'other://one')),
    ],
    { newState: replicas.newName, replicated: true, prefix: 'always' },
  );
  return httpOf(gateway, { port, tokens, replicas });
}

const headers = {
  authorization: `Bearer ${tokens[0]?.token}`,
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

async function send(url: string, more: Record<string, string>, message: Json) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, ...more },
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
  });
  const text = await response.text();
  return { response, answer: (text ? JSON.parse(text) : {}) as Json };
}

function modernCall(url: string, name: string, more: Json = {}) {
  return send(
    url,
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name },
    {
      id: 7,
      method: 'tools/call',
      params: {
        name,
        arguments: {},
        _meta: {
          [META.protocolVersion]: '2026-07-28',
          [META.clientCapabilities]: { elicitation: { form: {} } },
        },
        ...more,
      },
    },
  );
}

async function openSession(url: string, more: Record<string, string> = {}): Promise<string> {
  const { response } = await send(url, more, {
    id: 1,
    method: 'initialize',
    params: {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 't', version: '1' },
    },
  });
  expect(response.status).toBe(200);
  return String(response.headers.get('mcp-session-id'));
}

const legacyCall = (url: string, id: string, name = 'scripted__pid') =>
  send(
    url,
    { 'mcp-session-id': id },
    { id: 2, method: 'tools/call', params: { name, arguments: { ms: 300 } } },
  );

describe('several replicas', () => {
  it('go on with a held call, whichever gets the answer', async () => {
    const [one, two] = [await replica(), await replica()];
    const asked = (await modernCall(one.url, 'scripted__elicit')).answer.result as Json;
    expect(asked.resultType).toBe('input_required');
    const [key] = Object.keys(asked.inputRequests as Json);
    const { answer } = await modernCall(two.url, 'scripted__elicit', {
      requestState: asked.requestState,
      inputResponses: { [String(key)]: { action: 'accept', content: { name: 'Ada' } } },
    });
    const result = answer.result as Json;
    expect(JSON.stringify(result.content)).toContain('Ada');
    // The state is spent, on every replica.
    const again = await modernCall(one.url, 'scripted__elicit', {
      requestState: asked.requestState,
    });
    expect(again.answer.error).toMatchObject({ code: -32602 });
  });

  it('say clearly that a held call ended with its replica', async () => {
    const [one, two] = [await replica(), await replica()];
    const asked = (await modernCall(one.url, 'scripted__elicit')).answer.result as Json;
    await one.close();
    const { response, answer } = await modernCall(two.url, 'scripted__elicit', {
      requestState: asked.requestState,
    });
    expect(response.status).toBe(400);
    expect(answer).toMatchObject({
      id: 7,
      error: { code: -32602, message: expect.stringContaining('call again without requestState') },
    });
  });

  it('pass a session on to its replica, streams and its end included', async () => {
    const [one, two] = [await replica(), await replica()];
    const id = await openSession(one.url);
    const here = await legacyCall(one.url, id);
    const there = await legacyCall(two.url, id);
    expect(there.answer.result).toEqual(here.answer.result);
    const stream = await fetch(two.url, { headers: { ...headers, 'mcp-session-id': id } });
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    await stream.body?.cancel();
    const session = { ...headers, 'mcp-session-id': id };
    expect((await fetch(two.url, { method: 'DELETE', headers: session })).status).toBe(204);
    expect((await legacyCall(one.url, id)).response.status).toBe(404);
  });

  it('answer 404 to a session whose replica is gone, so that the client begins anew', async () => {
    const [one, two] = [await replica(), await replica()];
    const id = await openSession(one.url);
    await one.close();
    expect((await legacyCall(two.url, id)).response.status).toBe(404);
    // Its old id does not keep it from doing so.
    const next = await openSession(two.url, { 'mcp-session-id': id });
    expect((await legacyCall(two.url, next)).response.status).toBe(200);
  });

  it('let nobody in whom the session does not belong to, and follow no forged name', async () => {
    const [one, two] = [await replica(), await replica()];
    const id = await openSession(one.url);
    const refused = await fetch(two.url, {
      method: 'DELETE',
      headers: { 'mcp-session-id': id },
    });
    expect(refused.status).toBe(401);
    // A name that somebody made who has another key; its address must not be called.
    const called: unknown[] = [];
    const trap = createServer((request, response) => {
      called.push(request.url);
      response.end('{}');
    });
    const port = await freePort();
    trap.listen(port, '127.0.0.1');
    onTestFinished(() => void trap.close());
    const forged = openReplicas('x'.repeat(40), `http://127.0.0.1:${port}/mcp`).newName();
    expect((await legacyCall(two.url, forged)).response.status).toBe(404);
    expect((await legacyCall(two.url, 'short')).response.status).toBe(404);
    expect(called).toEqual([]);
  });

  it('name the server in links that are in no list', async () => {
    const one = await replica();
    const { answer } = await modernCall(one.url, 'scripted__link');
    const content = (answer.result as { content: Json[] }).content;
    expect(content[0]?.uri).toBe('portolan://scripted/file:///report');
  });
});

describe('sessions that a balancer routes by a hash of their id', () => {
  const proposed = '0123456789abcdef0123456789abcdef';
  const single = () =>
    httpOf(gatewayOf([upstream('scripted', fixture('scripted.ts'))]), { tokens });

  it('have the id that the balancer proposes', async () => {
    const { url } = await single();
    expect(await openSession(url, { 'mcp-session-id': proposed })).toBe(proposed);
    const before = await legacyCall(url, proposed, 'pid');
    // Beginning anew under the same id gives the first session up.
    expect(await openSession(url, { 'mcp-session-id': proposed })).toBe(proposed);
    expect((await legacyCall(url, proposed, 'pid')).response.status).toBe(200);
    expect(before.response.status).toBe(200);
  });

  it('have another one when it is no random id', async () => {
    const { url } = await single();
    for (const weak of ['1', 'admin', `${proposed}0`]) {
      expect(await openSession(url, { 'mcp-session-id': weak })).not.toBe(weak);
    }
  });
});

describe('draining', () => {
  it('turns /ready false and waits for calls, but not for streams', async () => {
    const endpoint = await httpOf(gatewayOf([upstream('scripted', fixture('scripted.ts'))]), {
      tokens,
    });
    const ready = () => fetch(new URL('/ready', endpoint.url)).then(({ status }) => status);
    const id = await openSession(endpoint.url);
    await legacyCall(endpoint.url, id, 'pid');
    const stream = await fetch(endpoint.url, { headers: { ...headers, 'mcp-session-id': id } });
    expect(await ready()).toBe(200);
    const call = legacyCall(endpoint.url, id, 'slow');
    await new Promise((resolve) => setTimeout(resolve, 50));
    let drained = false;
    const drain = endpoint.drain(10_000).then(() => {
      drained = true;
    });
    expect(await ready()).toBe(503);
    expect(drained).toBe(false);
    const { response } = await call;
    expect(response.status).toBe(200);
    await drain;
    await stream.body?.cancel();
  });

  it('waits no longer than it may', async () => {
    const endpoint = await httpOf(gatewayOf([upstream('scripted', fixture('scripted.ts'))]), {
      tokens,
    });
    const id = await openSession(endpoint.url);
    const call = legacyCall(endpoint.url, id, 'hang').catch(() => 'cut off');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const began = Date.now();
    await endpoint.drain(200);
    expect(Date.now() - began).toBeGreaterThanOrEqual(190);
    expect(Date.now() - began).toBeLessThan(5_000);
    await endpoint.close();
    await call;
  });
});

describe('--replica-key and --replica-url', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-replica-'));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it.each([
    [{ replicaUrl: 'http://10.0.0.1:8811/mcp' }, 'REPLICA_INCOMPLETE'],
    [{ replicaKey: file('good', SECRET), replicaUrl: '10.0.0.1:8811' }, 'REPLICA_URL'],
    [{ replicaKey: file('weak', 'short'), replicaUrl: 'http://a/mcp' }, 'REPLICA_KEY_WEAK'],
    [{ replicaKey: join(folder, 'none'), replicaUrl: 'http://a/mcp' }, 'FILE_UNREADABLE'],
  ])('%o is refused with %s', async (options, code) => {
    await expect(replicasOf(options)).rejects.toMatchObject({ code });
  });

  it('are not needed', async () => {
    expect(await replicasOf({})).toBeUndefined();
  });
});
