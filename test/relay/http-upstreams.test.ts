import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createPort } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type HttpChannelOptions, openHttpChannel } from '../../gateway/relay/http-channel.ts';
import { everything, gatewayOf, type Json, rawClient, upstream } from '../support/gateway.ts';

/** A remote server of which the test says what it answers to each message. */
async function remote(
  answer: (
    message: Json & { id?: number; method?: string },
    request: IncomingMessage,
    response: ServerResponse,
  ) => unknown,
) {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const message = body ? JSON.parse(body) : {};
      const result = answer(message, request, response);
      if (response.writableEnded || response.headersSent || result === false) return;
      if (message.id === undefined)
        return response.writeHead(request.method === 'GET' ? 405 : 202).end();
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: result ?? {} }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

const greeting = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'remote', version: '1' },
};
const tools = { tools: [{ name: 'go', inputSchema: { type: 'object' } }] };
const said = (text: string) => ({ content: [{ type: 'text', text }] });

async function clientOf(url: string, options: Partial<HttpChannelOptions> = {}) {
  const gateway = gatewayOf([
    upstream('remote', everything, {
      open: ({ signal }) =>
        openHttpChannel({ url, transport: 'streamable-http', signal, ...options }),
    }),
  ]);
  const client = rawClient(gateway);
  await client.initialize();
  const call = async (name = 'go', args: Json = {}) =>
    JSON.stringify(await client.ask('tools/call', { name, arguments: args }));
  return Object.assign(client, { gateway, call });
}

describe('a remote server', () => {
  it('that lost the session gets a new handshake, and the call again', async () => {
    let sessions = 0;
    let lost = false;
    const calls: unknown[] = [];
    const url = await remote((message, request, response) => {
      if (message.method === 'initialize') {
        sessions += 1;
        response.setHeader('mcp-session-id', `session-${sessions}`);
        return greeting;
      }
      if (request.headers['mcp-session-id'] !== `session-${sessions}` || lost) {
        lost = false;
        return response.writeHead(404).end();
      }
      if (message.method === 'tools/list') return tools;
      if (message.method === 'tools/call') {
        calls.push(request.headers['mcp-session-id']);
        return said('went');
      }
    });
    const client = await clientOf(url);
    expect(await client.call()).toContain('went');
    lost = true;
    expect(await client.call()).toContain('went');
    expect(calls).toEqual(['session-1', 'session-2']);
  });

  it('that wants authorization gets it once, however many calls met the challenge', async () => {
    let token = 'first';
    const asked: unknown[] = [];
    const url = await remote((message, request, response) => {
      if (request.headers.authorization !== `Bearer ${token}`) {
        response.setHeader('www-authenticate', 'Bearer realm="x", scope="mcp"');
        return response.writeHead(401).end();
      }
      if (message.method === 'initialize') return greeting;
      if (message.method === 'tools/list') return tools;
      if (message.method === 'tools/call') return said('in');
    });
    const client = await clientOf(url, {
      authorize: async (challenge) => {
        asked.push(challenge);
        await new Promise((resolve) => setTimeout(resolve, 50));
        return { authorization: `Bearer ${token}` };
      },
    });
    expect(await client.call()).toContain('in');
    expect(asked).toEqual([{ url, status: 401, wwwAuthenticate: 'Bearer realm="x", scope="mcp"' }]);
    token = 'second';
    const answers = await Promise.all(Array.from({ length: 8 }, () => client.call()));
    expect(answers.every((answer) => answer.includes('in'))).toBe(true);
    expect(asked).toHaveLength(2);
    expect(asked[1]).toMatchObject({ authorization: 'Bearer first' });
  });

  it('that wants authorization and gets none says so in an error result', async () => {
    const url = await remote((_message, _request, response) => response.writeHead(401).end());
    const client = await clientOf(url);
    await client.ask('tools/list');
    expect(client.gateway.lines.join()).toContain('wants you to sign in');
  });

  it('that redirects is not followed', async () => {
    let elsewhere = 0;
    const other = await remote(() => {
      elsewhere += 1;
    });
    const url = await remote((_message, _request, response) =>
      response.writeHead(307, { location: other }).end(),
    );
    const client = await clientOf(url, { headers: { authorization: 'Bearer secret' } });
    await client.ask('tools/list');
    expect(elsewhere).toBe(0);
    expect(client.gateway.lines.join()).toContain('it redirects to');
  });

  it('that breaks off a stream is asked for the rest of it', async () => {
    const resumed: unknown[] = [];
    const url = await remote((message, request, response) => {
      if (message.method === 'initialize') return greeting;
      if (message.method === 'tools/list') return tools;
      if (message.method === 'tools/call') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('id: 41\nretry: 20\ndata:\n\n');
        setTimeout(() => response.destroy(), 20);
        return false;
      }
      if (request.method === 'GET' && request.headers['last-event-id']) {
        resumed.push(request.headers['last-event-id']);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const answer = { jsonrpc: '2.0', id: 4, result: said('resumed') };
        // The ids of the gateway count up: initialize, tools/list, tools/call.
        response.end(`id: 42\ndata: ${JSON.stringify({ ...answer, id: 3 })}\n\n`);
        return false;
      }
    });
    const client = await clientOf(url);
    await client.ask('tools/list');
    expect(await client.call()).toContain('resumed');
    expect(resumed).toEqual(['41']);
  });

  it('that answers with errors, nonsense or nothing: the call says what it got', async () => {
    let mode = 0;
    const url = await remote((message, _request, response) => {
      if (message.method === 'initialize') return greeting;
      if (message.method === 'tools/list') return tools;
      if (message.method !== 'tools/call') return undefined;
      mode += 1;
      if (mode === 1) return response.writeHead(500).end('<html>broken</html>');
      if (mode === 2) return response.writeHead(200, { 'content-type': 'text/html' }).end('hello');
      if (mode === 3) return response.writeHead(202).end();
      if (mode === 4) {
        response.destroy();
        return false;
      }
      return said('fine');
    });
    const client = await clientOf(url);
    await client.ask('tools/list');
    expect(await client.call()).toContain('HTTP 500');
    expect(await client.call()).toContain('HTTP 200: hello');
    expect(await client.call()).toContain('HTTP 202 instead of an answer');
    // Sent once only: the server may have done what was asked before the connection broke.
    expect(await client.call()).toContain('cannot be reached (ECONNRESET)');
    expect(await client.call()).toContain('fine');
  });

  it('that is not there: an error that names it', async () => {
    const client = await clientOf('http://127.0.0.1:9/mcp');
    await client.ask('tools/list');
    expect(client.gateway.lines.join()).toContain('127.0.0.1:9 cannot be reached');
  });
});

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('server-everything as a remote server', () => {
  const start = async (transport: 'streamableHttp' | 'sse') => {
    const reserved = createPort().listen(0, '127.0.0.1');
    await once(reserved, 'listening');
    const { port } = reserved.address() as AddressInfo;
    reserved.close();
    const child = spawn(everything[0], [everything[1], transport], {
      env: { ...process.env, PORT: String(port) },
      stdio: 'ignore',
    });
    onTestFinished(() => void child.kill());
    await expect.poll(() => listens(port), { timeout: 20_000 }).toBe(true);
    return `http://127.0.0.1:${port}/${transport === 'sse' ? 'sse' : 'mcp'}`;
  };

  it.each(['streamable-http', 'sse'] as const)('over %s', async (transport) => {
    const url = await start(transport === 'sse' ? 'sse' : 'streamableHttp');
    const client = await clientOf(url, { transport });
    const { result } = (await client.ask('tools/list')) as { result: { tools: Json[] } };
    expect(result.tools.length).toBeGreaterThan(10);
    expect(await client.call('echo', { message: 'ahoy' })).toContain('Echo: ahoy');
    client.send({
      id: 'p',
      method: 'tools/call',
      params: {
        name: 'trigger-long-running-operation',
        arguments: { duration: 0.2, steps: 4 },
        _meta: { progressToken: 'token' },
      },
    });
    await client.until(({ id }) => id === 'p');
    const order = client.messages.slice(
      client.messages.findIndex((m) => m.method === 'notifications/progress'),
    );
    const seen = order
      .filter(({ id, method }) => id === 'p' || method === 'notifications/progress')
      .map(({ id, params }) => id ?? (params as Json).progress);
    expect(seen).toEqual([1, 2, 3, 4, 'p']);
  });
});
