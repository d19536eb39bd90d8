import { PortolanError } from '../errors.ts';
import { basicHeader, denied, type Token, type TokenRequest } from './authorize.ts';
import { readCapped } from './body.ts';
import { follow } from './follow.ts';
import { isPassingStatus, networkFailure, Passing, parseRetryAfter } from './retry.ts';
import type { Fetch, HttpResponse } from './transport.ts';

const MAX_ANSWER = 2 ** 20;
/** What the distribution spec has a client assume when the server does not say. */
const DEFAULT_SECONDS = 60;
const CLIENT_ID = 'portolan';

/**
 * Gets a token: with GET for a password or nobody, with POST (OAuth refresh) for an identity token.
 * Throws `forbidden` / `ACCESS_DENIED`, `malformed` / `TOKEN_MALFORMED`, or a Passing failure.
 */
export async function fetchToken(
  fetch: Fetch,
  name: string,
  { realm, service, scopes, credentials }: TokenRequest,
  mayUse: (url: URL) => boolean,
): Promise<Token> {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  // Threat: a realm of plain HTTP would carry the password in the clear.
  if (url?.username !== '' || !mayUse(url)) {
    throw new PortolanError(
      'malformed',
      'TOKEN_MALFORMED',
      `${name}: the registry's token server is not an allowed URL (it must be https); ask the registry's owner`,
    );
  }
  const where = `${name}: token server ${url.host}`;
  let response: HttpResponse;
  try {
    ({ response } = await follow(
      fetch,
      credentials?.kind === 'identity'
        ? refreshRequest(url, service, scopes, credentials.refreshToken)
        : {
            url: withQuery(url, service, scopes),
            method: 'GET',
            headers: { Accept: 'application/json' },
            authorization:
              credentials?.kind === 'password'
                ? basicHeader(credentials.username, credentials.password)
                : undefined,
          },
      mayUse,
    ));
    const bytes = await readCapped(response, MAX_ANSWER, where);
    if (response.status === 200) return parseToken(bytes, where);
  } catch (error) {
    throw networkFailure(error, where);
  }
  const { status } = response;
  if (isPassingStatus(status)) {
    throw new Passing(
      new PortolanError(
        'unreachable',
        'REGISTRY_ERROR',
        `${where} answered with the HTTP status ${status}; try again later`,
      ),
      parseRetryAfter(response.headers.get('retry-after'), Date.now()),
    );
  }
  throw denied(
    name,
    credentials ? 'refuses the stored credentials' : 'wants credentials, and none are stored',
  );
}

function withQuery(realm: URL, service: string | undefined, scopes: readonly string[]): URL {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  return url;
}

function refreshRequest(
  url: URL,
  service: string | undefined,
  scopes: readonly string[],
  refreshToken: string,
) {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: CLIENT_ID,
    service: service ?? '',
    scope: scopes.join(' '),
    refresh_token: refreshToken,
  });
  return {
    url,
    method: 'POST' as const,
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/x-www-form-urlencoded',
    },
    body: new TextEncoder().encode(form.toString()),
  };
}

function parseToken(bytes: Uint8Array, where: string): Token {
  let answer: Record<string, unknown> | null = null;
  try {
    answer = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown> | null;
  } catch {
    // Said below: the answer may hold a token, so nothing of it is quoted.
  }
  const token = answer?.token ?? answer?.access_token;
  // Only visible ASCII can stand in a header.
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,65536}$/.test(token)) {
    throw new PortolanError('malformed', 'TOKEN_MALFORMED', `${where} answered without a token`);
  }
  const seconds = answer?.expires_in;
  return {
    token,
    seconds: typeof seconds === 'number' && seconds > 0 ? seconds : DEFAULT_SECONDS,
  };
}
