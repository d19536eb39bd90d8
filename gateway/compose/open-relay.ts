import { messageOf } from '../../core/errors.ts';
import type { AuditRecord } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import type { RunOptions } from '../cli/commands/run.ts';
import { version } from '../cli/version.ts';
import { isLoopback } from '../endpoint/guard.ts';
import type { Replicas } from '../endpoint/replicas.ts';
import type { Paths } from '../paths.ts';
import { refusalText } from '../policy/decide.ts';
import { guardCalls } from '../policy/guard-calls.ts';
import { type KnownSecrets, knownSecrets } from '../policy/known-secrets.ts';
import type { Policies } from '../policy/load-policy.ts';
import { createGateway, type Gateway } from '../relay/gateway.ts';
import type { Telemetry } from '../telemetry/open-telemetry.ts';
import { type Served, settingsOf } from './run-selection.ts';
import { type Selection, selectUpstreams, type UpstreamOptions } from './upstreams.ts';

/** What the relays of one running gateway share. */
export interface RelayParts {
  readonly options: RunOptions;
  readonly paths: Paths;
  readonly policies: Policies;
  /** The secrets of all profiles: logs are for whoever runs the gateway, and hold none of them. */
  readonly secrets: KnownSecrets;
  readonly audit: AuditLog | undefined;
  readonly telemetry: Telemetry | undefined;
  readonly replicas: Replicas | undefined;
  /** How servers are started; nothing that is about a profile. */
  readonly upstreams: Pick<
    UpstreamOptions,
    'storeDir' | 'log' | 'detect' | 'vault' | 'isolation' | 'keepLists'
  >;
  readonly record: (event: AuditRecord) => void;
  readonly log: (line: string) => void;
}

/** The servers of one profile, or those that were named, behind a gateway of their own. */
export interface OpenRelay {
  readonly gateway: Gateway;
  /** How many servers there were at the start. */
  readonly count: number;
  /** Name of the profile that is served now; undefined for named servers. */
  profile(): string | undefined;
  /** What is served now. */
  served(): Served;
  /** Follows profile, lock and secrets from now on; returns the way to stop it. */
  follow(): Promise<() => Promise<void>>;
}

/** A gateway that cannot follow changes still serves. */
export async function followQuietly(
  relay: Pick<OpenRelay, 'follow'>,
  log: (line: string) => void,
): Promise<() => Promise<void>> {
  try {
    return await relay.follow();
  } catch (error) {
    log(`changes are not followed: ${messageOf(error)}`);
    return async () => {};
  }
}

/** Makes the relay of what is served. Nothing in it is shared with another: no server, no secret. */
export async function openRelay(
  parts: RelayParts,
  {
    load,
    openCatalogs,
    catalogs,
    ...given
  }: {
    readonly served: Served;
    readonly catalogs: CatalogSet;
    /** What is to be served now: reads the profile anew. */
    readonly load: () => Promise<Served>;
    readonly openCatalogs: (served: Served) => Promise<CatalogSet>;
  },
): Promise<OpenRelay> {
  const { options, paths, policies, audit, telemetry, replicas, log } = parts;
  let served = given.served;
  const profile = () => served.loaded?.place.name;
  const record = (event: AuditRecord) => {
    const name = profile();
    parts.record(name === undefined ? event : { ...event, profile: name });
  };
  const own = knownSecrets();
  const secrets: KnownSecrets = {
    add(values) {
      const list = [...values];
      own.add(list);
      parts.secrets.add(list);
    },
    get isEmpty() {
      return own.isEmpty;
    },
    redact: (text) => own.redact(text),
  };
  const upstreamOptions: UpstreamOptions = {
    ...parts.upstreams,
    policies,
    secrets,
    onRefused(server, refusal) {
      log(`${server} is left out: ${refusalText(refusal)}`);
      record({ event: 'server-refused', server, detail: refusalText(refusal) });
    },
    onLeftOut: (server, error) => log(`${server} is left out: ${messageOf(error)}`),
    onLeak: (server) =>
      record({ event: 'secret-found', server, detail: 'in a message of the server' }),
  };
  const select = (from: CatalogSet, selection: Selection) =>
    selectUpstreams(from, selection, upstreamOptions);
  const upstreams = await select(catalogs, served.selection);
  const info = { name: 'portolan', title: 'Portolan', version };
  const relay = createGateway({
    upstreams,
    ...guardCalls({ policies, secrets, record, ...(audit && { audit }) }),
    audit: record,
    tracing: telemetry?.tracing(profile),
    info,
    signInFor: (principal) => isOwner(principal, options),
    toolChanges: options.toolChanges,
    prefix: options.prefix,
    ...(replicas && { newState: replicas.newName, replicated: true }),
    log,
  });
  const gateway = options.discover ? await withDiscovery(relay) : relay;
  return {
    gateway,
    count: upstreams.length,
    profile,
    served: () => served,
    async follow() {
      const [{ followChanges }, vault] = await Promise.all([
        import('./follow-changes.ts'),
        upstreamOptions.vault(),
      ]);
      return followChanges({
        paths,
        served,
        upstreams,
        catalogs,
        gateway,
        vault,
        load,
        openCatalogs,
        select,
        onServed(now) {
          served = now;
        },
        log,
      });
    },
  };

  async function withDiscovery(target: Gateway): Promise<Gateway> {
    const { addDiscovery } = await import('../discover/add-discovery.ts');
    return addDiscovery(target, {
      catalogs,
      policies,
      upstreams,
      // What a server may touch is the user's to say: a model adds servers, but sets nothing.
      select: (name) =>
        select(catalogs, {
          ...served.selection,
          servers: [name],
          all: false,
          set: settingsOf(options.set, [name]),
          lenient: false,
        }),
      ...(replicas && {
        fixed: 'several replicas serve here, and only one of them would change; use --servers',
      }),
      info,
      log,
      audit: record,
    });
  }
}

/**
 * Whoever signs in does so for all who use this vault, with a browser that comes back to this
 * machine: only a client that the owner of both started is sent to such a page.
 */
function isOwner(principal: string, { transport, host, allowHost }: RunOptions): boolean {
  if (transport === 'stdio') return true;
  return principal === 'default' && isLoopback(host) && allowHost.length === 0;
}
