import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import { resolveEntry } from '../../core/entry/resolve.ts';
import { PortolanError } from '../../core/errors.ts';
import type { KnownSecrets } from '../policy/known-secrets.ts';
import type { AuthChallenge } from '../relay/http-post.ts';
import type { BegunSignIn, Upstream } from '../relay/upstream.ts';
import type { Vault } from '../vault/vault.ts';
import { type ServerSettings, upstreamFacts } from './local-upstream.ts';

/** What remote servers need besides their settings. */
export interface RemoteOptions {
  /** Keeps the sign-ins; opened on first use. */
  vault(): Promise<Vault>;
  /** Told every access token, to find it in texts again. */
  readonly secrets?: KnownSecrets;
}

/** A verified remote server as the relay sees it: connected to on first use. */
export function remoteUpstream(
  server: VerifiedServer,
  settings: ServerSettings,
  { vault, secrets }: RemoteOptions,
): Upstream {
  const { entry } = server;
  /** What the server last said when only a person could help; says which scopes it wants. */
  let challenge: AuthChallenge | undefined;
  let begun: Promise<BegunSignIn> | undefined;
  const signIn = () => {
    begun ??= beginSignIn(entry.name, challenge, vault);
    // The next one begins anew when this one is over, however it ended.
    const forget = () => {
      begun = undefined;
    };
    void begun.then(({ done }) => done.then(forget, forget), forget);
    return begun;
  };
  return {
    ...upstreamFacts(server, settings),
    ...(entry.remote?.oauth && { signIn }),
    async open({ signal }) {
      const { url, headers } = resolveEntry(entry, {
        parameters: settings.parameters,
        secrets: await settings.secrets(),
      });
      if (!entry.remote || !url) {
        throw new PortolanError(
          'usage',
          'SETTING_MISSING',
          `${entry.name}: a parameter of its URL ${entry.remote?.url} is not set`,
        );
      }
      const { openHttpChannel } = await import('../relay/http-channel.ts');
      const { transport, oauth } = entry.remote;
      if (!oauth) return openHttpChannel({ url, transport, headers, signal });
      const { createAuthorizer } = await import('../oauth/authorizer.ts');
      const authorizer = createAuthorizer({ vault: await vault() });
      const withToken = (own: Readonly<Record<string, string>>) => {
        secrets?.add(Object.values(own).map((value) => value.replace(/^\S+ /, '')));
        return { ...headers, ...own };
      };
      return openHttpChannel({
        url,
        transport,
        signal,
        headers: async () => withToken(await authorizer.authorize(url)),
        authorize: async (found) => {
          challenge = found;
          return withToken(await authorizer.authorize(url, found, { name: entry.name }));
        },
      });
    },
  };
}

/** Goes the way of a refused call, with somebody there who can be shown an address. */
async function beginSignIn(
  name: string,
  challenge: AuthChallenge | undefined,
  vault: RemoteOptions['vault'],
): Promise<BegunSignIn> {
  if (!challenge) throw new Error('it did not ask for a sign-in');
  const { createAuthorizer } = await import('../oauth/authorizer.ts');
  const asked = Promise.withResolvers<string>();
  const authorizer = createAuthorizer({
    vault: await vault(),
    onSignInNeeded: async ({ authorizationUrl }) => asked.resolve(authorizationUrl),
  });
  const done = authorizer.authorize(challenge.url, challenge, { name }).then(() => {});
  done.catch(() => {});
  const url = await Promise.race([asked.promise, done]);
  return { ...(url !== undefined && { url }), done };
}
