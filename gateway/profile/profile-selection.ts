import type { Selection } from '../compose/upstreams.ts';
import { notInProfile } from './not-in-profile.ts';
import type { ProfileContext } from './profile-context.ts';
import { lockedIn } from './profile-lock.ts';
import { type LoadedProfile, namesIn, serverIn, serversOf } from './read-profile.ts';

/** What a profile that was read says of its servers. */
export function profileContext({ place, profile, lock }: LoadedProfile): ProfileContext {
  return {
    name: place.name,
    scope: place.scope,
    servers: serversOf(profile).map(([server]) => server),
    catalogs: profile.catalogs,
    server: (name) => serverIn(profile, name),
    locked: (name) => lockedIn(lock, name),
  };
}

/**
 * All servers of a profile, or some of them, as `selectUpstreams` takes them. Throws `usage` /
 * `SERVER_NOT_IN_PROFILE`.
 */
export function profileSelection(
  loaded: LoadedProfile,
  {
    only,
    set = [],
    lenient = false,
  }: {
    readonly only?: readonly string[] | undefined;
    readonly set?: readonly string[];
    readonly lenient?: boolean;
  } = {},
): Selection {
  const stranger = only?.find(
    (text) => serverIn(loaded.profile, text.split('@', 1)[0] ?? '') === undefined,
  );
  if (stranger !== undefined) throw notInProfile(stranger, loaded.place, namesIn(loaded.profile));
  return {
    servers: only ?? serversOf(loaded.profile).map(([name]) => name),
    all: false,
    set,
    profile: profileContext(loaded),
    lenient,
  };
}
