import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HttpEndpoint, HttpOptions } from '../../gateway/endpoint/http.ts';
import { META } from '../../gateway/relay/protocol.ts';
import { fixture, gatewayOf, httpOf, type Json, upstream } from '../support/gateway.ts';
import { INITIALIZE } from '../support/initialize.ts';

const TOKEN = 'a-token-of-the-test-that-is-long-enough';
const accept = 'application/json, text/event-stream';

async function endpointOf(options: Partial<HttpOptions> = {}) {
  const gateway = gatewayOf([upstream('scripted', fixture('scripted.ts'))]);
  return httpOf(gateway, { tokens: [{ name: 'ada', token: TOKEN }], ...options });
}

/** One request with node:http, which lets Host and Origin be anything. */
function send(
  endpoint: HttpEndpoint,
  {
    method = 'POST',
    headers = {},
    body = '',
    path,
  }: {
    method?: string;
    headers?: Record<string, string>;
    body?: string;
    path?: string;
  } = {},
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  const url = new URL(endpoint.url);
  if (path) url.pathname = path;
  return new Promise((resolve, reject) => {
    const sent = plainRequest(
      url,
      {
        method,
        agent: false,
        headers: { accept, 'content-type': 'application/json', ...headers },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const authorization = `Bearer ${TOKEN}`;
const modern = (method: string, params: Json = {}) => ({
  headers: {
    authorization,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof params.name === 'string' && { 'mcp-name': params.name }),
  },
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method,
    params: {
      ...params,
      _meta: { [META.protocolVersion]: '2026-07-28', [META.clientCapabilities]: {} },
    },
  }),
});

describe('who may come in', () => {
  it('needs the bearer token, for every method', async () => {
    const endpoint = await endpointOf();
    for (const method of ['POST', 'GET', 'DELETE']) {
      const answer = await send(endpoint, { method, body: method === 'POST' ? INITIALIZE : '' });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer /);
    }
    for (const wrong of [
      'Bearer wrong',
      `Bearer ${TOKEN}x`,
      `Basic ${TOKEN}`,
      `Bearer ${TOKEN} x`,
    ]) {
      const answer = await send(endpoint, { headers: { authorization: wrong }, body: INITIALIZE });
      expect(answer.status).toBe(401);
    }
    const answer = await send(endpoint, { headers: { authorization }, body: INITIALIZE });
    expect(answer.status).toBe(200);
    expect(answer.headers['mcp-session-id']).toMatch(/^[\x21-\x7e]+$/);
  });

  it('refuses foreign hosts and pages', async () => {
    const endpoint = await endpointOf({
      allowedOrigins: ['https://app.example'],
      allowedHosts: ['gate.example'],
    });
    const status = async (headers: Record<string, string>) =>
      (await send(endpoint, { headers: { authorization, ...headers }, body: INITIALIZE })).status;
    expect(await status({ host: 'evil.example' })).toBe(403);
    expect(await status({ host: `evil.example:${endpoint.port}` })).toBe(403);
    expect(await status({ host: 'localhost.evil.example' })).toBe(403);
    expect(await status({ origin: 'https://evil.example' })).toBe(403);
    expect(await status({ origin: 'null' })).toBe(403);
    expect(await status({ origin: 'http://localhost.evil.example' })).toBe(403);
    expect(await status({ host: 'gate.example' })).toBe(200);
    expect(await status({ origin: 'https://app.example' })).toBe(200);
    expect(await status({ origin: 'http://localhost:5173' })).toBe(200);
  });

  it('keeps a session to the caller who opened it', async () => {
    const endpoint = await endpointOf({
      tokens: [
        { name: 'ada', token: TOKEN },
        { name: 'eve', token: `${TOKEN}-of-eve` },
      ],
    });
    const opened = await send(endpoint, { headers: { authorization }, body: INITIALIZE });
    const session = String(opened.headers['mcp-session-id']);
    const ping = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'ping' });
    const as = async (token: string) => {
      const headers = { authorization: `Bearer ${token}`, 'mcp-session-id': session };
      return (await send(endpoint, { headers, body: ping })).status;
    };
    expect(await as(TOKEN)).toBe(200);
    expect(await as(`${TOKEN}-of-eve`)).toBe(404);
  });

  it('takes tokens that a verifier vouches for, and says where to get one', async () => {
    const endpoint = await endpointOf({
      verifyToken: async (token) => (token === 'jwt' ? { principal: 'grace' } : undefined),
      protectedResource: { resource: 'https://gate.example/mcp' },
    });
    const bad = await send(endpoint, { headers: { authorization: 'Bearer x' }, body: INITIALIZE });
    expect(bad.headers['www-authenticate']).toContain('resource_metadata=');
    const good = await send(endpoint, {
      headers: { authorization: 'Bearer jwt' },
      body: INITIALIZE,
    });
    expect(good.status).toBe(200);
    const document = await send(endpoint, {
      method: 'GET',
      path: '/.well-known/oauth-protected-resource',
    });
    expect(JSON.parse(document.text)).toEqual({ resource: 'https://gate.example/mcp' });
  });

  it('says that it is alive without a token, and nothing else', async () => {
    const endpoint = await endpointOf();
    for (const path of ['/health', '/ready']) {
      const answer = await send(endpoint, { method: 'GET', path });
      expect(answer).toMatchObject({ status: 200, text: '{"status":"ok"}' });
    }
    expect((await send(endpoint, { method: 'GET', path: '/other' })).status).toBe(404);
  });
});

describe('what may come in', () => {
  it('has a limit on the size of a request', async () => {
    const endpoint = await endpointOf({ maxBodyBytes: 1000 });
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'x'.repeat(2000) });
    expect((await send(endpoint, { headers: { authorization }, body })).status).toBe(413);
    const chunked = { authorization, 'transfer-encoding': 'chunked' };
    expect((await send(endpoint, { headers: chunked, body })).status).toBe(413);
  });

  it('has limits on headers, sessions and requests at once', async () => {
    const endpoint = await endpointOf({ maxSessions: 2, maxRequests: 4 });
    const large = await send(endpoint, {
      headers: { authorization, 'x-large': 'x'.repeat(20_000) },
      body: INITIALIZE,
    }).catch(() => ({ status: 400 }));
    expect([400, 431]).toContain(large.status);
    for (let count = 0; count < 10; count += 1) {
      expect((await send(endpoint, { headers: { authorization }, body: INITIALIZE })).status).toBe(
        200,
      );
    }
    const slow = modern('tools/call', { name: 'slow', arguments: { ms: 1500 } });
    const many = await Promise.all(Array.from({ length: 8 }, () => send(endpoint, slow)));
    expect(many.filter(({ status }) => status === 503).length).toBeGreaterThan(0);
    expect(many.filter(({ status }) => status === 200).length).toBe(4);
  });

  it('gives up on a client that sends its request too slowly', async () => {
    const endpoint = await endpointOf({ requestTimeoutMs: 500 });
    const closed = await new Promise<string>((resolve) => {
      const socket = connect(endpoint.port, '127.0.0.1');
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
      socket.write(`POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${authorization}\r\n`);
      socket.write('Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"jsonrpc"');
    });
    expect(closed).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  it('is JSON that is a message, of a known revision, for a known session', async () => {
    const endpoint = await endpointOf();
    const post = async (body: string, headers: Record<string, string> = {}) => {
      const answer = await send(endpoint, { headers: { authorization, ...headers }, body });
      return [answer.status, (JSON.parse(answer.text) as { error?: Json }).error?.code];
    };
    expect(await post('not json')).toEqual([400, -32700]);
    expect(await post(INITIALIZE, { 'content-type': 'text/plain' })).toEqual([415, -32600]);
    const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    expect(await post(ping)).toEqual([400, -32600]);
    expect(await post(ping, { 'mcp-session-id': 'none' })).toEqual([404, -32001]);
    expect(await post(ping, { 'mcp-protocol-version': '1999-01-01' })).toEqual([400, -32600]);
    expect(await post(ping, { 'mcp-protocol-version': '2026-07-28' })).toEqual([400, -32602]);
  });

  it('says the same in headers and body (2026-07-28)', async () => {
    const endpoint = await endpointOf();
    const call = modern('tools/call', { name: 'echo', arguments: {} });
    const codeWith = async (changed: Record<string, string | undefined>) => {
      const headers = Object.fromEntries(
        Object.entries({ ...call.headers, ...changed }).filter(([, value]) => value !== undefined),
      ) as Record<string, string>;
      const { status, text } = await send(endpoint, { headers, body: call.body });
      return [status, (JSON.parse(text) as { error?: Json }).error?.code];
    };
    expect(await codeWith({})).toEqual([200, undefined]);
    expect(await codeWith({ 'mcp-name': '=?base64?ZWNobw==?=' })).toEqual([200, undefined]);
    expect(await codeWith({ 'mcp-name': 'other' })).toEqual([400, -32020]);
    expect(await codeWith({ 'mcp-name': undefined })).toEqual([400, -32020]);
    expect(await codeWith({ 'mcp-method': 'tools/list' })).toEqual([400, -32020]);
    expect(await codeWith({ 'mcp-method': undefined })).toEqual([400, -32020]);
    expect(await codeWith({ 'mcp-protocol-version': undefined })).toEqual([400, -32020]);
    expect(await codeWith({ 'mcp-protocol-version': '2025-11-25' })).toEqual([400, -32020]);
  });

  it('answers once what is neither a request nor a notification', async () => {
    const endpoint = await endpointOf();
    const call = modern('tools/list');
    const { id: _, ...rest } = JSON.parse(call.body) as Record<string, unknown>;
    for (const broken of [{ ...rest, jsonrpc: '1.0' }, { ...rest, jsonrpc: undefined }, rest]) {
      const answer = await send(endpoint, { ...call, body: JSON.stringify(broken) });
      expect([200, 202, 400]).toContain(answer.status);
    }
    expect((await send(endpoint, call)).status).toBe(200);
  });

  it('survives 10,000 random malformed requests', { timeout: 120_000 }, async () => {
    const endpoint = await endpointOf();
    const seeds = [INITIALIZE, modern('tools/list').body, '[]', '{}', 'null', '"x"', '[1,[2]]'];
    const heads = ['POST', 'GET', 'DELETE', 'PUT', 'OPTIONS'];
    let answered = 0;
    const attack = async (index: number) => {
      const seed = Buffer.from(seeds[index % seeds.length] as string);
      const bytes = randomBytes(8);
      for (const byte of bytes) seed[byte % Math.max(seed.length, 1)] = byte;
      const method = heads[(bytes[0] as number) % heads.length];
      const headers: Record<string, string> = {
        authorization,
        ...((bytes[1] as number) % 2 && { 'mcp-session-id': bytes.toString('hex') }),
        ...((bytes[2] as number) % 3 === 0 && { 'mcp-protocol-version': '2026-07-28' }),
        ...((bytes[3] as number) % 3 === 0 && { 'mcp-method': 'tools/list' }),
        ...((bytes[4] as number) % 5 === 0 && { accept: 'text/plain' }),
      };
      const response = await fetch(endpoint.url, {
        method: method as string,
        headers: { accept, 'content-type': 'application/json', ...headers },
        ...(method !== 'GET' && { body: seed }),
      });
      await response.body?.cancel();
      expect(response.status).toBeLessThan(500);
      answered += 1;
    };
    for (let start = 0; start < 10_000; start += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => attack(start + index)));
    }
    expect(answered).toBe(10_000);
    const after = await send(endpoint, modern('tools/call', { name: 'echo', arguments: { a: 1 } }));
    expect(JSON.parse(after.text).result.content[0].text).toBe('{"a":1}');
  });

  it('survives raw garbage on its port', async () => {
    const endpoint = await endpointOf();
    await Promise.all(
      Array.from({ length: 200 }, () => {
        const socket = connect(endpoint.port, '127.0.0.1');
        socket.on('error', () => {});
        socket.resume().end(randomBytes(300));
        return new Promise((resolve) => socket.once('close', resolve));
      }),
    );
    expect((await send(endpoint, { headers: { authorization }, body: INITIALIZE })).status).toBe(
      200,
    );
  });
});

describe('sessions', () => {
  it('outlive an unknown method', async () => {
    const endpoint = await endpointOf();
    const opened = await send(endpoint, { headers: { authorization }, body: INITIALIZE });
    const headers = { authorization, 'mcp-session-id': String(opened.headers['mcp-session-id']) };
    const answer = await send(endpoint, {
      headers,
      body: '{"jsonrpc":"2.0","id":2,"method":"no/such"}',
    });
    // A 404 would tell the client that its session is gone.
    expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([200, -32601]);
  });

  it('end when the client ends them', async () => {
    const endpoint = await endpointOf();
    const opened = await send(endpoint, { headers: { authorization }, body: INITIALIZE });
    const headers = { authorization, 'mcp-session-id': String(opened.headers['mcp-session-id']) };
    expect((await send(endpoint, { method: 'DELETE', headers })).status).toBe(204);
    const body = '{"jsonrpc":"2.0","id":2,"method":"ping"}';
    expect((await send(endpoint, { headers, body })).status).toBe(404);
  });

  it('keep what belongs to no request until the client listens', async () => {
    const gateway = gatewayOf([upstream('scripted', fixture('scripted.ts'))]);
    const endpoint = await httpOf(gateway);
    const opened = await send(endpoint, { body: INITIALIZE });
    const headers = { 'mcp-session-id': String(opened.headers['mcp-session-id']) };
    await gateway.setUpstreams([]);
    const seen = new Promise<string>((resolve, reject) => {
      const listening = plainRequest(
        endpoint.url,
        { headers: { ...headers, accept } },
        (response) => {
          response.setEncoding('utf8').on('data', (chunk: string) => {
            if (chunk.includes('list_changed')) resolve(chunk);
          });
        },
      );
      listening.on('error', reject);
      listening.end();
    });
    expect(await seen).toContain('notifications/tools/list_changed');
  });
});

it('serves over TLS', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', key, '-out', cert, '-days', '1', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ],
    { stdio: 'ignore' },
  );
  const ca = readFileSync(cert);
  const endpoint = await endpointOf({ tls: { cert: ca, key: readFileSync(key) } });
  expect(endpoint.url).toMatch(/^https:/);
  const status = await new Promise<number>((resolve, reject) => {
    const sent = secureRequest(
      endpoint.url,
      {
        method: 'POST',
        ca,
        headers: { authorization, accept, 'content-type': 'application/json' },
      },
      (response) => resolve(response.resume().statusCode ?? 0),
    );
    sent.on('error', reject);
    sent.end(INITIALIZE);
  });
  expect(status).toBe(200);
});
