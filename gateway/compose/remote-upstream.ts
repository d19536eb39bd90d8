import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import { resolveEntry } from '../../core/entry/resolve.ts';
import { PortolanError } from '../../core/errors.ts';
import type { KnownSecrets } from '../policy/known-secrets.ts';
import type { Upstream } from '../relay/upstream.ts';
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
  return {
    ...upstreamFacts(server, settings),
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
        authorize: async (challenge) =>
          withToken(await authorizer.authorize(url, challenge, { name: entry.name })),
      });
    },
  };
}
