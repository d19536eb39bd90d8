import {
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomState,
  validateAuthResponse,
} from 'oauth4webapi';
import { PortolanError } from '../../core/errors.ts';
import { type CallbackPage, listenForCallback } from './callback.ts';
import type { BearerChallenge } from './challenge.ts';
import { libraryClient, type OwnClient, obtainClient } from './client-id.ts';
import { canonicalServer, type Discovered, discover } from './discover.ts';
import { oauthError } from './errors.ts';
import type { OAuthHttp } from './http.ts';
import type { SignIn, SignInStore } from './sign-in-store.ts';
import { exchangeCode } from './tokens.ts';

export interface SignInOptions {
  /** Scopes to ask for; those of the challenge, else of the server's metadata, when absent. */
  readonly scopes?: readonly string[];
  /** Which of several authorization servers to use. */
  readonly issuer?: string;
  readonly client?: OwnClient;
  /** Milliseconds that the person has; ten minutes when absent. */
  readonly timeout?: number;
}

/** A sign-in that waits for a person. */
export interface PendingSignIn {
  readonly server: string;
  /** Where the person goes with a browser, on this machine or another one. */
  readonly authorizationUrl: string;
  readonly redirectUri: string;
  /** The tokens, already stored; rejects when the sign-in fails, is cancelled or takes too long. */
  readonly done: Promise<SignIn>;
  /** Ends the sign-in with the address that the browser was sent back to. Throws like `done`. */
  complete(redirectUrl: string): Promise<SignIn>;
  cancel(): void;
}

export interface SignInContext {
  readonly http: OAuthHttp;
  readonly store: SignInStore;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly clientMetadataUrl?: string;
  /** Stores the finished sign-in. */
  readonly keep: (signIn: SignIn) => Promise<void>;
}

/**
 * Begins a sign-in with the authorization code flow: PKCE S256, `state`, `iss` (RFC 9207), a
 * resource indicator (RFC 8707) and a loopback redirect on a port of its own (RFC 8252).
 */
export async function startSignIn(
  server: URL,
  challenge: BearerChallenge,
  options: SignInOptions,
  context: SignInContext,
): Promise<PendingSignIn> {
  const { http, store, clock } = context;
  const found = await discover(server, challenge, http, options.issuer);
  const { authorizationServer: as, resource } = found;
  const scopes = scopesFor(found, challenge, options);
  const state = generateRandomState();
  const verifier = generateRandomCodeVerifier();
  const outcome = Promise.withResolvers<SignIn>();
  outcome.promise.catch(() => {});

  let answered = false;
  const receive = async (parameters: URLSearchParams): Promise<CallbackPage> => {
    // Anyone can make a browser come here. What does not know the state changes nothing.
    if (parameters.get('state') !== state) return page(400, 'Not this sign-in', WRONG_STATE);
    if (answered) return page(410, 'Already used', 'This address has been used. Sign in again.');
    answered = true;
    try {
      const signIn = await finish(parameters);
      outcome.resolve(signIn);
      return page(200, 'Signed in', 'Portolan may now use this server. You can close this page.');
    } catch (error) {
      const failure = oauthError(error, `the sign-in to ${canonicalServer(server)}`);
      outcome.reject(failure);
      return page(400, 'Not signed in', failure.message);
    }
  };
  const known = options.client ? undefined : await store.registration(as.issuer);
  // A server that compares redirect URIs to the letter knows the port of the registration.
  const listener = await listenForCallback(receive, portOf(known?.redirectUri));
  const timer = setTimeout(
    () => outcome.reject(gaveUp('SIGN_IN_TIMEOUT', 'was not finished in time')),
    options.timeout ?? 600_000,
  );
  const close = () => {
    answered = true;
    clearTimeout(timer);
    return listener.close();
  };
  outcome.promise.then(close, close);

  const { redirectUri } = listener;
  const clientOptions = {
    own: options.client,
    metadataUrl: context.clientMetadataUrl,
    redirectUri,
    scopes,
    now: clock(),
  };
  const client = await obtainClient(as, clientOptions, http, store).catch((error) => {
    outcome.reject(error);
    throw error;
  });

  const finish = async (received: URLSearchParams): Promise<SignIn> => {
    const parameters = validateAuthResponse(as, libraryClient(client), received, state);
    const exchange = {
      server: canonicalServer(server),
      resource,
      authorizationServer: as,
      client,
      redirectUri,
      verifier,
      scopes,
      parameters,
    };
    const signIn = await exchangeCode(exchange, http, clock());
    await context.keep(signIn);
    return signIn;
  };

  const url = new URL(String(as.authorization_endpoint));
  const query = {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: redirectUri,
    state,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    resource,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    // OpenID Connect gives a refresh token only after consent.
    ...(scopes.includes('offline_access') && { prompt: 'consent' }),
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return {
    server: canonicalServer(server),
    authorizationUrl: url.href,
    redirectUri,
    done: outcome.promise,
    complete: async (redirectUrl) => {
      const parameters = parseRedirect(redirectUrl);
      const { status } = await receive(parameters);
      if (parameters.get('state') !== state) throw stranger();
      if (status === 410) throw gaveUp('OAUTH_REPLAY', 'was finished before');
      return outcome.promise;
    },
    cancel: () => outcome.reject(gaveUp('SIGN_IN_CANCELLED', 'was cancelled')),
  };
}

const WRONG_STATE =
  'This address does not belong to the sign-in that was started here. Nothing was changed.';

/** The scopes to ask for, with `offline_access` where that is what gives a refresh token. */
function scopesFor(
  { scopes: named, authorizationServer }: Discovered,
  challenge: BearerChallenge,
  options: SignInOptions,
): readonly string[] {
  const wanted = options.scopes ?? challenge.scopes ?? named ?? [];
  const offline =
    wanted.length > 0 && authorizationServer.scopes_supported?.includes('offline_access');
  return [...new Set([...wanted, ...(offline ? ['offline_access'] : [])])];
}

function parseRedirect(text: string): URLSearchParams {
  const url = URL.parse(text.trim());
  if (url?.search) return url.searchParams;
  throw new PortolanError(
    'usage',
    'OAUTH_PASTE',
    'that is not the address of the page that the browser ended on; copy the whole address, it begins with http://127.0.0.1 and holds a code',
  );
}

function portOf(redirectUri: string | undefined): number | undefined {
  const port = redirectUri === undefined ? undefined : URL.parse(redirectUri)?.port;
  return port ? Number(port) : undefined;
}

function page(status: number, title: string, text: string): CallbackPage {
  return { status, title, text };
}

function stranger(): PortolanError {
  return new PortolanError(
    'untrusted',
    'OAUTH_STATE',
    'that address belongs to another sign-in (its state differs); paste the one of the sign-in that was started just now',
  );
}

function gaveUp(code: string, fact: string): PortolanError {
  return new PortolanError('unreachable', code, `the sign-in ${fact}; start it again`);
}
