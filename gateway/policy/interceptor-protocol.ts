import { isObject, type JsonObject } from '../relay/protocol.ts';
import type { CallInfo } from '../relay/relay.ts';

/** What an interceptor is told. */
export interface Question {
  readonly version: 1;
  readonly phase: 'before' | 'after';
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly call: {
    readonly server: string;
    readonly digest?: string;
    readonly method: CallInfo['method'];
    readonly name: string;
    readonly principal: string;
    readonly arguments: unknown;
  };
  /** After the call only. */
  readonly result?: JsonObject;
}

/** What an interceptor decides. */
export type Answer =
  | { readonly decision: 'allow' }
  | { readonly decision: 'refuse'; readonly reason: string }
  | { readonly decision: 'change'; readonly arguments: JsonObject }
  | { readonly decision: 'change'; readonly result: JsonObject };

/** The most bytes of an answer. */
export const MOST_BYTES = 64 * 2 ** 20;

export function questionOf(
  phase: Question['phase'],
  call: CallInfo,
  result: JsonObject | undefined,
  now: Date,
): Question {
  return {
    version: 1,
    phase,
    time: now.toISOString(),
    call: {
      server: call.server,
      ...(call.digest !== undefined && { digest: call.digest }),
      method: call.method,
      name: call.name,
      principal: call.principal,
      arguments: call.params.arguments ?? {},
    },
    ...(result && { result }),
  };
}

/** Reads an answer. Throws Error for anything that is not clearly one: unclear means no. */
export function parseAnswer(text: string, phase: Question['phase']): Answer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('its answer is not JSON');
  }
  if (!isObject(value)) throw new Error('its answer is no object');
  if (value.decision === 'allow') return { decision: 'allow' };
  if (value.decision === 'refuse') {
    const reason =
      typeof value.reason === 'string' ? value.reason.slice(0, 500) : 'no reason given';
    return { decision: 'refuse', reason };
  }
  if (value.decision === 'change') {
    if (phase === 'before' && isObject(value.arguments)) {
      return { decision: 'change', arguments: value.arguments };
    }
    if (phase === 'after' && isObject(value.result)) {
      return { decision: 'change', result: value.result };
    }
    throw new Error(
      `it wants a change, but gives no object "${phase === 'before' ? 'arguments' : 'result'}"`,
    );
  }
  throw new Error('its answer has no decision allow, refuse or change');
}
