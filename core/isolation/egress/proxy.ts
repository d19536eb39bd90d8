import { chmodSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { NetworkRule } from '../../entry/resolve.ts';
import { messageOf } from '../../errors.ts';
import type { HostResolver } from './address.ts';
import { EgressDenied, permittedAddress } from './rules.ts';

export interface ProxyOptions {
  readonly rules: readonly NetworkRule[];
  readonly resolveHost: HostResolver;
  /** Called with each refused connection. */
  readonly onDenied?: (text: string) => void;
}

/** A running egress proxy of one server. */
export interface EgressProxy {
  /** Resolves once the forwarder has said that it listens. */
  readonly ready: Promise<void>;
  /** Takes a connection that did not come through the socket. */
  accept(connection: Duplex): void;
  close(): Promise<void>;
}

/** Connections that one server may hold open at a time. */
export const MAX_CONNECTIONS = 256;
const CONNECT_TIMEOUT = 30_000;

/** Headers that belong to one hop (RFC 9110, 7.6.1). */
const HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
]);

/**
 * The only way out of a server's box: an HTTP proxy (CONNECT and plain requests) on a Unix socket
 * that only this server has, or with connections that `accept` is given. It looks names up itself
 * and enforces the entry's rules.
 */
export async function openProxy(
  socketPath: string | undefined,
  { rules, resolveHost, onDenied }: ProxyOptions,
): Promise<EgressProxy> {
  const open = new Set<Duplex>();
  const track = <T extends Duplex>(socket: T): T => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    return socket.on('close', () => open.delete(socket));
  };
  const refuse = (target: string, error: unknown): readonly [number, string] => {
    if (!(error instanceof EgressDenied)) {
      return [502, `portolan: ${target} cannot be reached: ${messageOf(error)}\n`];
    }
    onDenied?.(error.message);
    return [403, `portolan: ${error.message}\n`];
  };

  let setReady = () => {};
  const ready = new Promise<void>((resolve) => {
    setReady = resolve;
  });
  const server = createServer((incoming, response) => {
    if (incoming.url === '/ready') {
      setReady();
      response.writeHead(204).end();
      return;
    }
    forward(incoming, response).catch((error: unknown) => {
      const [status, text] = refuse(incoming.url ?? '', error);
      if (response.headersSent) response.destroy();
      else response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', track);
  server.on('connect', (incoming: IncomingMessage, inside: Duplex, head: Buffer) => {
    const [host, port] = splitTarget(incoming.url ?? '');
    permittedAddress(rules, host, port, resolveHost)
      .then((address) => dial(address, port))
      .then((outside) => {
        track(outside);
        if (inside.destroyed) return void outside.destroy();
        inside.write('HTTP/1.1 200 Connection established\r\n\r\n');
        if (head.length) outside.write(head);
        join(inside, outside);
      })
      .catch((error: unknown) => {
        const [status, text] = refuse(incoming.url ?? '', error);
        inside.end(
          `HTTP/1.1 ${status} Refused\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
        );
      });
  });

  async function forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(incoming.url ?? '');
    if (url?.protocol !== 'http:') {
      throw new EgressDenied(`${incoming.url} is no http URL; use CONNECT for other protocols`);
    }
    const port = Number(url.port || 80);
    const address = await permittedAddress(rules, url.hostname, port, resolveHost);
    const headers: [string, string][] = [];
    for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
      const name = incoming.rawHeaders[index] as string;
      if (!HOP.has(name.toLowerCase())) {
        headers.push([name, incoming.rawHeaders[index + 1] as string]);
      }
    }
    // The host that was checked, not one that a header claims.
    headers.push(['Host', url.host]);
    await new Promise<void>((resolve, reject) => {
      const outgoing = request(
        {
          host: address,
          port,
          method: incoming.method,
          path: url.pathname + url.search,
          headers: headers.flat(),
          setHost: false,
          agent: false,
          timeout: CONNECT_TIMEOUT,
        },
        (answer) => {
          const kept = Object.entries(answer.headersDistinct).filter(([name]) => !HOP.has(name));
          response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
          answer.pipe(response);
          answer.on('error', reject);
          response.on('close', () => {
            outgoing.destroy();
            resolve();
          });
        },
      );
      outgoing.on('socket', track);
      outgoing.on('error', reject);
      incoming.pipe(outgoing);
    });
  }

  if (socketPath) {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(socketPath, resolve);
    });
    // The server runs as another user; only its box and our private folder hold the socket.
    chmodSync(socketPath, 0o666);
  }
  return {
    ready,
    accept: (connection) => void server.emit('connection', connection),
    close: () =>
      new Promise((resolve) => {
        if (server.listening) server.close(() => resolve());
        else resolve();
        for (const socket of open) socket.destroy();
      }),
  };
}

function splitTarget(target: string): [string, number] {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:@/]+):(\d{1,5})$/.exec(target);
  return [match?.[1] ?? '', Number(match?.[2] ?? 0)];
}

function dial(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, allowHalfOpen: true });
    socket.setTimeout(CONNECT_TIMEOUT, () => socket.destroy(new Error('no answer in time')));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

function join(one: Duplex, other: Duplex): void {
  one.pipe(other);
  other.pipe(one);
  one.on('close', () => other.destroy());
  other.on('close', () => one.destroy());
}
