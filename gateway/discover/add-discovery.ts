import { counted } from '../../core/text.ts';
import type { AuditRecord } from '../audit/audit-event.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import { refusalOfServer } from '../policy/decide.ts';
import type { Policies } from '../policy/load-policy.ts';
import type { Gateway } from '../relay/gateway.ts';
import type { Implementation } from '../relay/protocol.ts';
import type { Upstream } from '../relay/upstream.ts';
import { DISCOVERY_TOOLS, estimateTokens } from './definitions.ts';
import { discoverGateway } from './discover-gateway.ts';
import { serverShelf } from './server-shelf.ts';

export interface DiscoveryOptions {
  readonly catalogs: CatalogSet;
  readonly policies: Policies;
  readonly upstreams: readonly Upstream[];
  readonly select: (name: string) => Promise<readonly Upstream[]>;
  /** Why clients cannot add or remove servers here. */
  readonly fixed?: string;
  readonly info: Implementation;
  readonly log: (line: string) => void;
  readonly audit?: (record: AuditRecord) => void;
}

/** Puts the discovery tools before a gateway, and says how many tokens that saves. */
export function addDiscovery(gateway: Gateway, options: DiscoveryOptions): Gateway {
  const { catalogs, policies, upstreams, log, audit } = options;
  const signed = upstreams.flatMap((upstream) => upstream.signed?.tools ?? []);
  const live = upstreams.filter((upstream) => upstream.signed === undefined).length;
  log(
    `--discover: ${counted(signed.length, 'tool')} of about ${estimateTokens(signed)} tokens${live > 0 ? ` (and those of ${counted(live, 'server')} that ${live === 1 ? 'is' : 'are'} listed live)` : ''} give way to ${DISCOVERY_TOOLS.length} tools of about ${estimateTokens(DISCOVERY_TOOLS)} tokens; a token is taken as four characters`,
  );
  return discoverGateway(gateway, {
    info: options.info,
    shelf: serverShelf({
      catalogs,
      gateway,
      upstreams,
      ...(options.fixed !== undefined && { fixed: options.fixed }),
      allowed: (name, source) => refusalOfServer(policies, name, { source }) === undefined,
      async select(name) {
        const [upstream] = await options.select(name);
        if (!upstream) throw new Error(`${name} cannot be added`);
        return upstream;
      },
      onChange(event, { name, digest }) {
        log(`${name} was ${event === 'server-added' ? 'added' : 'removed'} by a client`);
        audit?.({ event, server: name, ...(digest !== undefined && { digest }) });
      },
    }),
  });
}
