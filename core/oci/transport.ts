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

/** The part of `fetch` that the registry client uses; tests and embedders may pass their own. */
export type Fetch = (url: string, request: HttpRequest) => Promise<Response>;

/** A connection on which nothing moves for this long is given up, in milliseconds. */
const IDLE_MS = 60_000;

/**
 * A `fetch` on node:http(s). The global one is not used, because it keeps every chunk of a streamed
 * upload in memory (it copies the request in case of a redirect), and takes no certificate
 * authority. Proxies are those of the environment when NODE_USE_ENV_PROXY=1, as in Node itself.
 * @param ca path of a PEM file with authorities that are trusted besides the usual ones
 */
export function createFetch(ca?: string): Fetch {
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
    request.setTimeout(IDLE_MS, () => {
      request.destroy(
        Object.assign(new Error(`no data for ${IDLE_MS / 1000} s`), { code: 'ETIMEDOUT' }),
      );
    });
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

function toResponse(message: http.IncomingMessage, method: string): Response {
  const headers = new Headers();
  for (let i = 0; i + 1 < message.rawHeaders.length; i += 2) {
    headers.append(message.rawHeaders[i] ?? '', message.rawHeaders[i + 1] ?? '');
  }
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
  const body = empty ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>);
  return new Response(body, { status, headers });
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
