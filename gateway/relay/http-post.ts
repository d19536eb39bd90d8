import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request as requestPlain,
} from 'node:http';
import { request as requestSecure, Agent as SecureAgent } from 'node:https';
import { PortolanError } from '../../core/errors.ts';
import type { HttpChannelOptions } from './http-channel.ts';

/** What a server said when it wanted authorization. */
export interface AuthChallenge {
  readonly url: string;
  /** 403 when the authorization does not reach far enough. */
  readonly status: 401 | 403;
  /** The WWW-Authenticate header, as it is. */
  readonly wwwAuthenticate?: string;
  /** The Authorization header that was refused. */
  readonly authorization?: string;
}

/** A remote server that does not answer as it should. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
}

/**
 * One request: lets it be ended, which an AbortSignal for each call would do at several times the
 * cost, and says whether it may be sent again when its connection breaks. A tool call may not: the
 * server may have done what was asked before it broke.
 */
export class Sending {
  readonly repeatable: boolean;
  cancelled = false;
  #request: ClientRequest | undefined;

  constructor(repeatable = true) {
    this.repeatable = repeatable;
  }

  attach(request: ClientRequest): void {
    this.#request = request;
    if (this.cancelled) request.destroy();
  }

  cancel(): void {
    this.cancelled = true;
    this.#request?.destroy();
  }
}

const MOST_CHALLENGES = 3;

/**
 * Makes the function that sends HTTP requests of one conversation: connections are kept and used
 * again, and a challenge is answered once for all requests that met it. Redirects are not followed:
 * the address is part of what was signed.
 */
export function createPoster(options: HttpChannelOptions) {
  const url = new URL(options.url);
  const base = addressOf(url);
  const secure = url.protocol === 'https:';
  const agent = secure
    ? new SecureAgent({
        keepAlive: true,
        maxFreeSockets: 64,
        ...(options.ca && { ca: options.ca }),
      })
    : new Agent({ keepAlive: true, maxFreeSockets: 64 });
  const request = secure ? requestSecure : requestPlain;
  let granted: Readonly<Record<string, string>> = {};
  let authorizing: Promise<void> | undefined;

  /** Sends one request and resolves with the head of the response. */
  return async function post(
    method: 'POST' | 'GET' | 'DELETE',
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
    sending: Sending,
    target: URL = url,
  ): Promise<IncomingMessage> {
    for (let attempt = 0; ; attempt += 1) {
      if (authorizing) await authorizing;
      const used = granted;
      const own = typeof options.headers === 'function' ? await options.headers() : options.headers;
      // A function knows the newest token; fixed headers know less than what was granted later.
      const all: Record<string, string> =
        typeof options.headers === 'function'
          ? Object.assign({}, used, own, headers)
          : Object.assign({}, own, used, headers);
      const response = await once(method, body, all, sending, target);
      const status = response.statusCode ?? 0;
      const wwwAuthenticate = response.headers['www-authenticate'];
      const tooNarrow = status === 403 && wwwAuthenticate?.includes('insufficient_scope');
      if (status === 401 || tooNarrow) {
        response.resume();
        if (!options.authorize || attempt >= MOST_CHALLENGES) throw authRequired(url, status);
        // Another request may have got new headers while this one was under way.
        if (granted === used) {
          const { authorization } = all as Record<string, string | undefined>;
          await authorize({
            url: url.href,
            status: tooNarrow ? 403 : 401,
            ...(wwwAuthenticate !== undefined && { wwwAuthenticate }),
            ...(authorization !== undefined && { authorization }),
          });
        }
        continue;
      }
      if (status >= 300 && status < 400) {
        response.resume();
        throw new HttpFailure(
          `it redirects to ${response.headers.location}; the address in its entry must be the final one`,
        );
      }
      return response;
    }
  };

  function authorize(challenge: AuthChallenge): Promise<void> {
    authorizing ??= (options.authorize as NonNullable<typeof options.authorize>)(challenge)
      .then((headers) => {
        granted = headers;
      })
      .finally(() => {
        authorizing = undefined;
      });
    return authorizing;
  }

  function once(
    method: string,
    body: string | undefined,
    headers: Record<string, string>,
    sending: Sending,
    target: URL,
    again = false,
  ): Promise<IncomingMessage> {
    if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body));
    const where = target === url ? base : addressOf(target);
    return new Promise((resolve, reject) => {
      const sent = request({ ...where, method, agent, headers }, resolve);
      sending.attach(sent);
      sent.on('error', (error: NodeJS.ErrnoException) => {
        const { cancelled } = sending;
        // Most likely a kept connection that the server closed in the same moment.
        const stale = sent.reusedSocket && error.code === 'ECONNRESET' && !again;
        if (stale && sending.repeatable && !cancelled) {
          once(method, body, headers, sending, target, true).then(resolve, reject);
          return;
        }
        reject(
          cancelled
            ? error
            : new PortolanError('unreachable', 'REMOTE_UNREACHABLE', reason(target, error), {
                cause: error,
              }),
        );
      });
      sent.end(body);
    });
  }
}

/** An address as node:http wants it; taken apart once and not for each request. */
function addressOf(url: URL) {
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    path: `${url.pathname}${url.search}`,
    ...(url.username && { auth: `${url.username}:${url.password}` }),
  };
}

function reason(target: URL, error: NodeJS.ErrnoException): string {
  return `${target.host} cannot be reached (${error.code ?? error.message})`;
}

function authRequired(url: URL, status: number): PortolanError {
  return new PortolanError(
    'forbidden',
    'AUTH_REQUIRED',
    status === 401
      ? `${url.host} wants you to sign in`
      : `${url.host} wants more rights than it was given`,
  );
}
