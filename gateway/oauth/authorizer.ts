import { PortolanError } from '../../core/errors.ts';
import type { RecordStore } from '../vault/vault.ts';
import { type AuthorizeOptions, afterRefusal } from './after-refusal.ts';
import { openBrowser as openSystemBrowser } from './browser.ts';
import { type AuthorizationChallenge, parseChallenge } from './challenge.ts';
import { canonicalServer } from './discover.ts';
import { type Fetch, oauthHttp } from './http.ts';
import { type PendingSignIn, type SignInOptions, startSignIn } from './sign-in.ts';
import { type SignIn, signInStore } from './sign-in-store.ts';
import { tokenKeeper } from './token-keeper.ts';
import { revokeSignIn } from './tokens.ts';

export interface AuthorizerOptions {
  /** Where sign-ins are kept: `openVault(...)`. */
  readonly vault: { readonly records: RecordStore };
  readonly fetch?: Fetch;
  /** Resolves to false when there is no browser here. */
  readonly openBrowser?: (url: string) => Promise<boolean>;
  /**
   * Asks for the address that a browser elsewhere was sent back to. Absent when there is nobody to
   * ask. The signal ends the question when the browser came back by itself.
   */
  readonly prompt?: (
    question: { readonly authorizationUrl: string; readonly redirectUri: string },
    signal: AbortSignal,
  ) => Promise<string>;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
  /** URL of the published client id metadata document, if there is one. */
  readonly clientMetadataUrl?: string;
  /**
   * Called when a running call needs a person, for example to send the client a URL elicitation.
   * The call goes on when the sign-in is done. Absent: the call fails with `SIGN_IN_REQUIRED`.
   */
  readonly onSignInNeeded?: (pending: PendingSignIn) => Promise<void>;
}

export interface LoginOptions extends SignInOptions {
  /** Told the address to visit, before the browser is opened. */
  readonly onUrl?: (url: string) => void;
  /** Open no browser; the redirect is pasted, or comes through a forwarded port. */
  readonly headless?: boolean;
}

/** A sign-in without its tokens. */
export interface SignInInfo {
  readonly server: string;
  readonly issuer: string;
  readonly resource: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Milliseconds since 1970; absent when the server does not say. */
  readonly expiresAt?: number;
  /** Whether it goes on after that without a person. */
  readonly renewable: boolean;
}

export interface Authorizer {
  /** Signs in with a browser. Throws `forbidden`, `untrusted`, `unreachable` or `malformed`. */
  login(server: string, options?: LoginOptions): Promise<SignInInfo>;
  /** The first half of `login`, for who shows the address in another way. */
  start(server: string, options?: SignInOptions): Promise<PendingSignIn>;
  /** Revokes and forgets. `revoked` is false when the authorization server did not do it. */
  logout(server: string): Promise<{ readonly found: boolean; readonly revoked: boolean }>;
  list(): Promise<readonly SignInInfo[]>;
  /**
   * Headers for a request to an MCP server; none before a sign-in. With a challenge: headers for
   * one more try, after a renewal or a sign-in. Throws `forbidden` with `SIGN_IN_REQUIRED` when a
   * person has to act, `SCOPE_REFUSED` or `TOKEN_REFUSED` when trying again would not help.
   */
  authorize(
    server: string,
    challenge?: AuthorizationChallenge,
    options?: AuthorizeOptions,
  ): Promise<Readonly<Record<string, string>>>;
}

export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const clock = options.clock ?? Date.now;
  const fetch = options.fetch ?? globalThis.fetch;
  const open = options.openBrowser ?? openSystemBrowser;
  const { clientMetadataUrl, onSignInNeeded } = options;
  const store = signInStore(options.vault.records);
  const httpFor = (server: string) => oauthHttp(new URL(server), fetch);
  const keeper = tokenKeeper({ store, httpFor, clock });

  const start = async (
    address: string,
    signInOptions: SignInOptions,
    challenge?: AuthorizationChallenge,
  ): Promise<PendingSignIn> => {
    const server = new URL(address);
    const http = httpFor(address);
    http.check(server);
    const header = challenge ? challenge.wwwAuthenticate : await probe(server, fetch);
    const context = { http, store, clock, clientMetadataUrl, keep: keeper.keep };
    return startSignIn(server, parseChallenge(header), signInOptions, context);
  };
  const answerRefusal = afterRefusal({ store, keeper, clock, start, onSignInNeeded });

  return {
    start: (server, signInOptions = {}) => start(server, signInOptions),
    login: async (server, loginOptions = {}) => {
      const pending = await start(server, loginOptions);
      const { authorizationUrl, redirectUri } = pending;
      loginOptions.onUrl?.(authorizationUrl);
      const opened = !loginOptions.headless && (await open(authorizationUrl));
      const question = new AbortController();
      try {
        if (opened || !options.prompt) return infoOf(await pending.done);
        const pasted = options
          .prompt({ authorizationUrl, redirectUri }, question.signal)
          .then((text) => pending.complete(text));
        return infoOf(await Promise.race([pending.done, pasted]));
      } finally {
        question.abort();
        pending.cancel();
      }
    },
    logout: async (address) => {
      const server = canonicalServer(new URL(address));
      return store.exclusively(server, async () => {
        keeper.forget(server);
        const signIn = await store.find(server);
        if (!signIn) return { found: false, revoked: false };
        await store.remove(signIn);
        return { found: true, revoked: await revokeSignIn(signIn, httpFor(server)) };
      });
    },
    list: async () => (await store.all()).map(infoOf),
    authorize: async (address, challenge, authorizeOptions = {}) => {
      const server = canonicalServer(new URL(address));
      const signIn = challenge
        ? await answerRefusal(server, challenge, authorizeOptions)
        : await keeper.current(server);
      const headers: Record<string, string> = {};
      if (signIn) headers.authorization = `Bearer ${signIn.accessToken}`;
      return headers;
    },
  };
}

/** What the server says to a request without credentials; its body is not waited for. */
async function probe(server: URL, fetch: Fetch): Promise<string | undefined> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 30_000);
  try {
    const response = await fetch(server, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' }),
      redirect: 'manual',
      signal: stop.signal,
    });
    return response.headers.get('www-authenticate') ?? undefined;
  } catch {
    throw new PortolanError(
      'unreachable',
      'OAUTH_UNREACHABLE',
      `${server.origin} did not answer; check the address of the server and the network`,
    );
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

function infoOf(signIn: SignIn): SignInInfo {
  return {
    server: signIn.server,
    issuer: signIn.authorizationServer.issuer,
    resource: signIn.resource,
    clientId: signIn.client.clientId,
    scopes: signIn.scopes,
    ...(signIn.expiresAt !== undefined && { expiresAt: signIn.expiresAt }),
    renewable: signIn.refreshToken !== undefined,
  };
}
