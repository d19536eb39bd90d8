import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tls from 'node:tls';
import { messageOf, PortolanError } from '../errors.ts';

/** One HTTP request. Redirects are never followed here: the caller decides what may cross origins. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
  readonly redirect: 'manual';
}

/** The part of a `Response` that is looked at; the global class is not loaded for it (20 ms). */
export interface HttpResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream<Uint8Array> | null;
}

/** The part of `fetch` that the registry client uses; tests and embedders may pass their own. */
export type Fetch = (url: string, request: HttpRequest) => Promise<HttpResponse>;

export interface TransportOptions {
  /** Path of a PEM file with authorities that are trusted besides the usual ones. */
  readonly ca?: string;
  /** A connection that does not come about in this time is given up, in milliseconds. */
  readonly connectMs?: number;
  /** The same for one on which nothing moves. */
  readonly idleMs?: number;
}

/**
 * A `fetch` on node:http(s). The global one is not used, because it keeps every chunk of a streamed
 * upload in memory (it copies the request in case of a redirect), and takes no certificate
 * authority. Proxies are those of the environment when NODE_USE_ENV_PROXY=1, as in Node itself.
 */
export function createFetch(options: TransportOptions = {}): Fetch {
  const { ca, connectMs = 15_000, idleMs = 60_000 } = options;
  const agent = ca === undefined ? undefined : agentTrusting(ca);
  return async (address, { method, headers, body, signal }) => {
    const url = new URL(address);
    const secure = url.protocol === 'https:';
    const request = (secure ? https : http).request(url, {
      method,
      headers: { ...(body instanceof Uint8Array ? lengthOf(body) : {}), ...headers },
      ...(secure && agent ? { agent } : {}),
      ...(signal ? { signal } : {}),
    });
    giveUpSilence(request, connectMs, idleMs);
    const answer = new Promise<http.IncomingMessage>((resolve, reject) => {
      request.once('response', resolve);
      // Stays attached: an error after the response is reported by the body as well.
      request.on('error', reject);
    });
    if (body === undefined || body instanceof Uint8Array) {
      request.end(body);
      return toResponse(await answer, method);
    }
    // A registry may answer before the whole body is sent (it refuses, say); whichever is first.
    const sent = pipeline(Readable.from(body, { objectMode: false }), request);
    const failed = new Promise<never>((_, reject) => {
      sent.catch(reject);
    });
    return toResponse(await Promise.race([answer, failed]), method);
  };
}

function giveUpSilence(request: http.ClientRequest, connectMs: number, idleMs: number): void {
  const giveUp = (ms: number, fact: string) =>
    request.destroy(Object.assign(new Error(`${fact} for ${ms / 1000} s`), { code: 'ETIMEDOUT' }));
  // Node's own timeout begins only once there is a connection.
  const timer = setTimeout(() => giveUp(connectMs, 'no connection'), connectMs);
  request.setTimeout(idleMs, () => giveUp(idleMs, 'no data'));
  request.once('close', () => clearTimeout(timer));
  request.once('socket', (socket) => {
    if (!socket.connecting) clearTimeout(timer);
    else socket.once('connect', () => clearTimeout(timer));
  });
}

function toResponse(message: http.IncomingMessage, method: string): HttpResponse {
  const status = message.statusCode ?? 0;
  if (status < 200 || status > 599) {
    message.destroy();
    throw new PortolanError(
      'unreachable',
      'REGISTRY_ERROR',
      `the server answered with the HTTP status ${status}, which means nothing`,
    );
  }
  const empty = method === 'HEAD' || status === 204 || status === 205 || status === 304;
  if (empty) message.resume();
  return {
    status,
    headers: { get: (name) => message.headersDistinct[name.toLowerCase()]?.join(', ') ?? null },
    body: empty ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>),
  };
}

function lengthOf(body: Uint8Array): Record<string, string> {
  return { 'Content-Length': String(body.byteLength) };
}

function agentTrusting(path: string): https.Agent {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
    const usual = tls.getCACertificates?.('default') ?? tls.rootCertificates;
    const secureContext = tls.createSecureContext({ ca: [...usual, pem] });
    if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error('it holds no certificate');
    const proxyEnv = process.env.NODE_USE_ENV_PROXY === '1' ? process.env : undefined;
    return new https.Agent({ keepAlive: true, secureContext, ...(proxyEnv ? { proxyEnv } : {}) });
  } catch (error) {
    throw new PortolanError(
      'malformed',
      'CA_MALFORMED',
      `${path}: not a readable PEM file of certificate authorities: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
