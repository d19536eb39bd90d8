import type { IncomingMessage } from 'node:http';

/** Why a request is turned away. */
export interface Refused {
  readonly status: number;
  readonly text: string;
}

/** The header that holds the session's key. A page of another origin cannot send it unasked. */
export const KEY_HEADER = 'x-portolan-key';

/**
 * Turns requests away that no page of this console makes. A web page whose name was pointed to
 * this machine (DNS rebinding) is found by its Host; a form or script of another origin, or of
 * another port of this machine, by Origin and Sec-Fetch-Site. `host` is `127.0.0.1:PORT`.
 */
export function refusalOf(request: IncomingMessage, host: string): Refused | undefined {
  const { headers, method = '' } = request;
  if (headers.host !== host) {
    return { status: 421, text: `this console answers to http://${host} only` };
  }
  if (!['GET', 'POST'].includes(method)) {
    return { status: 405, text: `${method} is not a method of this console` };
  }
  if (headers.origin !== undefined && headers.origin !== `http://${host}`) {
    return { status: 403, text: 'pages of another origin may not use this console' };
  }
  const from = headers['sec-fetch-site'];
  const isNavigation = method === 'GET' && headers['sec-fetch-mode'] === 'navigate';
  if (from !== undefined && from !== 'same-origin' && !isNavigation) {
    return { status: 403, text: 'pages of another origin may not use this console' };
  }
  if (method === 'POST' && !/^application\/json(;|$)/.test(headers['content-type'] ?? '')) {
    return { status: 415, text: 'the body of a request is JSON' };
  }
  return undefined;
}

/** The name of the cookie; cookies do not know ports, so the name has it. */
export function cookieName(host: string): string {
  return `portolan-console-${host.split(':')[1]}`;
}

/** The session's two parts, as a request brings them. */
export function credentialsOf(
  { headers }: IncomingMessage,
  host: string,
): { readonly cookie: string | undefined; readonly key: string | undefined } {
  const wanted = cookieName(host);
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  const cookie = pairs.find(([name]) => name === wanted)?.[1];
  const key = headers[KEY_HEADER];
  return { cookie, key: typeof key === 'string' ? key : undefined };
}
