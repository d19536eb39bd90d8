import { PortolanError } from '../errors.ts';
import type { Fetch, HttpRequest, HttpResponse } from './transport.ts';

/** A request as the client means it, before redirects; a streamed body can be made anew. */
export interface Outgoing {
  readonly url: URL;
  readonly method: HttpRequest['method'];
  readonly headers?: Readonly<Record<string, string>>;
  /** Value of the Authorization header; it never leaves the origin of `url`. */
  readonly authorization?: string | undefined;
  readonly body?: Uint8Array | (() => AsyncIterable<Uint8Array>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Sends a request and follows redirects by hand, because blobs often live elsewhere than the
 * registry. Threats: credentials sent on to another host, so Authorization is dropped for good at
 * the first change of origin; and a step down to plain HTTP, which `mayUse` refuses.
 * @returns the last answer and the URL that gave it
 */
export async function follow(
  fetch: Fetch,
  { url, method, headers = {}, authorization, body, signal }: Outgoing,
  mayUse: (url: URL) => boolean,
): Promise<{ readonly response: HttpResponse; readonly url: URL }> {
  const { origin } = url;
  let target = url;
  let credentials = authorization;
  for (let hop = 0; ; hop += 1) {
    const response = await fetch(target.href, {
      method,
      headers: { ...headers, ...(credentials ? { Authorization: credentials } : {}) },
      redirect: 'manual',
      ...(body ? { body: body instanceof Uint8Array ? body : body() } : {}),
      ...(body && !(body instanceof Uint8Array) ? { duplex: 'half' } : {}),
      ...(signal ? { signal } : {}),
    });
    const location = response.headers.get('location');
    // Only 307 and 308 keep method and body, so other redirects of an upload are answers.
    const followed = method === 'GET' || method === 'HEAD' || response.status >= 307;
    if (!REDIRECTS.has(response.status) || location === null || !followed) {
      return { response, url: target };
    }
    await discard(response);
    const next = URL.canParse(location, target) ? new URL(location, target) : undefined;
    if (next?.username !== '' || next.password !== '' || !mayUse(next)) {
      throw badRedirect(target, 'somewhere that is not allowed (plain HTTP, or not a URL)');
    }
    if (hop === MAX_REDIRECTS) throw badRedirect(target, 'on and on');
    if (next.origin !== origin) {
      // A form may hold a refresh token; only blobs (PUT) are meant to be stored elsewhere.
      if (method === 'POST') throw badRedirect(target, 'a form to another host');
      credentials = undefined;
    }
    target = next;
  }
}

/** Gives a connection back without reading what is left of an answer. */
export async function discard(response: HttpResponse): Promise<void> {
  await response.body?.cancel().catch(() => {});
}

function badRedirect(url: URL, whither: string): PortolanError {
  return new PortolanError(
    'unreachable',
    'REDIRECT_REFUSED',
    `${url.origin}${url.pathname} redirects ${whither}; ask the registry's owner, or use plain HTTP by choice`,
  );
}
