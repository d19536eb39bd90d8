import { createRequire } from 'node:module';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { CapturedTools } from '../../core/entry/types.generated.ts';
import { type HttpEndpoint, type HttpOptions, serveHttp } from '../../gateway/endpoint/http.ts';
import { readLines } from '../../gateway/endpoint/lines.ts';
import { serveStdio } from '../../gateway/endpoint/stdio.ts';
import { createGateway, type Gateway } from '../../gateway/relay/gateway.ts';
import type { GatewayOptions } from '../../gateway/relay/relay.ts';
import type { Upstream } from '../../gateway/relay/upstream.ts';
import { openPlainChannel, type PlainChannel } from './plain-channel.ts';

export type Json = Record<string, unknown>;

const require = createRequire(import.meta.url);

/** The reference server that has a bit of everything. */
export const everything = [
  process.execPath,
  require.resolve('@modelcontextprotocol/server-everything/dist/index.js'),
  'stdio',
] as const;

/** A server of test/fixtures/servers. */
export function fixture(name: string, ...args: string[]): readonly [string, ...string[]] {
  const path = fileURLToPath(new URL(`../fixtures/servers/${name}`, import.meta.url));
  return [process.execPath, path, ...args];
}

/** An upstream without isolation that counts its starts. */
export interface TestUpstream extends Upstream {
  readonly channels: PlainChannel[];
}

export function upstream(
  name: string,
  command: readonly [string, ...string[]],
  options: Partial<Upstream> = {},
): TestUpstream {
  const channels: PlainChannel[] = [];
  return {
    name,
    fingerprint: name,
    stateful: false,
    channels,
    async open() {
      const channel = openPlainChannel(command);
      channels.push(channel);
      return channel;
    },
    ...options,
  };
}

/** What a server lists, in the shape of a signed capture. */
export function captured(tools: readonly Json[], more: Json = {}): CapturedTools {
  return {
    capturedFrom: 'test',
    serverInfo: { name: 'test' },
    capabilities: { tools: {} },
    tools,
    ...more,
  } as unknown as CapturedTools;
}

/** A gateway that ends with the test. */
export function gatewayOf(
  upstreams: readonly Upstream[],
  options: Partial<GatewayOptions> = {},
): Gateway & { readonly lines: string[] } {
  const lines: string[] = [];
  const gateway = createGateway({
    upstreams,
    info: { name: 'portolan', version: '0.0.0' },
    log: (line) => lines.push(line),
    ...options,
  });
  onTestFinished(() => gateway.close());
  return Object.assign(gateway, { lines });
}

/** The gateway on a free port. */
export async function httpOf(
  gateway: Gateway,
  options: Partial<HttpOptions> = {},
): Promise<HttpEndpoint> {
  const endpoint = await serveHttp(gateway, { port: 0, tokens: [], ...options });
  onTestFinished(() => endpoint.close());
  return endpoint;
}

/** A raw client on the gateway's stdio: every message in the order of its arrival. */
export function rawClient(gateway: Gateway) {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const endpoint = serveStdio(gateway, { stdin, stdout });
  const messages: Json[] = [];
  const waiting: { test: (message: Json) => boolean; resolve: (message: Json) => void }[] = [];
  readLines(
    stdout,
    (line) => {
      const message = JSON.parse(line) as Json;
      messages.push(message);
      for (const [index, one] of [...waiting.entries()].reverse()) {
        if (!one.test(message)) continue;
        waiting.splice(index, 1);
        one.resolve(message);
      }
    },
    { maxBytes: 1 << 30, onTooLong: () => {} },
  );
  let nextId = 0;
  const client = {
    messages,
    stdin,
    endpoint,
    write: (text: string) => void stdin.write(text),
    send: (message: Json) =>
      void stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`),
    /** The next message, or one that came before, that fits. */
    until(test: (message: Json) => boolean): Promise<Json> {
      const found = messages.find(test);
      if (found) return Promise.resolve(found);
      return new Promise((resolve) => waiting.push({ test, resolve }));
    },
    /** Sends a request and waits for the whole answer. */
    async ask(method: string, params: Json = {}, id: string | number = ++nextId): Promise<Json> {
      client.send({ id, method, params });
      return client.until((message) => message.id === id && message.method === undefined);
    },
    async initialize(capabilities: Json = {}, protocolVersion = '2025-11-25') {
      const clientInfo = { name: 'test', version: '1' };
      const answer = await client.ask('initialize', { protocolVersion, capabilities, clientInfo });
      client.send({ method: 'notifications/initialized' });
      return answer.result as Json;
    },
  };
  return client;
}
