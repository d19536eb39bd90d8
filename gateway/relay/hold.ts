import { randomBytes } from 'node:crypto';
import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import type { Connection, LocalCause, PendingCall } from './connection.ts';
import type { Inbound } from './inbound.ts';
import { CODE, errorMessage, isObject, type JsonObject, type RequestId } from './protocol.ts';
import type { Relay } from './relay.ts';
import type { Line } from './server.ts';

/** A question of a server, until the client answers it. */
interface Question {
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject | undefined;
}

/** Marks the request states that are ours; a modern server's own states pass through unseen. */
const STATE_PREFIX = 'portolan.';
/** Questions that a server asks in one breath go to the client in one answer. */
const GATHER_MS = 4;

/**
 * A call to a server of the old era for a client of the new one, while the server wants something
 * of the client. The old server asks and waits; the new client gets `input_required` as its answer
 * and calls again with what was asked for. Between the two the call is held here.
 */
export class Held implements PendingCall {
  readonly #relay: Relay;
  readonly #connection: Connection;
  readonly #line: Line | undefined;
  readonly #upstreamId: number;
  readonly #principal: string;
  /** A state cannot be moved to another call. */
  readonly #target: string;
  readonly #questions = new Map<string, Question>();
  deadline: number;
  readonly onSettle: Inbound['onSettle'];
  readonly route: Inbound['route'];
  #state = '';
  #inbound: Inbound | undefined;
  #answer: { message: JsonRpcMessage; cause?: LocalCause } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #count = 0;
  #ended = false;

  constructor(relay: Relay, inbound: Inbound, connection: Connection) {
    this.#relay = relay;
    this.#inbound = inbound;
    this.#connection = connection;
    this.#line = inbound.line;
    this.#upstreamId = inbound.upstreamId;
    this.#principal = inbound.client.key;
    this.#target = inbound.target;
    this.onSettle = inbound.onSettle;
    this.route = inbound.route;
    this.deadline = inbound.deadline;
    connection.pending.set(this.#upstreamId, this);
  }

  /** The exchange that the call is part of at this moment. */
  get inbound(): Inbound | undefined {
    return this.#inbound;
  }

  /** The server asks: answered with `input_required` as soon as it pauses. */
  ask(message: JsonRpcMessage): void {
    const key = `${(message.method ?? '').replace('/', '-')}-${++this.#count}`;
    this.#questions.set(key, {
      id: message.id as RequestId,
      method: message.method as string,
      params: message.params,
    });
    this.#flushSoon();
  }

  /** The server no longer wants an answer to one of its questions. */
  withdraw(id: RequestId): void {
    for (const [key, question] of this.#questions) {
      if (question.id === id) this.#questions.delete(key);
    }
  }

  /** The client calls again. Returns false when this is another call or another caller. */
  resume(inbound: Inbound): boolean {
    if (inbound.client.key !== this.#principal || inbound.target !== this.#target) return false;
    this.#relay.held.delete(this.#state);
    this.#inbound = inbound;
    this.deadline = performance.now() + this.#connection.options.callTimeoutMs;
    inbound.line = this.#line;
    inbound.upstreamId = this.#upstreamId;
    const { inputResponses } = inbound.params;
    const responses = isObject(inputResponses) ? inputResponses : {};
    for (const [key, question] of this.#questions) {
      const result = responses[key];
      if (!isObject(result)) continue;
      this.#questions.delete(key);
      this.#connection.send({ jsonrpc: '2.0', id: question.id, result });
    }
    if (this.#answer) this.#finish(inbound, this.#answer.message, this.#answer.cause);
    else if (this.#questions.size > 0) this.#flushSoon();
    return true;
  }

  progress(message: JsonRpcMessage): void {
    this.#inbound?.progress(message);
  }

  settle(message: JsonRpcMessage, cause?: LocalCause): void {
    clearTimeout(this.#timer);
    this.#questions.clear();
    if (this.#inbound) this.#finish(this.#inbound, message, cause);
    else this.#answer = { message, ...(cause && { cause }) };
  }

  /** Gives the call up when the client does not come back. */
  expire(now: number): void {
    if (now > this.deadline) this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#relay.held.delete(this.#state);
    for (const question of this.#questions.values()) {
      this.#connection.send(
        errorMessage(question.id, CODE.internal, 'the client did not answer in time'),
      );
    }
    this.#connection.cancel(this.#upstreamId, 'the client did not come back');
  }

  #finish(inbound: Inbound, message: JsonRpcMessage, cause: LocalCause | undefined): void {
    this.#ended = true;
    inbound.settle(message, cause);
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const inbound = this.#inbound;
      if (!inbound || this.#questions.size === 0) return;
      this.#inbound = undefined;
      this.#state = `${STATE_PREFIX}${this.#relay.options.newState?.() ?? randomBytes(18).toString('base64url')}`;
      this.deadline = performance.now() + (this.#relay.options.holdMs ?? 600_000);
      this.#relay.held.set(this.#state, this);
      inbound.result({
        resultType: 'input_required',
        inputRequests: Object.fromEntries(
          [...this.#questions].map(([key, { method, params }]) => [
            key,
            params === undefined ? { method } : { method, params },
          ]),
        ),
        requestState: this.#state,
      });
    }, GATHER_MS);
  }
}

/** True for a request state that the gateway made. */
export function isOurState(state: unknown): state is string {
  return typeof state === 'string' && state.startsWith(STATE_PREFIX);
}

/** The part of such a state that tells it from all others. */
export function stateName(state: string): string {
  return state.slice(STATE_PREFIX.length);
}
