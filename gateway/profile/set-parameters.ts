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
import type { IsolationSetting } from './set-isolation.ts';

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

/** What is to be different of one server; everything in it was checked. */
export interface SettingsChange {
  readonly parameters?: Parameters;
  /** Where a password manager keeps secrets, by name. */
  readonly references?: Readonly<Record<string, string>>;
  /** Names of parameters or references to remove. */
  readonly gone?: readonly string[];
  readonly isolation?: IsolationSetting | undefined;
}

/** Writes changes of one server at once. Returns what is set for it afterwards. */
export function changeSettings(
  place: ProfilePlace,
  paths: Paths,
  server: string,
  { parameters, references, gone = [], isolation }: SettingsChange,
): Promise<ProfileServer> {
  return editServer(place, paths, server, (before = {}) => {
    const box = isolation ?? before.isolation ?? 'auto';
    const { parameters: old, secrets, isolation: _, ...others } = before;
    const merged = {
      parameters: { ...without(old, gone), ...parameters },
      secrets: { ...without(secrets, gone), ...references },
    };
    return {
      ...others,
      ...(Object.keys(merged.parameters).length > 0 && { parameters: merged.parameters }),
      ...(Object.keys(merged.secrets).length > 0 && { secrets: merged.secrets }),
      ...(box !== 'auto' && { isolation: box }),
    };
  });
}

function without<Value>(
  map: Readonly<Record<string, Value>> = {},
  gone: readonly string[],
): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(map).filter(([name]) => !gone.includes(name)));
}
