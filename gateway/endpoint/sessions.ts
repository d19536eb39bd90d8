import { randomUUID } from 'node:crypto';
import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import type { Gateway } from '../relay/gateway.ts';
import type { Client, Outlet } from '../relay/inbound.ts';
import type { Exchange } from './exchange.ts';
import { ReplayLog } from './replay.ts';

/** What belongs to no request waits for the client's stream; older messages than these are lost. */
const MOST_WAITING = 200;

/** 128 random bits, as a balancer writes them: in hexadecimal, with or without dashes. */
const PROPOSED = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/;

/** One client of the era with sessions. */
export interface Session {
  readonly id: string;
  readonly principal: string;
  readonly gateway: Gateway;
  readonly client: Client;
  /** The response to its GET, when it listens. */
  stream: Exchange | undefined;
  readonly waiting: JsonRpcMessage[];
  /** What its streams said, for a client that takes one up again. */
  readonly replay: ReplayLog;
  /** Exchanges under way. */
  open: number;
  lastUsed: number;
}

/** Sessions by id, with an upper bound on their number and on the time that they stay unused. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #most: number;
  readonly #idleMs: number;
  readonly #newId: (() => string) | undefined;

  constructor({ most, idleMs, newId }: { most: number; idleMs: number; newId?: () => string }) {
    this.#most = most;
    this.#idleMs = idleMs;
    this.#newId = newId;
  }

  /** Opens a session; undefined when there are too many that are in use. */
  open(gateway: Gateway, principal: string, proposed?: unknown): Session | undefined {
    if (this.#sessions.size >= this.#most && !this.#endOldest()) return undefined;
    const id = this.#newId?.() ?? this.#adopted(principal, proposed) ?? randomUUID();
    const waiting: JsonRpcMessage[] = [];
    const outlet: Outlet = {
      // What belongs to no request still came over HTTP.
      request: { headers: {} },
      send(message) {
        if (session.stream) return session.stream.send(message);
        if (waiting.length >= MOST_WAITING) waiting.shift();
        waiting.push(message);
      },
      end: (message) => outlet.send(message),
    };
    const client = gateway.connect({ key: id, principal, outlet });
    const session: Session = {
      id,
      principal,
      gateway,
      client,
      stream: undefined,
      waiting,
      replay: new ReplayLog(),
      open: 0,
      lastUsed: performance.now(),
    };
    this.#sessions.set(id, session);
    return session;
  }

  /** The session of a request; only its own caller may use it, and only with the profile that it began with. */
  find(id: string, principal: string, gateway: Gateway): Session | undefined {
    const session = this.#sessions.get(id);
    if (session?.principal !== principal || session.gateway !== gateway) return undefined;
    session.lastUsed = performance.now();
    return session;
  }

  /** Ends a session and the servers that only it used. */
  async end(session: Session): Promise<void> {
    if (!this.#sessions.delete(session.id)) return;
    session.stream?.close();
    await session.gateway.disconnect(session.client, true);
  }

  /** Ends sessions that nobody uses. */
  sweep(now: number): void {
    for (const session of this.#sessions.values()) {
      if (isIdle(session) && now - session.lastUsed > this.#idleMs) void this.end(session);
    }
  }

  /** Ends the sessions of callers that may not come in any more. */
  endOf(isGone: (principal: string) => boolean): void {
    for (const session of this.#sessions.values()) {
      if (isGone(session.principal)) void this.end(session);
    }
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => this.end(session)));
  }

  get size(): number {
    return this.#sessions.size;
  }

  /**
   * The id that a balancer proposes, which routes by hashes of ids and so must choose them. A client
   * that begins anew under the id of its own session has given that one up.
   */
  #adopted(principal: string, proposed: unknown): string | undefined {
    if (typeof proposed !== 'string' || !PROPOSED.test(proposed)) return undefined;
    const before = this.#sessions.get(proposed);
    if (before && before.principal !== principal) return undefined;
    if (before) void this.end(before);
    return proposed;
  }

  #endOldest(): boolean {
    let oldest: Session | undefined;
    for (const session of this.#sessions.values()) {
      if (isIdle(session) && (!oldest || session.lastUsed < oldest.lastUsed)) oldest = session;
    }
    if (!oldest) return false;
    void this.end(oldest);
    return true;
  }
}

function isIdle({ stream, open }: Session): boolean {
  return !stream && open === 0;
}
