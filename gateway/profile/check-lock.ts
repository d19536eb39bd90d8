import { PortolanError } from '../../core/errors.ts';
import { lockedIn } from './profile-lock.ts';
import { type LoadedProfile, serverIn, serversOf } from './read-profile.ts';

/** Where a profile and its lock disagree, a sentence each; empty when they agree. */
export function lockFaults({ profile, lock }: LoadedProfile): readonly string[] {
  return [
    ...serversOf(profile).flatMap(([name, { version }]) => {
      const locked = lockedIn(lock, name);
      if (!locked) return [`${name} is not locked`];
      if (version === undefined || version === locked.version) return [];
      return [`the profile wants ${name} ${version}, but ${locked.version} is locked`];
    }),
    ...Object.keys(lock.servers)
      .filter((name) => serverIn(profile, name) === undefined)
      .map((name) => `${name} is locked, but the profile does not have it`),
  ];
}

/** Throws `usage` / `LOCK_FROZEN` when profile and lock disagree. */
export function requireFrozen(loaded: LoadedProfile): void {
  const faults = lockFaults(loaded);
  if (faults.length === 0) return;
  const { path, lockPath, name } = loaded.place;
  throw new PortolanError(
    'usage',
    'LOCK_FROZEN',
    `--frozen: ${path} and ${lockPath} disagree: ${faults.join('; ')}. Run \`portolan update --profile ${name}\` and commit both files`,
  );
}
