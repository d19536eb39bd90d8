import { PortolanError } from '../../core/errors.ts';
import { type AuthorizationChallenge, parseChallenge } from './challenge.ts';
import type { PendingSignIn, SignInOptions } from './sign-in.ts';
import type { SignIn, SignInStore } from './sign-in-store.ts';
import type { TokenKeeper } from './token-keeper.ts';
import { isEnded } from './tokens.ts';

export interface AuthorizeOptions extends SignInOptions {
  /** Name of the server, for messages. */
  readonly name?: string;
}

export interface RefusalOptions {
  readonly store: SignInStore;
  readonly keeper: TokenKeeper;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly start: (
    server: string,
    options: SignInOptions,
    challenge: AuthorizationChallenge,
  ) => Promise<PendingSignIn>;
  readonly onSignInNeeded?: (pending: PendingSignIn) => Promise<void>;
}

/** Answers a refusal with a sign-in that is worth one more try. */
export type AfterRefusal = (
  server: string,
  challenge: AuthorizationChallenge,
  options: AuthorizeOptions,
) => Promise<SignIn>;

/** A server that refuses renewed tokens this often within a minute has other reasons. */
const RENEWALS_PER_MINUTE = 3;

/**
 * What to do about a 401 or 403: use the token that another call or process got meanwhile, renew,
 * ask for more scopes, or ask for a sign-in.
 */
export function afterRefusal(refusal: RefusalOptions): AfterRefusal {
  const { store, keeper, clock } = refusal;
  const signIns = new Map<string, Promise<SignIn>>();
  const renewedAt = new Map<string, readonly number[]>();

  const askForSignIn: AfterRefusal = (server, challenge, options) => {
    const ask = refusal.onSignInNeeded;
    if (!ask) return Promise.reject(signInRequired(server, options));
    const running = signIns.get(server);
    if (running) return running;
    const signIn = refusal
      .start(server, options, challenge)
      .then(async (pending) => {
        await ask(pending).catch((error) => {
          pending.cancel();
          throw error;
        });
        return pending.done;
      })
      .finally(() => signIns.delete(server));
    signIns.set(server, signIn);
    return signIn;
  };

  /** Counts the renewals that were made because a token was refused before its time. */
  const checkLoop = (server: string, signIn: SignIn) => {
    const recent = (renewedAt.get(server) ?? []).filter((at) => clock() - at < 60_000);
    if (!keeper.isDue(signIn) && recent.length >= RENEWALS_PER_MINUTE) throw tokenRefused(server);
    return () => renewedAt.set(server, [...recent, clock()]);
  };

  return async (server, challenge, options) => {
    const signIn = await store.find(server);
    if (!signIn) return askForSignIn(server, challenge, options);
    const used = challenge.authorization?.replace(/^Bearer /i, '');
    const replaced = used !== undefined && used !== signIn.accessToken;
    if (replaced && !keeper.isDue(signIn)) return keeper.remember(signIn);

    if (challenge.status === 403) {
      const { error, scopes = [] } = parseChallenge(challenge.wwwAuthenticate);
      const missing = scopes.filter((scope) => !signIn.asked.includes(scope));
      if (error !== 'insufficient_scope' || missing.length === 0) throw scopeRefused(server);
      const wanted = [...new Set([...signIn.asked, ...scopes])];
      return askForSignIn(server, challenge, { ...options, scopes: wanted });
    }
    const count = checkLoop(server, signIn);
    try {
      const renewed = await keeper.renew(server, signIn.accessToken);
      count();
      return renewed;
    } catch (error) {
      if (!isEnded(error)) throw error;
      return askForSignIn(server, challenge, options);
    }
  };
}

function signInRequired(server: string, options: AuthorizeOptions): PortolanError {
  const { name = server, scopes = [] } = options;
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
    `${server} refuses tokens that were renewed just now; sign out and in again, or ask its publisher`,
  );
}
