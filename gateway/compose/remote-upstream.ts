import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import { resolveEntry } from '../../core/entry/resolve.ts';
import { PortolanError } from '../../core/errors.ts';
import type { Upstream } from '../relay/upstream.ts';
import { type ServerSettings, upstreamFacts } from './local-upstream.ts';

/** A verified remote server as the relay sees it: connected to on first use. */
export function remoteUpstream(server: VerifiedServer, settings: ServerSettings): Upstream {
  const { entry } = server;
  return {
    ...upstreamFacts(server, settings),
    async open({ signal }) {
      const resolved = resolveEntry(entry, {
        parameters: settings.parameters,
        secrets: await settings.secrets(),
      });
      if (!entry.remote || !resolved.url) {
        throw new PortolanError(
          'usage',
          'SETTING_MISSING',
          `${entry.name}: its URL is not complete`,
        );
      }
      const { openHttpChannel } = await import('../relay/http-channel.ts');
      return openHttpChannel({
        url: resolved.url,
        transport: entry.remote.transport,
        headers: resolved.headers,
        signal,
      });
    },
  };
}
