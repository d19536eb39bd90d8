import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import { type ResolvedEntry, resolveEntry } from '../../core/entry/resolve.ts';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import { accountName } from '../policy/account-name.ts';
import {
  mayHaveSecret,
  policyError,
  type Refusal,
  refusalOfCandidate,
  refusalOfServer,
} from '../policy/decide.ts';
import { guardChannel } from '../policy/guarded-channel.ts';
import type { KnownSecrets } from '../policy/known-secrets.ts';
import { loadPolicies, type Policies } from '../policy/load-policy.ts';
import { parseAssignments, typedParameters } from '../profile/settings.ts';
import type { Upstream } from '../relay/upstream.ts';
import type { Vault } from '../vault/vault.ts';
import { type LocalOptions, localUpstream, type ServerSettings } from './local-upstream.ts';
import { type RemoteOptions, remoteUpstream } from './remote-upstream.ts';

/** Which servers to serve, and with what settings. */
export interface Selection {
  /** NAME or NAME@VERSION. */
  readonly servers: readonly string[];
  /** Every server that needs no setting. */
  readonly all: boolean;
  /** SERVER.PARAMETER=VALUE. */
  readonly set: readonly string[];
}

/** What upstreams are made with. */
export interface UpstreamOptions extends LocalOptions, RemoteOptions {
  /** Opened for the first server that has a secret. */
  vault(): Promise<Vault>;
  /** What applies on this machine; read from its files when absent. */
  readonly policies?: Policies;
  /** Told every secret and access token that a server is given. */
  readonly secrets?: KnownSecrets;
  /** A server that `--all` would serve, but the policy refuses. */
  readonly onRefused?: (server: string, refusal: Refusal) => void;
  /** A server sent back a secret of the profile. */
  readonly onLeak?: (server: string) => void;
}

/**
 * Verifies the selected servers and turns them into upstreams. Settings are checked now, so that a
 * missing one is told before a client finds out. A named server that the policy refuses is an error;
 * `--all` leaves it out. Throws what the catalog, resolveEntry and loadPolicies throw, and
 * `forbidden` / `POLICY_REFUSED`.
 */
export async function selectUpstreams(
  catalogs: CatalogSet,
  selection: Selection,
  options: UpstreamOptions,
): Promise<Upstream[]> {
  const assignments = parseAssignments(selection.set);
  const policies = options.policies ?? (await loadPolicies());
  const selected = await select(catalogs, selection, policies, options);
  const names = new Set(selected.map(({ entry }) => entry.name));
  for (const name of assignments.keys()) {
    if (!names.has(name)) {
      throw new PortolanError(
        'usage',
        'SETTING_UNKNOWN',
        `--set names the server "${name}", which is not served; add it to --servers`,
      );
    }
  }
  const upstreams = await Promise.all(
    selected.map(async (server): Promise<Upstream[]> => {
      const { entry } = server;
      const settings: ServerSettings = {
        parameters: typedParameters(entry, assignments.get(entry.name) ?? new Map()),
        secrets: () => secretsFor(entry, policies, options),
      };
      const resolved = await checkSettings(entry, settings, options.vault);
      const refusal = await refusalOfCandidate(policies, {
        entry,
        resolved,
        source: catalogs.find(entry.name).catalog.source,
        signer: server.evidence.signer,
        bare: options.isolation.isolation === 'none',
        user: accountName(),
      });
      if (refusal && isNamed(selection, entry.name)) throw policyError(refusal);
      if (refusal) {
        options.onRefused?.(entry.name, refusal);
        return [];
      }
      const upstream = entry.remote
        ? remoteUpstream(server, settings, options)
        : localUpstream(server, settings, options);
      return [guarded(upstream, options)];
    }),
  );
  return upstreams.flat();
}

/** The secrets of a server that the policy lets it have. */
async function secretsFor(
  entry: ServerEntry,
  policies: Policies,
  { vault, secrets: known }: UpstreamOptions,
): Promise<Readonly<Record<string, string>>> {
  if (!entry.secrets?.length) return {};
  const all = Object.entries(await (await vault()).secretsFor(entry, SCOPE));
  const allowed = all.filter(([name]) => mayHaveSecret(policies, entry.name, name));
  known?.add(allowed.map(([, value]) => value));
  return Object.fromEntries(allowed);
}

/** The upstream, with a channel that cannot bring the profile's secrets back. */
function guarded(upstream: Upstream, { secrets, onLeak }: UpstreamOptions): Upstream {
  if (!secrets) return upstream;
  return {
    ...upstream,
    open: async (context) =>
      guardChannel(await upstream.open(context), secrets, () => onLeak?.(upstream.name)),
  };
}

function isNamed({ servers }: Selection, name: string): boolean {
  return servers.some((text) => text.split('@', 1)[0] === name);
}

/** Without profiles, everything belongs to the one named default. */
const SCOPE = { profile: 'default' };

/** Throws for a setting that is missing or wrong; opens and asks nothing. */
async function checkSettings(
  entry: ServerEntry,
  { parameters }: ServerSettings,
  vault: UpstreamOptions['vault'],
): Promise<ResolvedEntry> {
  const secrets = entry.secrets?.length ? await (await vault()).check(entry, SCOPE) : [];
  for (const secret of secrets) {
    if (secret.required && secret.origin === undefined) {
      throw new PortolanError(
        'usage',
        'SETTING_MISSING',
        `${entry.name} needs the secret "${secret.name}" (${secret.description}); ${secret.remedy}`,
      );
    }
  }
  const placeholders = (entry.secrets ?? []).map(({ name }) => [name, 'placeholder']);
  return resolveEntry(entry, { parameters, secrets: Object.fromEntries(placeholders) });
}

async function select(
  catalogs: CatalogSet,
  { servers, all }: Selection,
  policies: Policies,
  { onRefused }: UpstreamOptions,
): Promise<VerifiedServer[]> {
  const named = await Promise.all(
    servers.map((text) => {
      const [name = '', version] = text.split('@');
      // Asked before anything is fetched; the signer is looked at later.
      const refusal = refusalOfServer(policies, name, {
        source: catalogs.find(name).catalog.source,
      });
      if (refusal) throw policyError(refusal);
      return catalogs.server(name, version);
    }),
  );
  if (!all) return named;
  const rest = await Promise.all(
    catalogs
      .all()
      .filter(({ server }) => !named.some(({ entry }) => entry.name === server.name))
      .filter(({ server }) => server.versions[0]?.status === 'active')
      .filter(({ catalog, server }) => {
        const refusal = refusalOfServer(policies, server.name, { source: catalog.source });
        if (refusal) onRefused?.(server.name, refusal);
        return !refusal;
      })
      .map(({ catalog, server }) => catalog.server(server.name)),
  );
  return [...named, ...rest.filter(needsNothing)];
}

function needsNothing({ entry }: VerifiedServer): boolean {
  try {
    resolveEntry(entry, { parameters: {}, secrets: {} });
    return !entry.remote?.oauth || entry.remote.oauth.required === false;
  } catch {
    return false;
  }
}
