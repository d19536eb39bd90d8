import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { messageOf } from '../../core/errors.ts';
import type { Gateway } from '../relay/gateway.ts';
import { CODE, errorMessage, isObject, LEGACY_VERSIONS } from '../relay/protocol.ts';
import { receiveAny } from './batch.ts';
import { Exchange, MOST_WAITING_BYTES } from './exchange.ts';
import { type Caller, createGuard, type HashedToken, type NamedToken } from './guard.ts';
import { allowedHosts, listen } from './listen.ts';
import { headerProblem, isModernRequest } from './modern-headers.ts';
import { passOn } from './pass-on.ts';
import type { Replicas } from './replicas.ts';
import { type Session, Sessions } from './sessions.ts';

export interface HttpOptions {
  /** Address to listen on; 127.0.0.1. */
  readonly host?: string;
  /** Port; 0 lets the system choose. */
  readonly port: number;
  /** Path of the endpoint; /mcp. */
  readonly path?: string;
  /** Bearer tokens that let callers in; empty lets everyone in. */
  readonly tokens: readonly NamedToken[];
  /** Further tokens that let in, asked for at each request. */
  readonly moreTokens?: () => readonly HashedToken[];
  /** Host names, beside those of this machine, under which it may be addressed. */
  readonly allowedHosts?: readonly string[];
  /** Origins of web pages, beside pages of this machine, that may call it. */
  readonly allowedOrigins?: readonly string[];
  /** The caller of a token that is none of `tokens`; undefined or an error for a bad one. */
  readonly verifyToken?: (token: string) => Promise<Caller | undefined>;
  /** Document of RFC 9728 for callers that have to get a token elsewhere first. */
  readonly protectedResource?: Readonly<Record<string, unknown>>;
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Bytes of the largest request body; 64 MiB. */
  readonly maxBodyBytes?: number;
  /** Bytes that may wait for a client that does not read its stream; 512 MiB. */
  readonly maxWaitingBytes?: number;
  /** Requests under way at the same time; 2,000. */
  readonly maxRequests?: number;
  /** Sessions at the same time; 2,000. */
  readonly maxSessions?: number;
  /** Milliseconds until an unused session ends; 1,800,000. */
  readonly sessionIdleMs?: number;
  /** Milliseconds in which a request must have arrived in full; 30,000. */
  readonly requestTimeoutMs?: number;
  /** Also serve the transport of 2024-11-05 on /sse and /messages, for clients that have no other. */
  readonly legacySse?: boolean;
  /** Other gateways behind the same balancer, which may have the session of a request. */
  readonly replicas?: Replicas;
  readonly log?: (line: string) => void;
}

export interface HttpEndpoint {
  /** Address for clients, e.g. `http://127.0.0.1:8811/mcp`. */
  readonly url: string;
  readonly port: number;
  /**
   * Makes `/ready` answer 503 from now on, and resolves when no call is under way or `graceMs` are
   * over. Calls are still taken: a balancer needs a moment to notice.
   */
  drain(graceMs: number): Promise<void>;
  /** Ends the sessions, streams and calls of callers that may not come in any more. */
  dismiss(isGone: (principal: string) => boolean): void;
  /** Ends every session and connection; the gateway is still open. */
  close(): Promise<void>;
}

/** Undefined for a caller that is served nothing; rejects when its servers cannot be had now. */
export type GatewayOfCaller = (
  caller: Caller,
) => Gateway | undefined | Promise<Gateway | undefined>;

const KEEP_ALIVE_MS = 15_000;
/** The revision since which clients know an event that has an id and no data. */
const PRIMED_SINCE = '2025-11-25';
const DISCOVERY_PATH = '/.well-known/oauth-protected-resource';

/**
 * Serves clients of every revision on one address. Clients with a handshake get a session; clients
 * of the new era need none. `gateway` may differ by caller, and be made for it. Throws PortolanError when the port is
 * taken.
 */
export async function serveHttp(
  gateway: Gateway | GatewayOfCaller,
  options: HttpOptions,
): Promise<HttpEndpoint> {
  const { host = '127.0.0.1', path = '/mcp', maxBodyBytes = 64 * 1024 * 1024 } = options;
  const { maxWaitingBytes = MOST_WAITING_BYTES } = options;
  const gatewayFor = typeof gateway === 'function' ? gateway : () => gateway;
  const sessions = new Sessions({
    most: options.maxSessions ?? 2000,
    idleMs: options.sessionIdleMs ?? 1_800_000,
    ...(options.replicas && { newId: options.replicas.newName }),
  });
  /** With the callers that they belong to. */
  const exchanges = new Map<Exchange, string>();
  const guard = createGuard({
    tokens: options.tokens,
    moreTokens: options.moreTokens,
    hosts: allowedHosts(host, options.allowedHosts ?? []),
    origins: options.allowedOrigins ?? [],
    verifyToken: options.verifyToken,
    resourceMetadata: options.protectedResource && metadataUrl(options.protectedResource),
  });
  let requests = 0;
  /** Calls that a stop waits for; not streams, which have no end of their own. */
  let working = 0;
  let draining = false;

  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const target = (request.url ?? '/').split('?', 1)[0] as string;
    if (draining) response.setHeader('Connection', 'close');
    if (target === '/ready' && draining) return plain(response, 503, { status: 'draining' });
    if (target === '/health' || target === '/ready') return plain(response, 200, { status: 'ok' });
    if (target.startsWith(DISCOVERY_PATH) && options.protectedResource) {
      response.setHeader('Access-Control-Allow-Origin', '*');
      return plain(response, 200, options.protectedResource);
    }
    const old = options.legacySse === true && (target === '/sse' || target === '/messages');
    if (target !== path && !old) return plain(response, 404, { error: `the endpoint is ${path}` });
    const turned = guard.origin(request);
    if (turned && 'status' in turned) return turnAway(response, turned);
    const page = request.headers.origin;
    if (page !== undefined) allowPage(response, page);
    if (request.method === 'OPTIONS') return preflight(response);
    if (requests >= (options.maxRequests ?? 2000)) {
      response.setHeader('Retry-After', '1');
      return plain(response, 503, { error: 'too many requests at once; try again' });
    }
    requests += 1;
    response.once('close', () => {
      requests -= 1;
    });
    const caller = guard.caller(request);
    if (caller instanceof Promise) {
      caller.then((verdict) => admit(request, response, verdict)).catch(() => response.destroy());
    } else admit(request, response, caller);
  };

  const admit = (
    request: IncomingMessage,
    response: ServerResponse,
    verdict: Awaited<ReturnType<typeof guard.caller>>,
  ) => {
    if ('status' in verdict) return turnAway(response, verdict);
    const { principal, refusal } = verdict;
    if (refusal !== undefined) {
      return turnAway(response, {
        status: 403,
        text: `${principal} has no profile here: ${refusal}`,
      });
    }
    const target = gatewayFor(verdict);
    if (!(target instanceof Promise)) return serve(request, response, principal, target);
    target
      .then((made) => serve(request, response, principal, made))
      .catch((error: unknown) => {
        options.log?.(`${principal} cannot be served: ${messageOf(error)}`);
        const text = `the servers of ${principal} cannot be had now; the log of the gateway says why`;
        turnAway(response, { status: 503, text });
      });
  };

  const serve = (
    request: IncomingMessage,
    response: ServerResponse,
    principal: string,
    target: Gateway | undefined,
  ) => {
    if (!target)
      return turnAway(response, { status: 403, text: `${principal} has no profile here` });
    const old = options.legacySse === true && !request.url?.startsWith(path);
    if (old) return serveOldSse({ request, response, principal, gateway: target });
    const home = request.method === 'POST' ? undefined : options.replicas?.homeOf(request.headers);
    if (home) return toReplica(home, request, response);
    switch (request.method) {
      case 'POST':
        return readBody(request, response, maxBodyBytes, (body) =>
          post({ request, response, principal, gateway: target }, body),
        );
      case 'GET':
        return openStream({ request, response, principal, gateway: target });
      case 'DELETE':
        return endSession({ request, response, principal, gateway: target });
      default:
        response.setHeader('Allow', 'GET, POST, DELETE, OPTIONS');
        return reject(response, 405, CODE.invalidRequest, 'Method not allowed');
    }
  };

  const post = (call: Call, text: string) => {
    const { request, response } = call;
    if (!isJson(request.headers['content-type'])) {
      return reject(response, 415, CODE.invalidRequest, 'Content-Type must be application/json');
    }
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      return reject(response, 400, CODE.parse, 'Parse error: the body is not JSON');
    }
    const modern = isModernRequest(request.headers, body);
    if (!isObject(body) || body.method !== 'subscriptions/listen') {
      working += 1;
      response.once('close', () => {
        working -= 1;
      });
    }
    const home = options.replicas?.homeOf(request.headers, body);
    if (home) return toReplica(home, request, response, text, modern ? body : undefined);
    if (modern) return postModern(call, body as object);
    postLegacy(call, body);
  };

  /** Another replica has the session or the held call; without it, the client must begin anew. */
  const toReplica = (
    home: string,
    request: IncomingMessage,
    response: ServerResponse,
    text?: string,
    modern?: unknown,
  ) => {
    passOn(home, request, response, text, () => {
      options.log?.('the replica that a request belongs to cannot be reached');
      if (!isObject(modern)) return reject(response, 404, -32001, 'Session not found');
      const why = 'the replica that held this call is gone; call again without requestState';
      plain(
        response,
        400,
        errorMessage(isId(modern.id) ? modern.id : null, CODE.invalidParams, why),
      );
    });
  };

  const postModern = ({ request, response, principal, gateway: target }: Call, body: object) => {
    const problem = headerProblem(request.headers, body);
    const id = 'id' in body && isId(body.id) ? body.id : null;
    if (problem)
      return plain(response, 400, errorMessage(id, problem.code, problem.message, problem.data));
    const exchange = exchangeOf(response, principal, acceptsEvents(request));
    const client = target.connect({ key: `caller ${principal}`, principal, outlet: exchange });
    client.era = 'modern';
    response.once('close', () => void target.disconnect(client, false));
    if (!('id' in body)) {
      target.receive(client, body, exchange);
      return exchange.endAll([]);
    }
    target.receive(client, body, exchange);
  };

  const postLegacy = ({ request, response, principal, gateway: target }: Call, body: unknown) => {
    const session = sessionFor(request, response, principal, target, body);
    if (!session) return;
    session.open += 1;
    response.once('close', () => {
      session.open -= 1;
      session.lastUsed = performance.now();
    });
    const exchange = exchangeIn(session, response, acceptsEvents(request));
    if (
      !Array.isArray(body) &&
      isObject(body) &&
      (body.id === undefined || body.method === undefined)
    ) {
      session.gateway.receive(session.client, body, exchange);
      exchange.endAll([]);
      return;
    }
    receiveAny(session.gateway, session.client, body, exchange);
  };

  /** The session that a request names, or a new one for `initialize`. */
  const sessionFor = (
    request: IncomingMessage,
    response: ServerResponse,
    principal: string,
    target: Gateway,
    body: unknown,
  ): Session | undefined => {
    if (isObject(body) && body.method === 'initialize') {
      const proposed = request.headers['mcp-session-id'];
      const session = sessions.open(target, principal, proposed);
      if (!session) plain(response, 503, { error: 'too many sessions; try again later' });
      return session;
    }
    const version = request.headers['mcp-protocol-version'];
    if (version !== undefined && !(LEGACY_VERSIONS as readonly unknown[]).includes(version)) {
      reject(
        response,
        400,
        CODE.invalidRequest,
        `Bad Request: Unsupported protocol version: ${version}; supported: ${LEGACY_VERSIONS.join(', ')}`,
      );
      return undefined;
    }
    const id = request.headers['mcp-session-id'];
    if (typeof id !== 'string') {
      reject(response, 400, CODE.invalidRequest, 'Bad Request: Mcp-Session-Id header is required');
      return undefined;
    }
    const session = sessions.find(id, principal, target);
    if (!session) reject(response, 404, -32001, 'Session not found');
    return session;
  };

  /** GET: the stream for what belongs to no request of the session. */
  const openStream = ({ request, response, principal, gateway: target }: Call) => {
    if (!acceptsEvents(request)) {
      return reject(response, 406, CODE.invalidRequest, 'Accept must include text/event-stream');
    }
    if (request.headers['mcp-session-id'] === undefined) {
      response.setHeader('Allow', 'POST, OPTIONS');
      return reject(response, 405, CODE.invalidRequest, 'a stream needs an Mcp-Session-Id header');
    }
    const session = sessions.find(String(request.headers['mcp-session-id']), principal, target);
    if (!session) return reject(response, 404, -32001, 'Session not found');
    const lastEventId = request.headers['last-event-id'];
    if (typeof lastEventId === 'string') return takeUp(session, response, lastEventId);
    // A client that opens a second stream has lost its first one.
    session.stream?.close();
    const stream = exchangeIn(session, response, true);
    stream.startStream();
    listenOn(session, stream, response);
  };

  /** GET with Last-Event-ID: a stream of the session goes on where it broke off. */
  const takeUp = (session: Session, response: ServerResponse, lastEventId: string) => {
    const found = session.replay.after(lastEventId);
    if (!found) {
      // Not 404, which would end the session.
      const why = 'what followed this Last-Event-ID is no longer known';
      return reject(response, 400, CODE.invalidRequest, why);
    }
    const { stream } = found.log;
    session.open += 1;
    response.once('close', () => {
      session.open -= 1;
      session.lastUsed = performance.now();
    });
    stream.resume(response, found.log, found.missed);
    track(stream, response, session.principal);
    if (stream.listening && !stream.ended) listenOn(session, stream, response);
  };

  /** From now on the stream carries what belongs to no request. */
  const listenOn = (session: Session, stream: Exchange, response: ServerResponse) => {
    stream.listening = true;
    session.stream = stream;
    response.once('close', () => {
      session.lastUsed = performance.now();
      if (session.stream === stream) session.stream = undefined;
    });
    for (const message of session.waiting.splice(0)) stream.send(message);
  };

  /** Revision 2024-11-05: all messages come on one stream, which says where to post to. */
  const serveOldSse = ({ request, response, principal, gateway: target }: Call) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'GET' && pathname === '/sse') {
      const session = sessions.open(target, principal);
      if (!session) return plain(response, 503, { error: 'too many sessions; try again later' });
      session.stream = exchangeOf(response, principal, true);
      session.stream.announce('endpoint', `/messages?sessionId=${session.id}`);
      response.once('close', () => void sessions.end(session));
      return;
    }
    const session = sessions.find(searchParams.get('sessionId') ?? '', principal, target);
    if (request.method !== 'POST' || pathname !== '/messages' || !session) {
      return reject(response, 404, -32001, 'Session not found');
    }
    readBody(request, response, maxBodyBytes, (text) => {
      try {
        const message = JSON.parse(text);
        response.writeHead(202).end();
        session.gateway.receive(session.client, message);
      } catch {
        reject(response, 400, CODE.parse, 'Parse error: the body is not JSON');
      }
    });
  };

  const endSession = ({ request, response, principal, gateway: target }: Call) => {
    const session = sessions.find(String(request.headers['mcp-session-id']), principal, target);
    if (!session) return reject(response, 404, -32001, 'Session not found');
    void sessions.end(session);
    response.writeHead(204).end();
  };

  /** The exchange of a request that belongs to no session, or to one of 2024-11-05. */
  const exchangeOf = (response: ServerResponse, principal: string, events: boolean) =>
    track(new Exchange(response, events, {}, { maxWaitingBytes }), response, principal);

  const exchangeIn = (session: Session, response: ServerResponse, events: boolean) => {
    const { id, replay, principal, client } = session;
    const primed = client.version >= PRIMED_SINCE;
    const more = { replay, primed, maxWaitingBytes };
    const exchange = new Exchange(response, events, { 'Mcp-Session-Id': id }, more);
    return track(exchange, response, principal);
  };

  const track = (exchange: Exchange, response: ServerResponse, principal: string) => {
    exchanges.set(exchange, principal);
    response.once('close', () => {
      if (exchange.lost(response)) exchanges.delete(exchange);
    });
    return exchange;
  };

  // Node.js looks for requests that take too long every 30 s by default.
  const limits = { maxHeaderSize: 16_384, connectionsCheckingInterval: 1000 };
  const server: Server = options.tls
    ? createSecureServer({ ...options.tls, ...limits }, handle)
    : createServer(limits, handle);
  server.requestTimeout = options.requestTimeoutMs ?? 30_000;
  server.headersTimeout = Math.min(10_000, server.requestTimeout);
  server.keepAliveTimeout = 65_000;
  server.maxHeadersCount = 100;
  server.on('clientError', (_error, socket) => {
    if (!socket.writable) return void socket.destroy();
    const answer = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';
    socket.end(answer, () => socket.destroy());
  });
  const sweeping = setInterval(
    () => sessions.sweep(performance.now()),
    Math.min(KEEP_ALIVE_MS, options.sessionIdleMs ?? KEEP_ALIVE_MS),
  );
  sweeping.unref();
  const timer = setInterval(() => {
    const now = performance.now();
    for (const exchange of exchanges.keys()) exchange.keepAlive(now, KEEP_ALIVE_MS);
  }, KEEP_ALIVE_MS);
  timer.unref();
  await listen(server, host, options.port);
  const { port } = server.address() as AddressInfo;
  const shown = host.includes(':') ? `[${host}]` : host;
  return {
    url: `${options.tls ? 'https' : 'http'}://${shown}:${port}${path}`,
    port,
    async drain(graceMs) {
      draining = true;
      server.closeIdleConnections();
      const late = performance.now() + graceMs;
      while (working > 0 && performance.now() < late) await setTimeout(20);
    },
    dismiss(isGone) {
      sessions.endOf(isGone);
      for (const [exchange, principal] of exchanges) if (isGone(principal)) exchange.close();
    },
    async close() {
      clearInterval(timer);
      clearInterval(sweeping);
      server.close();
      await sessions.endAll();
      for (const exchange of exchanges.keys()) exchange.close();
      server.closeAllConnections();
    },
  };
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly principal: string;
  readonly gateway: Gateway;
}

/** Where a client finds the document (RFC 9728, section 3.1): the well-known path before the resource's own. */
function metadataUrl({ resource }: Readonly<Record<string, unknown>>): string {
  if (typeof resource !== 'string') return DISCOVERY_PATH;
  const { origin, pathname } = new URL(resource);
  return `${origin}${DISCOVERY_PATH}${pathname === '/' ? '' : pathname}`;
}

function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
  done: (body: string) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let tooLarge = Number(request.headers['content-length'] ?? 0) > maxBytes;
  const refuse = () => {
    response.setHeader('Connection', 'close');
    reject(response, 413, CODE.invalidRequest, `the request is larger than ${maxBytes} bytes`);
  };
  if (tooLarge) refuse();
  request.on('data', (chunk: Buffer) => {
    if (tooLarge) return;
    size += chunk.length;
    chunks.push(chunk);
    if (size <= maxBytes) return;
    tooLarge = true;
    chunks.length = 0;
    refuse();
  });
  request.on('end', () => {
    if (tooLarge) return;
    const [only] = chunks;
    done((chunks.length === 1 && only ? only : Buffer.concat(chunks)).toString('utf8'));
  });
  request.on('error', () => response.destroy());
}

function plain(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': bytes.length })
    .end(bytes);
}

function reject(response: ServerResponse, status: number, code: number, text: string): void {
  plain(response, status, errorMessage(null, code, text));
}

function turnAway(
  response: ServerResponse,
  verdict: { status: number; text: string; headers?: Readonly<Record<string, string>> },
): void {
  for (const [name, value] of Object.entries(verdict.headers ?? {}))
    response.setHeader(name, value);
  reject(response, verdict.status, CODE.invalidRequest, verdict.text);
}

function allowPage(response: ServerResponse, page: string): void {
  response.setHeader('Access-Control-Allow-Origin', page);
  response.setHeader('Access-Control-Expose-Headers', 'Mcp-Session-Id, WWW-Authenticate');
  response.setHeader('Vary', 'Origin');
}

function preflight(response: ServerResponse): void {
  response
    .writeHead(204, {
      'Access-Control-Allow-Methods': 'GET, POST, DELETE, OPTIONS',
      'Access-Control-Allow-Headers':
        'Authorization, Content-Type, Accept, Mcp-Session-Id, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Last-Event-ID',
      'Access-Control-Max-Age': '600',
    })
    .end();
}

function acceptsEvents({ headers }: IncomingMessage): boolean {
  const { accept } = headers;
  return accept === undefined || accept.includes('text/event-stream') || accept.includes('*/*');
}

function isJson(type: string | undefined): boolean {
  return type !== undefined && type.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}

function isId(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
