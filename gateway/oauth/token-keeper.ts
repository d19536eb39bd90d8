import { PortolanError } from '../../core/errors.ts';
import type { OAuthHttp } from './http.ts';
import type { SignIn, SignInStore } from './sign-in-store.ts';
import { isEnded, refreshSignIn, revokeSignIn } from './tokens.ts';

/** The sign-ins of this process: usable, renewed in time and once only. */
export interface TokenKeeper {
  /** The sign-in for a server, renewed when it is due; undefined when a person has to sign in. */
  current(server: string): Promise<SignIn | undefined>;
  /**
   * Replaces a token that is not good any more. However many calls ask, here and in other
   * processes, the authorization server sees one token request. Throws as `refreshSignIn` does.
   */
  renew(server: string, stale: string): Promise<SignIn>;
  /** Stores a new sign-in in place of the one before. */
  keep(signIn: SignIn): Promise<void>;
  /** Notes the stored sign-in as the one in use. */
  remember(signIn: SignIn): SignIn;
  forget(server: string): void;
  isDue(signIn: SignIn): boolean;
}

export interface TokenKeeperOptions {
  readonly store: SignInStore;
  readonly httpFor: (server: string) => OAuthHttp;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** How long another process's sign-out may go unnoticed, in milliseconds. */
const REMEMBERED = 5_000;

export function tokenKeeper({ store, httpFor, clock }: TokenKeeperOptions): TokenKeeper {
  const remembered = new Map<string, { readonly signIn: SignIn; readonly until: number }>();
  const renewals = new Map<string, Promise<SignIn>>();
  const isDue = (signIn: SignIn) => clock() >= renewAt(signIn);

  const remember = (signIn: SignIn): SignIn => {
    const until = Math.min(clock() + REMEMBERED, renewAt(signIn));
    remembered.set(signIn.server, { signIn, until });
    return signIn;
  };

  const renewExclusively = (server: string, stale: string): Promise<SignIn> =>
    store.exclusively(server, async () => {
      const now = await store.find(server);
      if (!now) throw signedOut(server);
      // Another process was quicker.
      if (now.accessToken !== stale && !isDue(now)) return now;
      try {
        const renewed = await refreshSignIn(now, httpFor(server), clock());
        // Stored before anybody uses it: a rotated refresh token exists nowhere else.
        await store.save(renewed);
        return renewed;
      } catch (error) {
        if (isEnded(error)) {
          await store.remove(now);
          if (error.code === 'CLIENT_ENDED') {
            await store.removeRegistration(now.authorizationServer.issuer);
          }
        }
        throw error;
      }
    });

  const renew = (server: string, stale: string): Promise<SignIn> => {
    const running = renewals.get(server);
    if (running) return running;
    const renewal = renewExclusively(server, stale)
      .then(remember, (error) => {
        remembered.delete(server);
        throw error;
      })
      .finally(() => renewals.delete(server));
    renewals.set(server, renewal);
    return renewal;
  };

  return {
    renew,
    remember,
    isDue,
    forget: (server) => remembered.delete(server),
    current: async (server) => {
      const known = remembered.get(server);
      if (known && clock() < known.until) return known.signIn;
      remembered.delete(server);
      const signIn = await store.find(server);
      if (!signIn) return undefined;
      if (!isDue(signIn) || signIn.refreshToken === undefined) return remember(signIn);
      return renew(server, signIn.accessToken).catch((error) => {
        // Until it has really expired the old token is better than none.
        const valid = clock() < (signIn.expiresAt ?? 0);
        if (valid && error instanceof PortolanError && error.kind === 'unreachable') return signIn;
        // Without headers the server answers 401, and that asks for a sign-in.
        if (isEnded(error)) return undefined;
        throw error;
      });
    },
    keep: (signIn) =>
      store.exclusively(signIn.server, async () => {
        const former = await store.find(signIn.server);
        await store.save(signIn);
        remember(signIn);
        // With the same client both share a grant: revoking the former would end the new one.
        if (former && store.nameOf(former) !== store.nameOf(signIn)) {
          await store.remove(former);
          await revokeSignIn(former, httpFor(former.server));
        }
      }),
  };
}

/** When to renew: a minute before the end, or a tenth of a short life before it. */
function renewAt({ obtainedAt, expiresAt }: SignIn): number {
  if (expiresAt === undefined) return Number.POSITIVE_INFINITY;
  return expiresAt - Math.min(60_000, (expiresAt - obtainedAt) / 10);
}

function signedOut(server: string): PortolanError {
  return new PortolanError(
    'forbidden',
    'SIGN_IN_ENDED',
    `the sign-in to ${server} was ended by another process; sign in again with \`portolan auth login\``,
  );
}
