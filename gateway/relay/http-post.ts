import { Agent, type IncomingMessage, request as requestPlain } from 'node:http';
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

const MOST_CHALLENGES = 3;

/**
 * Makes the function that sends HTTP requests of one conversation: connections are kept and used
 * again, and a challenge is answered once for all requests that met it. Redirects are not followed:
 * the address is part of what was signed.
 */
export function createPoster(options: HttpChannelOptions) {
  const url = new URL(options.url);
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
    signal: AbortSignal,
    target: URL = url,
  ): Promise<IncomingMessage> {
    for (let attempt = 0; ; attempt += 1) {
      if (authorizing) await authorizing;
      const used = granted;
      const own = typeof options.headers === 'function' ? await options.headers() : options.headers;
      // A function knows the newest token; fixed headers know less than what was granted later.
      const all =
        typeof options.headers === 'function'
          ? { ...used, ...own, ...headers }
          : { ...own, ...used, ...headers };
      const response = await once(method, body, all, signal, target);
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
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    target: URL,
    again = false,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = request(
        target,
        {
          method,
          agent,
          signal,
          headers:
            body === undefined
              ? headers
              : { ...headers, 'content-length': Buffer.byteLength(body) },
        },
        resolve,
      );
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // A kept connection that the server closed in the same moment: nothing was processed.
        if (sent.reusedSocket && error.code === 'ECONNRESET' && !again && !signal.aborted) {
          once(method, body, headers, signal, target, true).then(resolve, reject);
          return;
        }
        reject(
          signal.aborted
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
