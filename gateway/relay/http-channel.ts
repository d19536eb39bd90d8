import type { IncomingMessage } from 'node:http';
import { messageOf, PortolanError } from '../../core/errors.ts';
import type { Channel, JsonRpcMessage } from '../../core/isolation/channel.ts';
import { PROBE_SAFE, RELATED } from './connection.ts';
import { encodeHeaderValue, NAME_SOURCE } from './header-value.ts';
import { type AuthChallenge, createPoster, HttpFailure, Sending } from './http-post.ts';
import { type ParamHeader, paramHeadersOf, paramText } from './param-headers.ts';
import {
  CODE,
  errorMessage,
  isModern,
  isObject,
  META,
  metaOf,
  notification,
  type RequestId,
} from './protocol.ts';
import { openSseChannel } from './sse-channel.ts';
import { createSseParser } from './sse-parser.ts';

export interface HttpChannelOptions {
  readonly url: string;
  /** Headers of every request, secrets filled in; asked for anew for each request when a function. */
  readonly headers?:
    | Readonly<Record<string, string>>
    | (() => Promise<Readonly<Record<string, string>>>);
  readonly transport: 'streamable-http' | 'sse';
  /**
   * Called when the server wants authorization. Gives the headers to try again with; throws when
   * there is no way to get any. Simultaneous challenges make one call.
   */
  readonly authorize?: (challenge: AuthChallenge) => Promise<Readonly<Record<string, string>>>;
  readonly signal?: AbortSignal;
  /** Certificate authorities to trust instead of the system's, PEM. */
  readonly ca?: string | Buffer;
}

/** One for all, because making an error costs more than a call. */
const BROKEN = new HttpFailure('the connection broke');

const MOST_RECONNECTS = 5;
const RECONNECT_MS = 1000;
const GOODBYE_MS = 2000;

/**
 * Opens a conversation with a remote server. Nothing is sent before the first message, so a server
 * that cannot be reached shows itself in the answer to that one.
 */
export async function openHttpChannel(options: HttpChannelOptions): Promise<Channel> {
  return options.transport === 'sse' ? openSseChannel(options) : new StreamableChannel(options);
}

/** Streamable HTTP, both eras: one POST per message, answers as JSON or as an event stream. */
class StreamableChannel implements Channel {
  onMessage: (message: JsonRpcMessage) => void = () => {};
  onClose: (reason?: Error) => void = () => {};
  readonly [PROBE_SAFE] = true;
  readonly #post: ReturnType<typeof createPoster>;
  readonly #requests = new Map<RequestId, Sending>();
  readonly #responses = new Set<IncomingMessage>();
  readonly #params = new Map<string, readonly ParamHeader[]>();
  readonly #streams = new Sending();
  #wake = () => {};
  #notes = '';
  #closed = false;
  #sessionId: string | undefined;
  #version: string | undefined;
  #initialize: JsonRpcMessage | undefined;
  /** Later messages wait for it: the handshake, or a new one after a lost session. */
  #gate: Promise<void> | undefined;
  #retryMs = RECONNECT_MS;
  #paused = false;

  constructor(options: HttpChannelOptions) {
    this.#post = createPoster(options);
  }

  async send(message: JsonRpcMessage): Promise<void> {
    if (this.#closed) throw new Error('the conversation was closed');
    if (this.#gate) await this.#gate;
    if (this.#cancels(message)) return;
    const done = this.#exchange(message);
    if (message.method === 'notifications/initialized') {
      this.#gate = done.then(() => {
        this.#gate = undefined;
        void this.#listen();
      });
      await this.#gate;
    }
  }

  pause(): void {
    this.#paused = true;
    for (const response of this.#responses) response.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const response of this.#responses) response.resume();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#streams.cancel();
    this.#wake();
    for (const sending of this.#requests.values()) sending.cancel();
    if (this.#sessionId !== undefined) {
      const goodbye = new Sending();
      const timer = setTimeout(() => goodbye.cancel(), GOODBYE_MS);
      await this.#post('DELETE', undefined, this.#headers(undefined), goodbye).then(
        (response) => response.resume(),
        () => {},
      );
      clearTimeout(timer);
    }
    this.onClose();
  }

  readonly diagnostics = () => this.#notes;

  /** A request of the new era is cancelled by ending its exchange. */
  #cancels({ method, params }: JsonRpcMessage): boolean {
    if (method !== 'notifications/cancelled') return false;
    const id = params?.requestId as RequestId;
    if (this.#version !== undefined) return false;
    this.#requests.get(id)?.cancel();
    this.#requests.delete(id);
    return true;
  }

  /** Sends one message and hands on everything that comes back. Never rejects. */
  async #exchange(message: JsonRpcMessage, again = false): Promise<void> {
    const id = message.method !== undefined && message.id != null ? message.id : undefined;
    const sending = new Sending(message.method !== 'tools/call');
    if (id !== undefined) this.#requests.set(id, sending);
    if (message.method === 'initialize') this.#initialize = message;
    try {
      const body = JSON.stringify(message);
      const response = await this.#post('POST', body, this.#headers(message), sending);
      const status = response.statusCode ?? 0;
      if (status === 404 && this.#sessionId !== undefined && !again) {
        response.resume();
        await this.#renew(this.#sessionId);
        return await this.#exchange(message, true);
      }
      if (message.method === 'initialize' && status === 200) {
        const session = response.headers['mcp-session-id'];
        this.#sessionId = typeof session === 'string' ? session : undefined;
      }
      await this.#read(response, id);
    } catch (error) {
      if (sending.cancelled || this.#closed) return;
      this.#failed(id, error);
    } finally {
      if (id !== undefined) this.#requests.delete(id);
    }
  }

  #headers(message: JsonRpcMessage | undefined): Record<string, string> {
    const headers: Record<string, string> = { accept: 'application/json, text/event-stream' };
    if (message) headers['content-type'] = 'application/json';
    const claim = metaOf(message?.params)?.[META.protocolVersion];
    if (typeof claim === 'string' && message?.method !== undefined) {
      headers['mcp-protocol-version'] = claim;
      headers['mcp-method'] = message.method;
      const field = NAME_SOURCE[message.method];
      const name = field === undefined ? undefined : message.params?.[field];
      if (typeof name === 'string') headers['mcp-name'] = encodeHeaderValue(name);
      for (const param of this.#params.get(String(name)) ?? []) {
        if (message.method !== 'tools/call') break;
        const text = paramText(message.params?.arguments, param);
        if (text !== undefined) headers[`mcp-param-${param.header}`] = encodeHeaderValue(text);
      }
      return headers;
    }
    if (message?.method === 'initialize') return headers;
    if (this.#sessionId !== undefined) headers['mcp-session-id'] = this.#sessionId;
    if (this.#version !== undefined) headers['mcp-protocol-version'] = this.#version;
    return headers;
  }

  async #read(response: IncomingMessage, id: RequestId | undefined): Promise<void> {
    const status = response.statusCode ?? 0;
    const type = String(response.headers['content-type'] ?? '');
    if (status === 200 && type.startsWith('text/event-stream')) {
      return this.#readEvents(response, id);
    }
    const text = await this.#text(response);
    if (status === 202 || status === 204) {
      if (id !== undefined) throw new HttpFailure(`HTTP ${status} instead of an answer`);
      return;
    }
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      if (id === undefined && status < 300) return;
      throw new HttpFailure(`HTTP ${status}: ${text.slice(0, 300) || response.statusMessage}`);
    }
    for (const message of Array.isArray(body) ? body : [body]) {
      if (!isObject(message)) continue;
      // Some servers leave the id out of errors that they answer with a status.
      if (message.error !== undefined && (message.id === null || message.id === undefined)) {
        message.id = id;
      }
      if (message.jsonrpc === '2.0') this.#deliver(message as unknown as JsonRpcMessage, id);
    }
    if (id !== undefined && this.#requests.has(id)) {
      throw new HttpFailure(`HTTP ${status}: ${text.slice(0, 300)}`);
    }
  }

  /** Reads an event stream; takes it up again where it broke off, when the server allows that. */
  async #readEvents(first: IncomingMessage, id: RequestId | undefined): Promise<void> {
    let response = first;
    let lastEventId: string | undefined;
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#events(response, id, (eventId) => {
          lastEventId = eventId;
          attempt = 0;
        });
      } catch (error) {
        if (lastEventId === undefined || this.#closed) throw error;
      }
      if (this.#closed || (id !== undefined && !this.#requests.has(id))) return;
      if (lastEventId === undefined) {
        if (id === undefined) return;
        throw new HttpFailure('the stream ended before the answer');
      }
      if (attempt >= MOST_RECONNECTS) throw new HttpFailure('the stream ended again and again');
      await this.#pause(this.#retryMs * (attempt === 0 ? 1 : 2 ** attempt));
      if (this.#closed) return;
      response = await this.#post(
        'GET',
        undefined,
        { ...this.#headers(undefined), accept: 'text/event-stream', 'last-event-id': lastEventId },
        this.#streams,
      );
      if (response.statusCode !== 200) {
        response.resume();
        throw new HttpFailure(`HTTP ${response.statusCode} when the stream was taken up again`);
      }
    }
  }

  #events(
    response: IncomingMessage,
    id: RequestId | undefined,
    onId: (id: string) => void,
  ): Promise<void> {
    const parse = createSseParser(
      (event) => {
        if (event.id !== undefined) onId(event.id);
        if (event.data === '' || event.event !== 'message') return;
        try {
          this.#deliver(JSON.parse(event.data), id);
        } catch (error) {
          this.#note(`an event that is no message: ${messageOf(error)}`);
        }
      },
      (ms) => {
        this.#retryMs = Math.min(ms, 60_000);
      },
    );
    return this.#consume(response, parse);
  }

  async #text(response: IncomingMessage): Promise<string> {
    const parts: string[] = [];
    await this.#consume(response, (chunk) => parts.push(chunk));
    return parts.length === 1 ? (parts[0] as string) : parts.join('');
  }

  #consume(response: IncomingMessage, onText: (chunk: string) => void): Promise<void> {
    this.#responses.add(response);
    response.setEncoding('utf8');
    response.on('data', onText);
    if (this.#paused) response.pause();
    return new Promise<void>((resolve, reject) => {
      response.on('end', resolve);
      response.on('error', reject);
      response.on('close', () => {
        this.#responses.delete(response);
        // Changes nothing after the end.
        reject(BROKEN);
      });
    });
  }

  #deliver(message: JsonRpcMessage, id: RequestId | undefined): void {
    if (message.method === undefined) {
      const request = this.#requests.get(message.id as RequestId);
      if (request) this.#learn(message);
      this.#requests.delete(message.id as RequestId);
    } else if (id !== undefined) {
      (message as { [RELATED]?: RequestId })[RELATED] = id;
    }
    this.onMessage(message);
  }

  /** Notes what later requests depend on. */
  #learn(message: JsonRpcMessage): void {
    const { result } = message;
    if (!result) return;
    if (message.id === this.#initialize?.id && typeof result.protocolVersion === 'string') {
      if (!isModern(result.protocolVersion)) this.#version = result.protocolVersion;
    }
    if (!Array.isArray(result.tools) || this.#version !== undefined) return;
    result.tools = result.tools.filter((tool) => {
      const params = isObject(tool) ? paramHeadersOf(tool) : undefined;
      if (!params) {
        this.#note(`tool ${tool?.name} has an x-mcp-header that is not allowed; left out`);
        return false;
      }
      if (params.length > 0) this.#params.set(String(tool.name), params);
      else this.#params.delete(String(tool.name));
      return true;
    });
  }

  /** The stream for what belongs to no request; servers may do without it. */
  async #listen(): Promise<void> {
    try {
      const response = await this.#post(
        'GET',
        undefined,
        { ...this.#headers(undefined), accept: 'text/event-stream' },
        this.#streams,
      );
      const events = String(response.headers['content-type']).startsWith('text/event-stream');
      if (response.statusCode !== 200 || !events) return void response.resume();
      await this.#readEvents(response, undefined);
      await this.#pause(this.#retryMs);
    } catch (error) {
      if (this.#closed) return;
      this.#note(`its stream broke: ${messageOf(error)}`);
      await this.#pause(RECONNECT_MS * 10);
    }
    if (!this.#closed) void this.#listen();
  }

  /** The server forgot the session: the handshake is made again, once for all who noticed. */
  #renew(lost: string): Promise<void> {
    if (this.#sessionId !== lost) return this.#gate ?? Promise.resolve();
    this.#sessionId = undefined;
    const renewal = (async () => {
      if (!this.#initialize) return;
      const id = `renewal-${lost}`;
      const before = this.onMessage;
      const initialize = { ...this.#initialize, id };
      try {
        // The answer to this handshake is nobody else's business.
        this.onMessage = (message) => message.id !== id && before(message);
        await this.#exchange(initialize, true);
        await this.#exchange(notification('notifications/initialized'), true);
      } finally {
        this.onMessage = before;
        this.#gate = undefined;
      }
    })();
    this.#gate = renewal;
    return renewal;
  }

  #failed(id: RequestId | undefined, error: unknown): void {
    this.#note(messageOf(error));
    if (id === undefined) return;
    const data =
      error instanceof PortolanError ? { code: error.code, kind: error.kind } : undefined;
    this.onMessage(errorMessage(id, CODE.internal, messageOf(error), data));
  }

  /** Waits; ends early when the conversation is closed. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #note(text: string): void {
    this.#notes = `${this.#notes}${text}\n`.slice(-4000);
  }
}
