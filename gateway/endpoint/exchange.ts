import type { ServerResponse } from 'node:http';
import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import type { Outlet } from '../relay/inbound.ts';

/** A client that reads so slowly that this many bytes wait for it is cut off. */
const MOST_WAITING_BYTES = 512 * 1024 * 1024;

/**
 * The response to one HTTP request. A lone answer is plain JSON; as soon as anything else has to be
 * said before the answer, the response becomes an event stream.
 */
export class Exchange implements Outlet {
  readonly #response: ServerResponse;
  readonly #acceptsEvents: boolean;
  readonly #headers: Readonly<Record<string, string>>;
  readonly openedAt = Date.now();
  streaming = false;
  ended = false;

  constructor(
    response: ServerResponse,
    acceptsEvents: boolean,
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.#response = response;
    this.#acceptsEvents = acceptsEvents;
    this.#headers = headers;
  }

  get request() {
    return this.#response.req;
  }

  send(message: JsonRpcMessage): void {
    if (this.ended || !this.#acceptsEvents) return;
    this.startStream();
    this.#event(message);
  }

  end(message: JsonRpcMessage, status = 200): void {
    this.#end(message, status);
  }

  endAll(messages: readonly JsonRpcMessage[]): void {
    if (messages.length > 0) {
      this.#end(messages, 200);
      return;
    }
    this.ended = true;
    this.#response.writeHead(202, { ...this.#headers, 'Content-Length': 0 }).end();
  }

  /** Begins the event stream before there is anything to say. */
  startStream(): void {
    if (this.streaming || this.ended) return;
    this.streaming = true;
    this.#response.writeHead(200, {
      ...this.#headers,
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
    });
    this.#response.flushHeaders();
  }

  /** An event of another kind than a message. */
  announce(event: string, data: string): void {
    this.startStream();
    this.#response.write(`event: ${event}\ndata: ${data}\n\n`);
  }

  /** Keeps proxies and clients from taking a long silence for an end. */
  keepAlive(now: number, afterMs: number): void {
    if (this.ended || !this.#acceptsEvents) return;
    if (!this.streaming && now - this.openedAt < afterMs) return;
    this.startStream();
    this.#response.write(': keep-alive\n\n');
  }

  /** Ends the stream without an answer. */
  close(): void {
    if (this.ended) return;
    this.ended = true;
    this.#response.end();
  }

  #end(body: unknown, status: number): void {
    if (this.ended) return;
    this.ended = true;
    if (this.streaming) {
      this.#response.end(eventOf(body));
      return;
    }
    // A text goes out together with its head, bytes would need a write of their own.
    const text = JSON.stringify(body);
    this.#response.writeHead(status, {
      ...this.#headers,
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
    });
    this.#response.end(text);
  }

  #event(body: unknown): void {
    this.#response.write(eventOf(body));
    if (this.#response.writableLength > MOST_WAITING_BYTES) this.#response.destroy();
  }
}

function eventOf(body: unknown): string {
  return `event: message\ndata: ${JSON.stringify(body)}\n\n`;
}
