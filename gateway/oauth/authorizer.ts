import { PortolanError } from '../../core/errors.ts';
import type { RecordStore } from '../vault/vault.ts';
import { openBrowser as openSystemBrowser } from './browser.ts';
import { type AuthorizationChallenge, parseChallenge } from './challenge.ts';
import { canonicalServer } from './discover.ts';
import { type Fetch, type OAuthHttp, oauthHttp } from './http.ts';
import { type PendingSignIn, type SignInOptions, startSignIn } from './sign-in.ts';
import { type SignIn, type SignInStore, signInStore } from './sign-in-store.ts';
import { refreshSignIn, revokeSignIn } from './tokens.ts';

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

export interface AuthorizeOptions extends SignInOptions {
  /** Name of the server, for messages. */
  readonly name?: string;
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

/** How long another process's sign-out may go unnoticed, in milliseconds. */
const REMEMBERED = 5_000;

export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const clock = options.clock ?? Date.now;
  const fetch = options.fetch ?? globalThis.fetch;
  const open = options.openBrowser ?? openSystemBrowser;
  const store: SignInStore = signInStore(options.vault.records);
  const remembered = new Map<string, { readonly signIn: SignIn; readonly until: number }>();
  const renewals = new Map<string, Promise<SignIn>>();
  const signIns = new Map<string, Promise<SignIn>>();
  /** Tokens that a renewal gave after a refusal: refused again, they end the attempt. */
  const secondTries = new Map<string, string>();
  const httpFor = (server: string): OAuthHttp => oauthHttp(new URL(server), fetch);

  const remember = (signIn: SignIn): SignIn => {
    const until = Math.min(clock() + REMEMBERED, renewAt(signIn));
    remembered.set(signIn.server, { signIn, until });
    return signIn;
  };

  const keep = (signIn: SignIn) =>
    store.exclusively(signIn.server, async () => {
      const former = await store.find(signIn.server);
      await store.save(signIn);
      remember(signIn);
      const changed =
        former &&
        (former.client.clientId !== signIn.client.clientId ||
          former.resource !== signIn.resource ||
          former.authorizationServer.issuer !== signIn.authorizationServer.issuer);
      // With the same client both share a grant, and revoking the former would end the new one.
      if (changed) {
        await store.remove(former);
        await revokeSignIn(former, httpFor(former.server));
      }
    });

  const start = async (
    address: string,
    signInOptions: SignInOptions,
    challenge?: AuthorizationChallenge,
  ): Promise<PendingSignIn> => {
    const server = new URL(address);
    const header = challenge ? challenge.wwwAuthenticate : await probe(server, fetch);
    const http = httpFor(address);
    const { clientMetadataUrl } = options;
    const context = { http, store, clock, clientMetadataUrl, keep };
    return startSignIn(server, parseChallenge(header), signInOptions, context);
  };

  /** One token request, however many calls wait for it, here and in other processes. */
  const renew = (server: string, stale: string): Promise<SignIn> => {
    const running = renewals.get(server);
    if (running) return running;
    const renewal = store
      .exclusively(server, async () => {
        const now = await store.find(server);
        if (!now) throw signInRequired(server);
        if (now.accessToken !== stale && !isDue(now, clock())) return now;
        try {
          const renewed = await refreshSignIn(now, httpFor(server), clock());
          // Stored before anybody uses it: a rotated refresh token exists nowhere else.
          await store.save(renewed);
          return renewed;
        } catch (error) {
          if (error instanceof PortolanError && error.code === 'SIGN_IN_ENDED') {
            await store.remove(now);
            await store.removeRegistration(now.authorizationServer.issuer);
          }
          throw error;
        }
      })
      .then(remember)
      .catch((error) => {
        remembered.delete(server);
        throw error;
      })
      .finally(() => renewals.delete(server));
    renewals.set(server, renewal);
    return renewal;
  };

  const askForSignIn = (
    server: string,
    challenge: AuthorizationChallenge,
    authorizeOptions: AuthorizeOptions,
  ): Promise<SignIn> => {
    const running = signIns.get(server);
    if (running) return running;
    const ask = options.onSignInNeeded;
    if (!ask) {
      return Promise.reject(signInRequired(server, authorizeOptions.name, authorizeOptions.scopes));
    }
    const signIn = start(server, authorizeOptions, challenge)
      .then(async (pending) => {
        try {
          await ask(pending);
        } catch (error) {
          pending.cancel();
          throw error;
        }
        return pending.done;
      })
      .finally(() => signIns.delete(server));
    signIns.set(server, signIn);
    return signIn;
  };

  const afterRefusal = async (
    server: string,
    challenge: AuthorizationChallenge,
    authorizeOptions: AuthorizeOptions,
  ): Promise<SignIn> => {
    const signIn = await store.find(server);
    if (!signIn) return askForSignIn(server, challenge, authorizeOptions);
    const used = challenge.authorization?.replace(/^Bearer /i, '');
    const replaced = used !== undefined && used !== signIn.accessToken;
    if (replaced && !isDue(signIn, clock())) return remember(signIn);

    if (challenge.status === 403) {
      const { error, scopes = [] } = parseChallenge(challenge.wwwAuthenticate);
      const missing = scopes.filter((scope) => !signIn.asked.includes(scope));
      if (error !== 'insufficient_scope' || missing.length === 0) throw scopeRefused(server);
      const wanted = [...new Set([...signIn.asked, ...scopes])];
      return askForSignIn(server, challenge, { ...authorizeOptions, scopes: wanted });
    }
    if (used !== undefined && secondTries.get(server) === used && !isDue(signIn, clock())) {
      throw tokenRefused(server);
    }
    try {
      const renewed = await renew(server, signIn.accessToken);
      secondTries.set(server, renewed.accessToken);
      return renewed;
    } catch (error) {
      if (!(error instanceof PortolanError) || error.code !== 'SIGN_IN_ENDED') throw error;
      return askForSignIn(server, challenge, authorizeOptions);
    }
  };

  const current = async (server: string): Promise<SignIn | undefined> => {
    const known = remembered.get(server);
    if (known && clock() < known.until) return known.signIn;
    const signIn = await store.find(server);
    if (!signIn) {
      remembered.delete(server);
      return undefined;
    }
    if (!isDue(signIn, clock()) || signIn.refreshToken === undefined) return remember(signIn);
    return renew(server, signIn.accessToken).catch((error) => {
      // Until it has really expired the old token is better than none.
      const valid = signIn.expiresAt !== undefined && clock() < signIn.expiresAt;
      const unreachable = error instanceof PortolanError && error.kind === 'unreachable';
      if (valid && unreachable) return signIn;
      // Without headers the server answers 401, and that asks for a sign-in.
      if (error instanceof PortolanError && error.code === 'SIGN_IN_ENDED') return undefined;
      throw error;
    });
  };

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
        remembered.delete(server);
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
        ? await afterRefusal(server, challenge, authorizeOptions)
        : await current(server);
      const headers: Record<string, string> = {};
      if (signIn) headers.authorization = `Bearer ${signIn.accessToken}`;
      return headers;
    },
  };
}

/** When to renew: a minute before the end, or a tenth of a short life before it. */
function renewAt({ obtainedAt, expiresAt }: SignIn): number {
  if (expiresAt === undefined) return Number.POSITIVE_INFINITY;
  return expiresAt - Math.min(60_000, (expiresAt - obtainedAt) / 10);
}

function isDue(signIn: SignIn, now: number): boolean {
  return now >= renewAt(signIn);
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

function signInRequired(
  server: string,
  name = server,
  scopes: readonly string[] = [],
): PortolanError {
  const scope = scopes.length > 0 ? ` --scope "${scopes.join(' ')}"` : '';
  return new PortolanError(
    'forbidden',
    'SIGN_IN_REQUIRED',
    `${name} asks for a sign-in; run \`portolan auth login ${name}${scope}\``,
  );
}

function scopeRefused(server: string): PortolanError {
  return new PortolanError(
    'forbidden',
    'SCOPE_REFUSED',
    `${server} refuses this call although all scopes that it names were asked for; the account may lack the right`,
  );
}

function tokenRefused(server: string): PortolanError {
  return new PortolanError(
    'forbidden',
    'TOKEN_REFUSED',
    `${server} refuses a token that was renewed just now; sign out and in again, or ask its publisher`,
  );
}
