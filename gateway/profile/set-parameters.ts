import type { ProfileServer } from '../../core/entry/types.generated.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import type { Paths } from '../paths.ts';
import { checkedParameters } from './add-server.ts';
import { editServer } from './change-profile.ts';
import { notInProfile } from './not-in-profile.ts';
import { pinnedServer } from './pinned-server.ts';
import type { ProfilePlace } from './place.ts';
import { profileContext } from './profile-selection.ts';
import { type LoadedProfile, namesIn, serverIn } from './read-profile.ts';

type Parameters = NonNullable<ProfileServer['parameters']>;

/**
 * Texts as the values of a server's parameters, by the version that the profile runs. Throws
 * `usage` / `SERVER_NOT_IN_PROFILE` and what checkedParameters throws; changes nothing.
 */
export async function parametersFor(
  loaded: LoadedProfile,
  catalogs: CatalogSet,
  server: string,
  texts: ReadonlyMap<string, string>,
): Promise<Parameters> {
  if (!serverIn(loaded.profile, server))
    throw notInProfile(server, loaded.place, namesIn(loaded.profile));
  const { entry } = await pinnedServer(catalogs, server, profileContext(loaded));
  return checkedParameters(entry, texts);
}

/** Writes checked values, and removes those that are `gone`. Returns what is set afterwards. */
export async function storeParameters(
  place: ProfilePlace,
  paths: Paths,
  server: string,
  values: Parameters = {},
  gone: readonly string[] = [],
): Promise<Parameters> {
  const value = await editServer(place, paths, server, (before = {}) => {
    const { parameters = {}, ...others } = before;
    const kept = Object.entries(parameters).filter(([key]) => !gone.includes(key));
    const next = { ...Object.fromEntries(kept), ...values };
    return Object.keys(next).length > 0 ? { ...others, parameters: next } : others;
  });
  return value.parameters ?? {};
}
