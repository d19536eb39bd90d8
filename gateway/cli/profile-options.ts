import type { Command } from 'commander';
import { type Paths, portolanPaths } from '../paths.ts';
import { type ProfilePlace, profilePlace } from '../profile/place.ts';
import { NO_PROFILE, type ProfileContext } from '../profile/profile-context.ts';
import { profileContext } from '../profile/profile-selection.ts';
import { readProfile, readProfileIfAny } from '../profile/read-profile.ts';

/** The option of every command that changes or reads a profile. */
export interface ProfileOptions {
  /** Name or path; the current profile when absent. */
  readonly profile?: string;
}

/** Adds `--profile` to a command. */
export function withProfileOption(command: Command): Command {
  return command.option(
    '--profile <name|path>',
    'profile by name, or the file of a project; the current profile when absent',
  );
}

/** The profile that a command is about; it need not exist. */
export function chosenPlace({ profile }: ProfileOptions, paths: Paths): Promise<ProfilePlace> {
  return profilePlace(profile, paths);
}

/**
 * What the profile says of servers: the one that is named, which must exist, or the current one,
 * which need not.
 */
export async function chosenContext(
  { profile }: ProfileOptions,
  paths: Paths = portolanPaths(),
): Promise<ProfileContext> {
  const place = await profilePlace(profile, paths);
  const loaded =
    profile === undefined ? await readProfileIfAny(place, paths) : await readProfile(place, paths);
  if (!loaded) return { ...NO_PROFILE, name: place.name, scope: place.scope };
  return profileContext(loaded);
}
