import type { ServerResponse } from 'node:http';
import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import type { Outlet } from '../relay/inbound.ts';
import { idOf, type ReplayLog, type Sent, type StreamLog } from './replay.ts';

/** A client that reads so slowly that more than this waits for it is cut off. */
export const MOST_WAITING_BYTES = 512 * 1024 * 1024;

/**
 * The response to one HTTP request. A lone answer is plain JSON; as soon as anything else has to be
 * said before the answer, the response becomes an event stream.
 */
export class Exchange implements Outlet {
  #response: ServerResponse;
  readonly #acceptsEvents: boolean;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #replay: ReplayLog | undefined;
  /** Client of 2025-11-25 or later, which takes an event without data for what it is. */
  readonly #primed: boolean;
  readonly #maxWaitingBytes: number;
  #log: StreamLog | undefined;
  readonly openedAt = performance.now();
  streaming = false;
  ended = false;
  /** Carries what belongs to no request. */
  listening = false;

  constructor(
    response: ServerResponse,
    acceptsEvents: boolean,
    headers: Readonly<Record<string, string>> = {},
    {
      replay,
      primed = false,
      maxWaitingBytes = MOST_WAITING_BYTES,
    }: { replay?: ReplayLog; primed?: boolean; maxWaitingBytes?: number } = {},
  ) {
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#replay = replay;
    this.#primed = primed;
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

  /** Ends with these answers, or with the word that there are none; never twice. */
  endAll(messages: readonly JsonRpcMessage[]): void {
    if (messages.length > 0) {
      this.#end(messages, 200);
    } else if (this.streaming) {
      this.close();
    } else if (!this.ended) {
      this.ended = true;
      this.#response.writeHead(202, { ...this.#headers, 'Content-Length': 0 }).end();
    }
  }

  /** Begins the event stream before there is anything to say. */
  startStream(): void {
    if (this.streaming || this.ended) return;
    this.streaming = true;
    this.#log = this.#replay?.open(this);
    this.#head();
    // Tells the client an id to come back with, before there is anything to lose.
    if (this.#log && this.#primed) this.#write(`id: ${this.#keep('')}\ndata: \n\n`);
  }

  /**
   * A connection is gone; true when it was the one in use. Without a log of the stream nothing can be
   * said any more.
   */
  lost(response: ServerResponse): boolean {
    if (response !== this.#response) return false;
    if (!this.#log) this.ended = true;
    return true;
  }

  /** Goes on over another response, after what the client missed. */
  resume(response: ServerResponse, log: StreamLog, missed: readonly Sent[]): void {
    if (!this.#response.closed) this.#response.end();
    this.#response = response;
    this.#head();
    for (const { sequence, data } of missed) this.#write(eventOf(data, idOf(log, sequence)));
    if (this.ended) response.end();
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
    this.#write(': keep-alive\n\n');
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
      const event = this.#eventOf(body);
      if (!this.#response.closed) this.#response.end(event);
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
    this.#write(this.#eventOf(body));
    if (this.#response.writableLength <= this.#maxWaitingBytes) return;
    this.ended = true;
    this.#response.destroy();
  }

  #eventOf(body: unknown): string {
    const data = JSON.stringify(body);
    return eventOf(data, this.#log && this.#keep(data));
  }

  #keep(data: string): string {
    return this.#replay && this.#log ? this.#replay.add(this.#log, data) : '';
  }

  #write(text: string): void {
    if (!this.#response.closed) this.#response.write(text);
  }

  #head(): void {
    this.#response.writeHead(200, {
      ...this.#headers,
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
    });
    this.#response.flushHeaders();
  }
}

function eventOf(data: string, id: string | undefined): string {
  const name = data === '' ? '' : 'event: message\n';
  return `${id === undefined ? '' : `id: ${id}\n`}${name}data: ${data}\n\n`;
}
