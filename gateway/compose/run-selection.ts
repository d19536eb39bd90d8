import type { RunOptions } from '../cli/commands/run.ts';
import type { Paths } from '../paths.ts';
import type { LoadedProfile } from '../profile/read-profile.ts';
import type { Selection } from './upstreams.ts';

/** What a gateway serves now, and the profile that says so. */
export interface Served {
  readonly selection: Selection;
  readonly loaded?: LoadedProfile;
}

/**
 * What the options ask for: named servers, all of them, a profile, or the current profile when
 * nothing else is said. Throws `usage` with `SERVERS_MISSING`, `PROFILE_UNKNOWN`, `LOCK_FROZEN` or
 * `SERVER_NOT_IN_PROFILE`, and what readProfile throws.
 */
export async function runSelection(options: RunOptions, paths: Paths): Promise<Served> {
  const { servers = [], all = false, frozen, profile } = options;
  if (profile === undefined && !frozen && (servers.length > 0 || all)) {
    const set = options.discover && !all ? settingsOf(options.set, servers) : options.set;
    return { selection: { servers, all, set } };
  }
  const { servedProfile } = await import('./served-profile.ts');
  return servedProfile(options, paths);
}

/** The settings of some servers among those of all: those of others may be added by clients. */
export function settingsOf(set: readonly string[], servers: readonly string[]): readonly string[] {
  const prefixes = servers.map((text) => `${text.split('@', 1)[0]}.`);
  return set.filter((one) => prefixes.some((prefix) => one.startsWith(prefix)));
}
