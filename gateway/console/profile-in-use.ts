import { type ProfilePlace, profilePlace } from '../profile/place.ts';
import { NO_PROFILE, type ProfileContext } from '../profile/profile-context.ts';
import { profileContext } from '../profile/profile-selection.ts';
import { type LoadedProfile, readProfile, readProfileIfAny } from '../profile/read-profile.ts';
import type { ConsoleContext } from './context.ts';

/** The profile that a page is about, which need not exist yet. */
export interface ProfileInUse {
  readonly place: ProfilePlace;
  readonly loaded: LoadedProfile | undefined;
  readonly profile: ProfileContext;
}

/** The named profile, else the one that the console was started with, else the current one. */
export async function profileInUse(
  { paths, profile: begun }: ConsoleContext,
  given: string | undefined,
): Promise<ProfileInUse> {
  const place = await profilePlace(given || begun, paths);
  const loaded = await readProfileIfAny(place, paths);
  const profile = loaded
    ? profileContext(loaded)
    : { ...NO_PROFILE, name: place.name, scope: place.scope };
  return { place, loaded, profile };
}

/** The named profile. Throws `usage` / `PROFILE_UNKNOWN` when it does not exist. */
export async function existingProfile(
  { paths }: ConsoleContext,
  name: string | undefined,
): Promise<LoadedProfile> {
  return readProfile(await profilePlace(name, paths), paths);
}
