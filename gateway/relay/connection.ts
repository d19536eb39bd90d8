import type { Channel, JsonRpcMessage } from '../../core/isolation/channel.ts';
import {
  CODE,
  type Era,
  errorMessage,
  type Implementation,
  isObject,
  type JsonObject,
  LATEST_LEGACY,
  LATEST_MODERN,
  LEGACY_VERSIONS,
  META,
  MODERN_VERSIONS,
  notification,
  type RequestId,
  RpcError,
} from './protocol.ts';
import type { Outgoing, Trace } from './tracing.ts';

/**
 * Set by channels that know it on messages that are not answers: id of the request that the message
 * belongs to.
 */
export const RELATED = Symbol('related request');

/**
 * Set by channels to servers that any request may be the first of; local servers may exit on
 * anything but `initialize`.
 */
export const PROBE_SAFE = Symbol('may be probed');

/** Why the relay itself answers in place of a server. */
export type LocalCause = 'stopped' | 'timeout';

/** A request that a server has not answered yet. */
export interface PendingCall {
  /** Called exactly once, with the server's answer or with an error made by the relay. */
  settle(message: JsonRpcMessage, cause?: LocalCause): void;
  /** Called for progress of this request, before `settle`, in the server's order. */
  progress?(message: JsonRpcMessage): void;
  /**
   * Time after which the call is given up; moved forward by progress. All times of relay and endpoint
   * are those of `performance.now()`: a clock that is set, or a machine that slept, ends no call.
   */
  deadline: number;
  /** True for requests that stay open for ever and do not keep a server busy. */
  readonly background?: boolean;
  /** Present while requests are traced. */
  readonly trace?: Trace | undefined;
}

/** Where messages go that do not answer a request. */
export interface ConnectionEvents {
  notification(message: JsonRpcMessage): void;
  request(message: JsonRpcMessage): void;
  /** Called once, after every pending request was failed. */
  closed(reason: Error | undefined): void;
  /** Messages that make no sense: unknown reply ids, no JSON-RPC. */
  stray(what: string): void;
}

/** What a server said of itself in the handshake. */
export interface Greeting {
  readonly era: Era;
  readonly version: string;
  readonly capabilities: JsonObject;
  readonly serverInfo: Implementation;
  readonly instructions?: string;
}

export interface ConnectionOptions {
  readonly eras: readonly Era[];
  readonly clientInfo: Implementation;
  readonly clientCapabilities: JsonObject;
  readonly callTimeoutMs: number;
  /** Follows each request that is sent; it may add to its `_meta`. */
  readonly trace?: (request: Omit<Outgoing, 'server'>) => Trace;
}

/**
 * One conversation with one server. Gives every request its own number, so that ids of different
 * clients never meet, and hands everything on in the order in which it came.
 */
export class Connection {
  readonly channel: Channel;
  readonly options: ConnectionOptions;
  greeting: Greeting = {
    era: 'legacy',
    version: LATEST_LEGACY,
    capabilities: {},
    serverInfo: { name: '' },
  };
  closed = false;
  lastUsed = performance.now();
  readonly pending = new Map<RequestId, PendingCall>();
  readonly openedAt = performance.now();
  readonly #events: ConnectionEvents;
  readonly #traces = new Map<RequestId, Trace>();
  #nextId = 0;

  constructor(channel: Channel, options: ConnectionOptions, events: ConnectionEvents) {
    this.channel = channel;
    this.options = options;
    this.#events = events;
    channel.onMessage = (message) => this.#receive(message);
    channel.onClose = (reason) => this.#end(reason);
  }

  /**
   * Sends a request; the answer goes to `call`. `wantsProgress` marks it with its number as the
   * progress token. Changes `params` in place: they belong to this request.
   */
  request(
    method: string,
    params: JsonObject | undefined,
    call: PendingCall,
    wantsProgress = false,
  ): number {
    const id = ++this.#nextId;
    if (this.closed) {
      call.settle(errorMessage(id, CODE.internal, 'the server is no longer running'), 'stopped');
      return id;
    }
    let sent = params;
    if (wantsProgress) {
      sent ??= {};
      const meta = isObject(sent._meta) ? sent._meta : {};
      meta.progressToken = id;
      sent._meta = meta;
    }
    this.lastUsed = performance.now();
    this.pending.set(id, call);
    const { trace } = this.options;
    if (trace) {
      sent ??= {};
      const request = { connection: this, id, method, params: sent, parent: call.trace };
      this.#traces.set(id, trace(request));
    }
    this.send(
      sent === undefined
        ? { jsonrpc: '2.0', id, method }
        : { jsonrpc: '2.0', id, method, params: sent },
    );
    return id;
  }

  /** Sends a request and waits for its result. Throws RpcError on an error and after `timeoutMs`. */
  ask(method: string, params: JsonObject | undefined, timeoutMs: number): Promise<JsonObject> {
    return new Promise((resolve, reject) => {
      this.request(method, params, {
        deadline: performance.now() + timeoutMs,
        settle: ({ result, error }) => {
          if (error) reject(new RpcError(error.code, error.message, error.data));
          else resolve(isObject(result) ? result : {});
        },
      });
    });
  }

  /** Gives a request up: its answer and progress are dropped, and the server is told. */
  cancel(id: number, reason: string, cause: 'cancelled' | 'timeout' = 'cancelled') {
    if (!this.pending.delete(id)) return;
    this.#over(id, undefined, cause);
    this.send(notification('notifications/cancelled', { requestId: id, reason }));
  }

  /** Sends one message; a failure ends the connection and is reported through its calls. */
  send(message: JsonRpcMessage) {
    if (this.closed) return;
    this.channel.send(message).catch((error: unknown) => {
      this.#end(error instanceof Error ? error : new Error(String(error)));
    });
  }

  /** Fails calls whose time is over. Called about once a second. Returns how many there were. */
  expire(now: number): number {
    let expired = 0;
    for (const [id, call] of this.pending) {
      if (call.deadline > now) continue;
      expired += 1;
      this.cancel(id as number, 'the call took too long', 'timeout');
      call.settle(errorMessage(id, CODE.internal, 'no answer within the time limit'), 'timeout');
    }
    return expired;
  }

  /** True while the server works on a request. */
  get busy(): boolean {
    for (const call of this.pending.values()) {
      if (!call.background) return true;
    }
    return false;
  }

  /** Ends the conversation and waits until the server is gone. Pending requests fail. */
  async close(reason?: Error): Promise<void> {
    this.#end(reason);
    await this.channel.close();
  }

  #receive(message: JsonRpcMessage) {
    if (!isObject(message)) return this.#events.stray('a message that is not a JSON object');
    const { id, method } = message;
    if (typeof method === 'string') {
      if (id !== undefined && id !== null) return this.#events.request(message);
      if (method === 'notifications/progress') return this.#progress(message);
      return this.#events.notification(message);
    }
    if (id === undefined || id === null)
      return this.#events.stray('a message without method or id');
    const call = this.pending.get(id);
    if (!call) return this.#events.stray('a reply to a request that is not open');
    if (message.result === undefined && message.error === undefined) {
      return this.#events.stray('a reply with neither result nor error');
    }
    this.pending.delete(id);
    this.#over(id, message);
    call.settle(message);
  }

  #over(
    id: RequestId,
    message: JsonRpcMessage | undefined,
    cause?: LocalCause | 'cancelled',
  ): void {
    const trace = this.#traces.get(id);
    if (!trace) return;
    this.#traces.delete(id);
    trace.end(message, cause);
  }

  #progress(message: JsonRpcMessage): void {
    const token = message.params?.progressToken;
    const call = this.pending.get(token as RequestId);
    if (!call?.progress) return;
    call.deadline = performance.now() + this.options.callTimeoutMs;
    call.progress(message);
  }

  #end(reason: Error | undefined): void {
    if (this.closed) return;
    this.closed = true;
    const calls = [...this.pending.entries()];
    this.pending.clear();
    const why = reason ? `: ${reason.message}` : '';
    for (const [id, call] of calls) {
      this.#over(id, undefined, 'stopped');
      call.settle(
        errorMessage(id, CODE.internal, `the server stopped before it answered${why}`),
        'stopped',
      );
    }
    this.#events.closed(reason);
  }
}

/**
 * Finds out how the server speaks and greets it. Tries the eras in their order and falls back to
 * the other one on an error answer. Throws RpcError when neither way works.
 */
export async function greet(connection: Connection, timeoutMs: number): Promise<Greeting> {
  const [first = 'legacy', second] = connection.options.eras;
  try {
    connection.greeting = await GREETINGS[first](connection, timeoutMs);
  } catch (error) {
    if (!(error instanceof RpcError) || second === undefined || connection.closed) throw error;
    // A server that cannot be reached, or that turns the caller away, has not refused the greeting.
    if (isObject(error.data) && typeof error.data.kind === 'string') throw error;
    connection.greeting = await GREETINGS[second](connection, timeoutMs);
  }
  return connection.greeting;
}

/** The envelope that every request to a modern server carries in `_meta`. */
export function envelope(clientInfo: Implementation, capabilities: JsonObject): JsonObject {
  return {
    [META.protocolVersion]: LATEST_MODERN,
    [META.clientInfo]: clientInfo,
    [META.clientCapabilities]: capabilities,
  };
}

const GREETINGS: Record<Era, (connection: Connection, timeoutMs: number) => Promise<Greeting>> = {
  async legacy(connection, timeoutMs) {
    const { clientInfo, clientCapabilities } = connection.options;
    const result = await connection.ask(
      'initialize',
      { protocolVersion: LATEST_LEGACY, capabilities: clientCapabilities, clientInfo },
      timeoutMs,
    );
    const version = String(result.protocolVersion);
    if (!(LEGACY_VERSIONS as readonly string[]).includes(version)) {
      throw new RpcError(
        CODE.unsupportedVersion,
        `the server speaks revision ${version}, which this gateway does not know`,
      );
    }
    connection.send(notification('notifications/initialized'));
    return {
      era: 'legacy',
      version,
      capabilities: isObject(result.capabilities) ? result.capabilities : {},
      serverInfo: implementationOf(result.serverInfo),
      ...(typeof result.instructions === 'string' && { instructions: result.instructions }),
    };
  },
  async modern(connection, timeoutMs) {
    const { clientInfo, clientCapabilities } = connection.options;
    const probe = () =>
      connection.ask(
        'server/discover',
        { _meta: envelope(clientInfo, clientCapabilities) },
        timeoutMs,
      );
    // A server that refuses the revision and names it as one that it speaks gets a second chance.
    const result = await probe().catch((error: unknown) => {
      if (error instanceof RpcError && offersModern(error)) return probe();
      throw error;
    });
    const versions = Array.isArray(result.supportedVersions) ? result.supportedVersions : [];
    const version = MODERN_VERSIONS.find((known) => versions.includes(known));
    if (version === undefined) {
      throw new RpcError(
        CODE.unsupportedVersion,
        `the server speaks ${versions.join(', ') || 'no revision'}, which this gateway does not know`,
      );
    }
    const meta = isObject(result._meta) ? result._meta : {};
    return {
      era: 'modern',
      version,
      capabilities: isObject(result.capabilities) ? result.capabilities : {},
      serverInfo: implementationOf(meta[META.serverInfo]),
      ...(typeof result.instructions === 'string' && { instructions: result.instructions }),
    };
  },
};

function offersModern({ code, data }: RpcError): boolean {
  const supported = isObject(data) ? data.supported : undefined;
  return (
    code === CODE.unsupportedVersion &&
    Array.isArray(supported) &&
    MODERN_VERSIONS.some((version) => supported.includes(version))
  );
}

function implementationOf(value: unknown): Implementation {
  return isObject(value) && typeof value.name === 'string'
    ? (value as unknown as Implementation)
    : { name: 'unknown' };
}
