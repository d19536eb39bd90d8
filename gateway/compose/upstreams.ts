import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import { resolveEntry } from '../../core/entry/resolve.ts';
import { PortolanError } from '../../core/errors.ts';
import type { OpenCatalog } from '../catalog/open-catalog.ts';
import { environmentSecrets } from '../profile/environment-secrets.ts';
import { parseAssignments, typedParameters } from '../profile/settings.ts';
import type { Upstream } from '../relay/upstream.ts';
import { type LocalOptions, localUpstream, type ServerSettings } from './local-upstream.ts';
import { remoteUpstream } from './remote-upstream.ts';

/** Which servers to serve, and with what settings. */
export interface Selection {
  /** NAME or NAME@VERSION. */
  readonly servers: readonly string[];
  /** Every server that needs no setting. */
  readonly all: boolean;
  /** SERVER.PARAMETER=VALUE. */
  readonly set: readonly string[];
}

/**
 * Verifies the selected servers and turns them into upstreams. Settings are checked now, so that a
 * missing one is told before a client finds out. Throws what the catalog and resolveEntry throw.
 */
export async function selectUpstreams(
  catalog: OpenCatalog,
  selection: Selection,
  options: LocalOptions,
): Promise<Upstream[]> {
  const assignments = parseAssignments(selection.set);
  const selected = await select(catalog, selection);
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
  return selected.map((server) => {
    const { entry } = server;
    const settings: ServerSettings = {
      parameters: typedParameters(entry, assignments.get(entry.name) ?? new Map()),
      secrets: async () => environmentSecrets(entry),
    };
    resolveEntry(entry, { parameters: settings.parameters, secrets: environmentSecrets(entry) });
    return entry.remote
      ? remoteUpstream(server, settings)
      : localUpstream(server, settings, options);
  });
}

async function select(
  catalog: OpenCatalog,
  { servers, all }: Selection,
): Promise<VerifiedServer[]> {
  const named = await Promise.all(
    servers.map((text) => {
      const [name = '', version] = text.split('@');
      return catalog.server(name, version);
    }),
  );
  if (!all) return named;
  const rest = await Promise.all(
    catalog.catalog.servers
      .filter(({ name }) => !named.some(({ entry }) => entry.name === name))
      .filter(({ versions }) => versions[0]?.status === 'active')
      .map(({ name }) => catalog.server(name)),
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
