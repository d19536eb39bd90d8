import { PortolanError } from '../../core/errors.ts';
import type { RunOptions } from '../cli/commands/run.ts';
import type { Paths } from '../paths.ts';
import { requireFrozen } from '../profile/check-lock.ts';
import { profilePlace } from '../profile/place.ts';
import { profileSelection } from '../profile/profile-selection.ts';
import { readProfile, readProfileIfAny, serversOf } from '../profile/read-profile.ts';
import { type Served, settingsOf } from './run-selection.ts';

/** All of one profile, for callers whose token says so: no option but `--frozen` changes it. */
export async function servedAlone(
  profile: string,
  { frozen }: Pick<RunOptions, 'frozen'>,
  paths: Paths,
): Promise<Served> {
  const loaded = await readProfile(await profilePlace(profile, paths), paths);
  if (frozen) requireFrozen(loaded);
  return { loaded, selection: profileSelection(loaded, { lenient: !frozen }) };
}

/** The part of runSelection that is about profiles: the named one, or the current one. */
export async function servedProfile(options: RunOptions, paths: Paths): Promise<Served> {
  const { servers, all, discover, frozen } = options;
  if (all) {
    throw new PortolanError(
      'usage',
      'SERVERS_AMBIGUOUS',
      '--all does not go with --profile or --frozen: a profile says which servers are served',
    );
  }
  const place = await profilePlace(options.profile, paths);
  const loaded =
    options.profile === undefined && !frozen
      ? await readProfileIfAny(place, paths)
      : await readProfile(place, paths);
  if (!loaded) {
    if (discover || (await hasCallerProfiles(options, paths))) {
      return { selection: { servers: [], all: false, set: [] } };
    }
    throw new PortolanError(
      'usage',
      'SERVERS_MISSING',
      'say which servers to serve: --servers NAME,NAME or --all; or fill a profile with `portolan add SERVER`; or let clients choose: --discover',
    );
  }
  if (frozen) requireFrozen(loaded);
  const only = servers?.length ? servers : undefined;
  const names = only ?? serversOf(loaded.profile).map(([name]) => name);
  const set = discover ? settingsOf(options.set, names) : options.set;
  // In CI, half of a profile is no profile.
  return { loaded, selection: profileSelection(loaded, { only, set, lenient: !frozen }) };
}

/** True when callers bring a profile of their own, so that the gateway need not have one. */
async function hasCallerProfiles(
  { transport, callerProfile = [], oauthProfileClaim }: RunOptions,
  paths: Paths,
): Promise<boolean> {
  if (transport !== 'http') return false;
  if (callerProfile.length > 0 || oauthProfileClaim !== undefined) return true;
  const { readTokens } = await import('../tokens/token-store.ts');
  return (await readTokens(paths)).some(({ profile }) => profile !== undefined);
}
