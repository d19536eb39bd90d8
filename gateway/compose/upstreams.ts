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
import { pinnedServer, pinOf } from '../profile/pinned-server.ts';
import { NO_PROFILE, type ProfileContext, scopeIn } from '../profile/profile-context.ts';
import { parseAssignments, typedParameters } from '../profile/settings.ts';
import { toolRefusal } from '../profile/tool-switch.ts';
import type { ListKeeper } from '../relay/kept-lists.ts';
import type { Upstream } from '../relay/upstream.ts';
import { environmentName } from '../vault/address.ts';
import type { SecretScope } from '../vault/scope.ts';
import type { Vault } from '../vault/vault.ts';
import type { KeptFor } from './keep-lists.ts';
import { type LocalOptions, localUpstream, type ServerSettings } from './local-upstream.ts';
import { type RemoteOptions, remoteUpstream } from './remote-upstream.ts';

/** Which servers to serve, and with what settings. */
export interface Selection {
  /** NAME or NAME@VERSION. */
  readonly servers: readonly string[];
  /** Every server that needs no setting. */
  readonly all: boolean;
  /** SERVER.PARAMETER=VALUE; wins over what a profile says. */
  readonly set: readonly string[];
  /** Settings, locked versions and secrets; none when absent. */
  readonly profile?: ProfileContext;
  /** A server that lacks a setting, that the policy refuses or that was withdrawn stops no other. */
  readonly lenient?: boolean;
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
  /** A server that a lenient selection goes on without. */
  readonly onLeftOut?: (server: string, error: unknown) => void;
  /** Where servers without signed definitions have their lists kept; nowhere when absent. */
  readonly keepLists?: (about: KeptFor) => ListKeeper;
  /** A server sent back a secret of the profile. */
  readonly onLeak?: (server: string) => void;
}

/**
 * Verifies the selected servers and turns them into upstreams. Settings are checked now, so that a
 * missing one is told before a client finds out. A named server that the policy refuses is an error;
 * `--all` leaves it out. Throws what the catalog, resolveEntry and loadPolicies throw,
 * `forbidden` / `POLICY_REFUSED`, and `usage` / `LOCK_OUTDATED`.
 */
export async function selectUpstreams(
  catalogs: CatalogSet,
  selection: Selection,
  options: UpstreamOptions,
): Promise<Upstream[]> {
  const assignments = parseAssignments(selection.set);
  const policies = options.policies ?? (await loadPolicies());
  const selected = await select(catalogs, selection, policies, options);
  const names = new Set([
    ...selected.map(({ server }) => server.entry.name),
    ...selection.servers.map((text) => text.split('@', 1)[0]),
  ]);
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
    selected.map(({ server, source }) =>
      orLeftOut(server.entry.name, selection, options, () =>
        upstreamOf(server, source, assignments.get(server.entry.name) ?? new Map(), {
          ...options,
          policies,
          selection,
        }),
      ),
    ),
  );
  return upstreams.filter((upstream) => upstream !== undefined);
}

/** What keeps one server of a profile from being served, but not the others. */
const OWN_FAULTS = ['SETTING_MISSING', 'POLICY_REFUSED', 'SERVER_WITHDRAWN'];

async function orLeftOut<T>(
  name: string,
  { lenient }: Selection,
  { onLeftOut }: UpstreamOptions,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const own = error instanceof PortolanError && OWN_FAULTS.includes(error.code);
    if (!lenient || !own) throw error;
    onLeftOut?.(name, error);
    return undefined;
  }
}

async function upstreamOf(
  server: VerifiedServer,
  source: string,
  assigned: ReadonlyMap<string, string>,
  options: UpstreamOptions & { readonly policies: Policies; readonly selection: Selection },
): Promise<Upstream | undefined> {
  const { entry } = server;
  const { policies, selection, vault } = options;
  const { profile = NO_PROFILE } = selection;
  const wanted = profile.server(entry.name) ?? {};
  const scope = scopeIn(profile, entry.name);
  const { isolation = options.isolation.isolation } = wanted;
  const own = { ...options, isolation: { ...options.isolation, isolation } };
  const settings: ServerSettings = {
    parameters: { ...wanted.parameters, ...typedParameters(entry, assigned) },
    secrets: () => secretsFor(entry, scope, policies, options),
    secretRevision: entry.secrets?.length ? await (await vault()).revisionFor(entry, scope) : '',
    ...(wanted.tools && {
      toolRefusal: (tool) => toolRefusal(wanted, entry.name, tool, profile.name),
      offer: JSON.stringify(wanted.tools),
    }),
  };
  const resolved = await checkSettings(entry, settings, scope, vault);
  const refusal = await refusalOfCandidate(policies, {
    entry,
    resolved,
    source,
    signer: server.evidence.signer,
    bare: isolation === 'none',
    user: accountName(),
  });
  if (refusal && isNamed(selection, entry.name)) throw policyError(refusal);
  if (refusal) {
    options.onRefused?.(entry.name, refusal);
    return undefined;
  }
  const upstream = entry.remote
    ? remoteUpstream(server, settings, own)
    : localUpstream(server, settings, own);
  return guarded(keeping(upstream, server, options), options);
}

/** The upstream with a place for its lists, where these are not signed. */
function keeping(
  upstream: Upstream,
  { entry }: VerifiedServer,
  options: UpstreamOptions,
): Upstream {
  const { keepLists, log } = options;
  if (!keepLists || upstream.signed) return upstream;
  // The vault's secrets are in the fingerprint, by their revisions; those of the environment have none.
  const own = (entry.secrets ?? []).map(
    ({ name }) => process.env[environmentName(entry.name, name)] ?? '',
  );
  const configuration = [upstream.fingerprint, ...own];
  const lists = keepLists({ server: entry.name, configuration, log });
  const { signIn } = upstream;
  if (!signIn) return { ...upstream, lists };
  return {
    ...upstream,
    lists,
    // Another account may be offered other things.
    async signIn() {
      const begun = await signIn();
      begun.done.then(lists.forget, () => {});
      return begun;
    },
  };
}

/** The secrets of a server that the policy lets it have. */
async function secretsFor(
  entry: ServerEntry,
  scope: SecretScope,
  policies: Policies,
  { vault, secrets: known }: UpstreamOptions,
): Promise<Readonly<Record<string, string>>> {
  if (!entry.secrets?.length) return {};
  const all = Object.entries(await (await vault()).secretsFor(entry, scope));
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

/** Throws for a setting that is missing or wrong; opens and asks nothing. */
async function checkSettings(
  entry: ServerEntry,
  { parameters }: ServerSettings,
  scope: SecretScope,
  vault: UpstreamOptions['vault'],
): Promise<ResolvedEntry> {
  const needed = entry.secrets?.some(({ required }) => required !== false);
  const secrets = needed ? await (await vault()).check(entry, scope) : [];
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

/** A verified server and the source of the catalog that it was read from. */
interface Selected {
  readonly server: VerifiedServer;
  readonly source: string;
}

async function select(
  catalogs: CatalogSet,
  selection: Selection,
  policies: Policies,
  options: UpstreamOptions,
): Promise<Selected[]> {
  const { servers, all, profile = NO_PROFILE } = selection;
  const found = await Promise.all(
    servers.map((text) =>
      orLeftOut(text, selection, options, async (): Promise<Selected> => {
        const { name, locked } = pinOf(text, profile);
        const { source } = catalogs.catalogOf(name, locked);
        // Asked before anything is fetched; the signer is looked at later.
        const refusal = refusalOfServer(policies, name, { source });
        if (refusal) throw policyError(refusal);
        return { server: await pinnedServer(catalogs, text, profile), source };
      }),
    ),
  );
  const named = found.filter((one) => one !== undefined);
  if (!all) return named;
  const rest = await Promise.all(
    catalogs
      .all()
      .filter(({ server }) => !named.some((one) => one.server.entry.name === server.name))
      .filter(({ server }) => server.versions[0]?.status === 'active')
      .filter(({ catalog, server }) => {
        const refusal = refusalOfServer(policies, server.name, { source: catalog.source });
        if (refusal) options.onRefused?.(server.name, refusal);
        return !refusal;
      })
      .map(async ({ catalog, server }) => ({
        server: await catalog.server(server.name),
        source: catalog.source,
      })),
  );
  return [...named, ...rest.filter(({ server }) => needsNothing(server))];
}

function needsNothing({ entry }: VerifiedServer): boolean {
  try {
    resolveEntry(entry, { parameters: {}, secrets: {} });
    return !entry.remote?.oauth || entry.remote.oauth.required === false;
  } catch {
    return false;
  }
}
