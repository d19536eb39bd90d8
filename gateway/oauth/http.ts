import { allowInsecureRequests, customFetch } from 'oauth4webapi';
import { PortolanError } from '../../core/errors.ts';

export type Fetch = typeof fetch;

/** How requests to authorization servers are made on behalf of one MCP server. */
export interface OAuthHttp {
  /** Options for oauth4webapi. */
  readonly options: {
    readonly [customFetch]: (url: string, init: RequestInit) => Promise<Response>;
    readonly [allowInsecureRequests]: true;
  };
  get(url: URL): Promise<Response>;
  /** Throws `forbidden` / `OAUTH_INSECURE` for an address that may not be used. */
  check(url: URL): void;
}

const TIMEOUT = 30_000;
const LARGEST_BODY = 1024 * 1024;

/**
 * Requests for the sign-in to `server`: https only, except that a server on this machine may have
 * an authorization server on this machine. A server elsewhere must not be able to send Portolan
 * to what listens on this machine. No redirect is followed, and an answer is 1 MiB at most.
 */
export function oauthHttp(server: URL, fetch: Fetch): OAuthHttp {
  const local = isLoopback(server);
  const check = (url: URL) => {
    const fact =
      url.username || url.password
        ? 'holds a user name'
        : isLoopback(url) && !local
          ? 'is on this machine, the server is not'
          : url.protocol !== 'https:' && !(local && isLoopback(url) && url.protocol === 'http:')
            ? 'is not https'
            : undefined;
    if (fact) {
      throw new PortolanError(
        'forbidden',
        'OAUTH_INSECURE',
        `sign-in to ${server.origin}: ${url.protocol}//${url.host}${url.pathname} ${fact}; tell the publisher of the server`,
      );
    }
  };
  const request = async (address: string | URL, init: RequestInit): Promise<Response> => {
    const url = new URL(address);
    check(url);
    let response: Response;
    let body: Uint8Array<ArrayBuffer>;
    try {
      response = await fetch(url, {
        ...init,
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT),
      });
      body = await readBody(response);
    } catch (error) {
      throw new PortolanError(
        'unreachable',
        'OAUTH_UNREACHABLE',
        `${url.origin}${url.pathname} did not answer (${reasonOf(error)}); check the network and try again`,
      );
    }
    const empty = response.status === 204 || response.status === 304;
    return new Response(empty ? null : body, {
      status: response.status,
      headers: response.headers,
    });
  };
  return {
    options: { [customFetch]: request, [allowInsecureRequests]: true },
    get: (url) => request(url, { headers: { accept: 'application/json' } }),
    check,
  };
}

/** Whether a URL names this machine by a name that cannot be pointed elsewhere. */
export function isLoopback(url: URL): boolean {
  return (
    url.hostname === 'localhost' ||
    url.hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(url.hostname)
  );
}

async function readBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > LARGEST_BODY) throw new Error('the answer is larger than 1 MiB');
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** What fetch says is "fetch failed"; the reason is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : error.message;
}
