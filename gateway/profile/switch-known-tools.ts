import type { ProfileServer } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import { suggest } from '../cli/suggest.ts';
import type { Paths } from '../paths.ts';
import { switchTools } from './change-profile.ts';
import { notInProfile } from './not-in-profile.ts';
import { pinnedServer } from './pinned-server.ts';
import { profileContext } from './profile-selection.ts';
import { type LoadedProfile, namesIn, serverIn } from './read-profile.ts';

export interface SwitchedTools {
  /** What is set for the server afterwards. */
  readonly value: ProfileServer;
  /** Names of its signed tools; undefined when they are listed live. */
  readonly known: readonly string[] | undefined;
}

/**
 * Switches tools of a server on or off, after a look whether it has them. Throws `usage` with
 * `SERVER_NOT_IN_PROFILE` or `TOOL_UNKNOWN`.
 */
export async function switchKnownTools(
  loaded: LoadedProfile,
  catalogs: CatalogSet,
  paths: Paths,
  server: string,
  names: readonly string[],
  on: boolean,
): Promise<SwitchedTools> {
  const { place, profile } = loaded;
  if (!serverIn(profile, server)) throw notInProfile(server, place, namesIn(profile));
  const { tools } = await pinnedServer(catalogs, server, profileContext(loaded));
  const known = tools?.tools.map((tool) => tool.name);
  const unknown = known && names.find((one) => !one.includes('*') && !known.includes(one));
  if (unknown !== undefined) {
    throw new PortolanError(
      'usage',
      'TOOL_UNKNOWN',
      `${server} has no tool "${unknown}"${suggest(unknown, known ?? [])}`,
    );
  }
  return { value: await switchTools(place, paths, server, names, on), known };
}
