import type { Failure } from '../api/types.ts';

/** A no from the console, with what to do about it. */
export class Refusal extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** The key of the session is the storage of this origin's own; see sessions.ts. */
const KEY = 'portolan-key';
export type Lost = 'no-session' | 'gone';
let onLost: (lost: Lost) => void = () => {};

/** Called when the console does not know this browser any more, or does not answer. */
export function whenLost(listener: (lost: Lost) => void): void {
  onLost = listener;
}

/** Uses the link's code, if the address has one, and takes it out of the address. */
export async function enter(): Promise<Failure | undefined> {
  const code = /^#link=([\w-]+)$/.exec(location.hash)?.[1];
  if (!code) return undefined;
  history.replaceState(null, '', location.pathname + location.search);
  const response = await fetch('/api/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  const answer = (await response.json()) as { value?: { key: string }; failure?: Failure };
  if (answer.value) localStorage.setItem(KEY, answer.value.key);
  // A tab that is signed in already needs no link.
  else if (!localStorage.getItem(KEY)) return answer.failure;
  return undefined;
}

export const ask = <T>(path: string, signal?: AbortSignal): Promise<T> =>
  request(path, signal ? { signal } : {});

export const send = <T>(path: string, body: object = {}): Promise<T> =>
  request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** A path with parts that may hold anything. */
export const path = (parts: TemplateStringsArray, ...values: readonly string[]): string =>
  parts.reduce((text, part, index) => text + encodeURIComponent(values[index - 1] ?? '') + part);

async function request<T>(address: string, init: RequestInit): Promise<T> {
  const response = await rawRequest(address, init);
  const answer = (await response.json()) as { value: T; failure?: Failure };
  if (answer.failure) throw new Refusal(answer.failure);
  return answer.value;
}

/** With the session's key; reports a lost session or console, and throws then. */
export async function rawRequest(address: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('x-portolan-key', localStorage.getItem(KEY) ?? '');
  let response: Response;
  try {
    response = await fetch(address, { ...init, headers });
  } catch (error) {
    if (!(error instanceof DOMException)) onLost('gone');
    throw error;
  }
  if (response.ok) return response;
  if (response.status === 401) onLost('no-session');
  throw new Refusal({ kind: 'failed', code: 'REQUEST', message: await response.text() });
}
