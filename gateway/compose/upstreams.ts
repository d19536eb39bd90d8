import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import { resolveEntry } from '../../core/entry/resolve.ts';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
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
  readonly vault: Vault;
}

/**
 * Verifies the selected servers and turns them into upstreams. Settings are checked now, so that a
 * missing one is told before a client finds out. Throws what the catalog and resolveEntry throw.
 */
export async function selectUpstreams(
  catalogs: CatalogSet,
  selection: Selection,
  options: UpstreamOptions,
): Promise<Upstream[]> {
  const assignments = parseAssignments(selection.set);
  const selected = await select(catalogs, selection);
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
  return Promise.all(
    selected.map(async (server) => {
      const { entry } = server;
      const settings: ServerSettings = {
        parameters: typedParameters(entry, assignments.get(entry.name) ?? new Map()),
        secrets: () => options.vault.secretsFor(entry, SCOPE),
      };
      await checkSettings(entry, settings, options.vault);
      return entry.remote
        ? remoteUpstream(server, settings, options)
        : localUpstream(server, settings, options);
    }),
  );
}

/** Without profiles, everything belongs to the one named default. */
const SCOPE = { profile: 'default' };

/** Throws for a setting that is missing or wrong; opens and asks nothing. */
async function checkSettings(
  entry: ServerEntry,
  { parameters }: ServerSettings,
  vault: Vault,
): Promise<void> {
  for (const secret of await vault.check(entry, SCOPE)) {
    if (secret.required && secret.origin === undefined) {
      throw new PortolanError(
        'usage',
        'SETTING_MISSING',
        `${entry.name} needs the secret "${secret.name}" (${secret.description}); ${secret.remedy}`,
      );
    }
  }
  const placeholders = (entry.secrets ?? []).map(({ name }) => [name, 'placeholder']);
  resolveEntry(entry, { parameters, secrets: Object.fromEntries(placeholders) });
}

async function select(
  catalogs: CatalogSet,
  { servers, all }: Selection,
): Promise<VerifiedServer[]> {
  const named = await Promise.all(
    servers.map((text) => {
      const [name = '', version] = text.split('@');
      return catalogs.server(name, version);
    }),
  );
  if (!all) return named;
  const rest = await Promise.all(
    catalogs
      .all()
      .filter(({ server }) => !named.some(({ entry }) => entry.name === server.name))
      .filter(({ server }) => server.versions[0]?.status === 'active')
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
