import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import type { LocalCause, PendingCall } from './connection.ts';
import {
  CODE,
  type Era,
  errorMessage,
  type Implementation,
  isObject,
  type JsonObject,
  META,
  notification,
  type RequestId,
} from './protocol.ts';
import type { Line, Server } from './server.ts';
import type { Trace } from './tracing.ts';
import type { Route } from './view.ts';

/**
 * Where the messages of one exchange go: the response of one HTTP request, or the one stream of a
 * stdio client. Messages arrive there in the order of the calls.
 */
export interface Outlet {
  /** A notification, or a request to the client. */
  send(message: JsonRpcMessage): void;
  /** The answer; the exchange is over. `status` is the HTTP status that belongs to an error. */
  end(message: JsonRpcMessage, status?: number): void;
  /**
   * Milliseconds between the last progress of a call and its answer. Clients of the official SDK
   * lose progress that they read in one piece with the answer.
   */
  readonly gapMs?: number;
  /** The HTTP request that the exchange belongs to; absent on stdio. */
  readonly request?: {
    readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  };
}

/** A request that the gateway made of a client and that is not answered yet. */
export interface ClientRequest {
  settle(message: JsonRpcMessage): void;
  /** Token of the server for progress of this request, when it wants any. */
  readonly progress?: { readonly line: Line; readonly token: unknown };
  /** The server's own id, so that it can withdraw the request. */
  readonly origin?: { readonly line: Line; readonly id: RequestId };
}

/** A client's wish to be told of changes (revision 2026-07-28). */
export class Listen {
  readonly inbound: Inbound;
  readonly tools: boolean;
  readonly prompts: boolean;
  readonly resources: boolean;
  readonly uris: readonly string[];

  constructor(inbound: Inbound, filter: JsonObject) {
    this.inbound = inbound;
    this.tools = filter.toolsListChanged === true;
    this.prompts = filter.promptsListChanged === true;
    this.resources = filter.resourcesListChanged === true;
    const uris = filter.resourceSubscriptions;
    this.uris = Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : [];
  }

  /** Sends one notification, marked as an answer to this wish. */
  tell(method: string, params: JsonObject = {}): void {
    const _meta = {
      ...(isObject(params._meta) && params._meta),
      [META.subscriptionId]: this.inbound.id,
    };
    this.inbound.outlet.send(notification(method, { ...params, _meta }));
  }

  /** Tells the client that nothing more will come. */
  end(serverInfo: Implementation): void {
    const _meta = { [META.subscriptionId]: this.inbound.id, [META.serverInfo]: serverInfo };
    this.inbound.result({ resultType: 'complete', _meta });
  }
}

/**
 * One client: a stdio connection, an HTTP session, or, for a client without sessions, one HTTP
 * request. Its maps are made when they are needed, because the last kind is made for every call.
 */
export class Client {
  /** Unique among clients; requests of one caller without sessions share the caller's key. */
  readonly key: string;
  /** Who it is, as the endpoint's tokens say; for the audit log. */
  readonly principal: string;
  /** For what belongs to no request. */
  readonly outlet: Outlet;
  era: Era | undefined;
  version = '';
  info: JsonObject = {};
  capabilities: JsonObject = {};
  capabilitiesKey = '';
  /** Least severe level that it wants to see; undefined means all. */
  logLevel: number | undefined;
  closed = false;
  readonly calls = new Map<RequestId, Inbound>();
  #asked: Map<RequestId, ClientRequest> | undefined;
  #listens: Map<RequestId, Listen> | undefined;
  #tasks: Map<string, Server> | undefined;
  #offered: Set<Server> | undefined;
  #nextRequest = 0;

  constructor(key: string, principal: string, outlet: Outlet) {
    this.key = key;
    this.principal = principal;
    this.outlet = outlet;
  }

  get asked(): Map<RequestId, ClientRequest> {
    this.#asked ??= new Map();
    return this.#asked;
  }

  /** Tasks that its calls started, oldest first, with their servers. */
  get tasks(): Map<string, Server> {
    this.#tasks ??= new Map();
    return this.#tasks;
  }

  /** Servers that it was asked to sign in to without a call of its own. */
  get offered(): Set<Server> {
    this.#offered ??= new Set();
    return this.#offered;
  }

  get listens(): Map<RequestId, Listen> {
    this.#listens ??= new Map();
    return this.#listens;
  }

  /** Sends the client a request over `outlet`; its answer goes to `pending`. */
  ask(outlet: Outlet, method: string, params: JsonObject | undefined, pending: ClientRequest) {
    // A text, so that it never equals an id of the client's own.
    const id = `portolan-${++this.#nextRequest}`;
    this.asked.set(id, pending);
    let sent = params;
    if (pending.progress) {
      sent = {
        ...params,
        _meta: { ...(isObject(params?._meta) && params._meta), progressToken: id },
      };
    }
    outlet.send({ jsonrpc: '2.0', id, method, ...(sent && { params: sent }) });
    return id;
  }
}

/** One request of a client, until it is answered. */
export class Inbound implements PendingCall {
  readonly client: Client;
  readonly era: Era;
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
  readonly outlet: Outlet;
  /** What it is about, as the client calls it; `params` soon say what the server calls it. */
  readonly target: string;
  readonly capabilities: JsonObject;
  readonly capabilitiesKey: string;
  /** Least severe log level that belongs to this request; undefined means none (modern only). */
  readonly logLevel: number | undefined;
  readonly progressToken: RequestId | undefined;
  readonly receivedAt = performance.now();
  deadline = 0;
  done = false;
  #progressAt = 0;
  /** Set while a server works on it. */
  line: Line | undefined;
  upstreamId = 0;
  /** What happens to the server's answer before the client gets it. */
  onSettle: ((inbound: Inbound, message: JsonRpcMessage, cause?: LocalCause) => void) | undefined;
  /** The route that it took, once it has one. */
  route: Route | undefined;
  /** The URI that the client used, when the server knows the resource under another one. */
  publicUri: string | undefined;
  /** How often a server asked for input before it answered. */
  rounds = 0;
  /** What its client said to a sign-in; `over` when it is not asked any more. */
  signIn: 'accepted' | 'declined' | 'over' | undefined;
  /** Present while requests are traced. */
  trace: Trace | undefined;

  constructor(
    client: Client,
    era: Era,
    message: { id: RequestId; method: string; params: JsonObject },
    outlet: Outlet,
    own: { capabilities: JsonObject; capabilitiesKey: string; logLevel: number | undefined },
  ) {
    this.client = client;
    this.era = era;
    this.id = message.id;
    this.method = message.method;
    this.params = message.params;
    this.outlet = outlet;
    this.target = `${message.method} ${String(message.params.name ?? message.params.uri ?? '')}`;
    this.capabilities = own.capabilities;
    this.capabilitiesKey = own.capabilitiesKey;
    this.logLevel = own.logLevel;
    const meta = message.params._meta;
    const token = isObject(meta) ? meta.progressToken : undefined;
    this.progressToken = typeof token === 'string' || typeof token === 'number' ? token : undefined;
  }

  /** Progress from the server, under the client's own token; nothing after the answer. */
  progress(message: JsonRpcMessage): void {
    if (this.done || this.progressToken === undefined) return;
    const params = message.params as JsonObject;
    params.progressToken = this.progressToken;
    this.#progressAt = performance.now();
    this.outlet.send(message);
  }

  settle(message: JsonRpcMessage, cause?: LocalCause): void {
    if (this.done) return;
    if (this.onSettle) this.onSettle(this, message, cause);
    else this.answer(message);
  }

  /** Sends the answer under the client's own id. Only the first answer counts. */
  answer(message: JsonRpcMessage, status?: number): void {
    if (this.done) return;
    this.done = true;
    this.trace?.end(message);
    message.id = this.id;
    const { gapMs } = this.outlet;
    const wait =
      gapMs === undefined || this.#progressAt === 0
        ? 0
        : gapMs - (performance.now() - this.#progressAt);
    if (wait > 0) setTimeout(() => this.#deliver(message, status), Math.ceil(wait));
    else this.#deliver(message, status);
  }

  #deliver(message: JsonRpcMessage, status: number | undefined): void {
    this.client.calls.delete(this.id);
    // Clients of the old era take HTTP 404 for the end of their session, and any other for a fault.
    this.outlet.end(message, this.era === 'modern' ? status : undefined);
  }

  result(result: JsonObject): void {
    this.answer({ jsonrpc: '2.0', id: this.id, result });
  }

  fail(code: number, text: string, data?: unknown, status?: number): void {
    this.answer(errorMessage(this.id, code, text, data), status);
  }

  /** The client gave it up: no answer is sent, and the server is told. */
  cancel(reason: string): void {
    if (this.done) return;
    this.done = true;
    this.trace?.end(undefined, 'cancelled');
    this.client.calls.delete(this.id);
    this.line?.connection?.cancel(this.upstreamId, reason);
    this.line = undefined;
  }
}

const KNOWN_CAPABILITIES = [
  'elicitation',
  'experimental',
  'extensions',
  'roots',
  'sampling',
  'tasks',
];

/**
 * The capabilities that servers may react to, and a text that is equal for clients that can do the
 * same. Clients with equal texts share servers.
 */
export function capabilitiesOf(value: unknown): { capabilities: JsonObject; key: string } {
  if (!isObject(value)) return { capabilities: {}, key: '{}' };
  const capabilities: JsonObject = {};
  for (const name of KNOWN_CAPABILITIES) {
    if (isObject(value[name])) capabilities[name] = value[name];
  }
  return { capabilities, key: JSON.stringify(capabilities) };
}

/** Problem of a request's envelope (revision 2026-07-28); undefined when it is complete. */
export function envelopeProblem(meta: JsonObject): string | undefined {
  if (typeof meta[META.protocolVersion] !== 'string') return `${META.protocolVersion}: missing`;
  if (meta[META.clientCapabilities] === undefined) return `${META.clientCapabilities}: missing`;
  if (!isObject(meta[META.clientCapabilities])) return `${META.clientCapabilities}: not an object`;
  if (meta[META.clientInfo] !== undefined && !isObject(meta[META.clientInfo])) {
    return `${META.clientInfo}: not an object`;
  }
  return undefined;
}

/** HTTP status of an error answer that the gateway itself made (revision 2026-07-28). */
export const STATUS_OF: Readonly<Record<number, number>> = {
  [CODE.parse]: 400,
  [CODE.invalidRequest]: 400,
  [CODE.methodNotFound]: 404,
  [CODE.unsupportedVersion]: 400,
  [CODE.missingCapability]: 400,
  [CODE.headerMismatch]: 400,
};
