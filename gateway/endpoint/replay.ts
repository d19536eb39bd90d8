import type { Exchange } from './exchange.ts';

/** Bytes of events that one session keeps for a client whose connection broke. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Streams of one session whose events are kept. */
const MOST_STREAMS = 64;

/** An event that was sent, and may have to be sent again. */
export interface Sent {
  readonly sequence: number;
  readonly data: string;
}

/** The events of one stream, numbered, as long as they are kept. */
export interface StreamLog {
  readonly id: number;
  readonly stream: Exchange;
  readonly events: Sent[];
  next: number;
}

/**
 * What the streams of one session said, so that a client can take one up where it broke off
 * (`Last-Event-ID`). Oldest streams are forgotten first; so is a stream that is too large.
 */
export class ReplayLog {
  readonly #streams = new Map<number, StreamLog>();
  #bytes = 0;
  #nextStream = 0;

  open(stream: Exchange): StreamLog {
    const log: StreamLog = { id: ++this.#nextStream, stream, events: [], next: 0 };
    this.#streams.set(log.id, log);
    if (this.#streams.size > MOST_STREAMS) this.#forgetOldest();
    return log;
  }

  /** Keeps one event; returns its id for the client. */
  add(log: StreamLog, data: string): string {
    const sequence = log.next;
    log.next += 1;
    if (this.#streams.has(log.id)) {
      log.events.push({ sequence, data });
      this.#bytes += data.length;
      while (this.#bytes > MOST_BYTES && this.#streams.size > 0) this.#forgetOldest();
    }
    return idOf(log, sequence);
  }

  /** The stream of an event and what followed it; undefined when that is no longer known. */
  after(eventId: string): { log: StreamLog; missed: readonly Sent[] } | undefined {
    const match = /^(\d{1,9})-(\d{1,9})$/.exec(eventId);
    const log = this.#streams.get(Number(match?.[1]));
    const sequence = Number(match?.[2]);
    if (!log || sequence >= log.next) return undefined;
    return { log, missed: log.events.filter((event) => event.sequence > sequence) };
  }

  forget(log: StreamLog): void {
    if (!this.#streams.delete(log.id)) return;
    for (const { data } of log.events.splice(0)) this.#bytes -= data.length;
  }

  #forgetOldest(): void {
    const [oldest] = this.#streams.values();
    if (oldest) this.forget(oldest);
  }
}

/** Id of an event, unique in its session. */
export function idOf(log: StreamLog, sequence: number): string {
  return `${log.id}-${sequence}`;
}
