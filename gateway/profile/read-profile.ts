import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Profile, ProfileLock, ProfileServer } from '../../core/entry/types.generated.ts';
import { hasErrno, messageOf, PortolanError } from '../../core/errors.ts';
import { writeFileAtomic } from '../../core/files.ts';
import { suggest } from '../cli/suggest.ts';
import { version } from '../cli/version.ts';
import type { Paths } from '../paths.ts';
import { lastingName, listProfiles, type ProfilePlace, profilePlace } from './place.ts';
import { DEFAULT_PROFILE } from './profile-context.ts';
import { parseLock } from './profile-lock.ts';

/** A profile with its lock, as they are on the disk. */
export interface LoadedProfile {
  readonly place: ProfilePlace;
  readonly profile: Profile;
  readonly lock: ProfileLock;
}

/**
 * Reads a profile and its lock. Throws `usage` / `PROFILE_UNKNOWN` when there is none, and what
 * readProfileIfAny throws.
 */
export async function readProfile(place: ProfilePlace, paths: Paths): Promise<LoadedProfile> {
  const found = await readProfileIfAny(place, paths);
  if (found) return found;
  throw await unknownProfile(place, paths);
}

/**
 * The same; undefined when there is no such file. Throws `malformed` with `PROFILE_MALFORMED` or
 * `LOCK_MALFORMED`, and `unreachable` / `FILE_UNREADABLE`.
 */
export async function readProfileIfAny(
  place: ProfilePlace,
  paths: Paths,
): Promise<LoadedProfile | undefined> {
  const [text, lockText] = await Promise.all([textOf(place.path), textOf(place.lockPath)]);
  if (text === undefined) return undefined;
  return {
    place,
    profile: await profileOf(text, place.path, paths),
    lock: parseLock(lockText, place.lockPath),
  };
}

/** The servers of a profile, in the order of the file. */
export function serversOf({
  servers = {},
}: Profile): readonly (readonly [string, ProfileServer])[] {
  return Object.entries(servers);
}

/** What is set for a server; undefined when the profile does not have it. */
export function serverIn({ servers = {} }: Profile, name: string): ProfileServer | undefined {
  return Object.hasOwn(servers, name) ? servers[name] : undefined;
}

/** Says which profiles there are. */
export async function unknownProfile(place: ProfilePlace, paths: Paths): Promise<PortolanError> {
  const names = (await listProfiles(paths)).map(({ place: one }) => one.name);
  const known = names.length > 0 ? `; there are: ${names.join(', ')}` : '';
  return new PortolanError(
    'usage',
    'PROFILE_UNKNOWN',
    place.name === DEFAULT_PROFILE && names.length === 0
      ? 'there is no profile yet; `portolan add SERVER` makes one'
      : `there is no profile ${place.name} (${place.path})${suggest(place.name, names)}${known}; make it with \`portolan profile create ${place.name}\``,
  );
}

/** The lasting name of a profile that must be there. Throws what readProfile throws. */
export async function existingProfile(given: string, paths: Paths): Promise<string> {
  const place = await profilePlace(given, paths);
  await readProfile(place, paths);
  return lastingName(place);
}

/** Names of the servers of a profile. */
export function namesIn({ servers = {} }: Profile): readonly string[] {
  return Object.keys(servers);
}

/** The text of a file; undefined when there is none. Throws `unreachable` / `FILE_UNREADABLE`. */
export async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return undefined;
    throw new PortolanError(
      'unreachable',
      'FILE_UNREADABLE',
      `${path} cannot be read: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/**
 * Parses a profile, or takes what was parsed before from a file that is named by the hash of the
 * text: loading and running the YAML parser would cost a start of the gateway some 50 ms.
 */
async function profileOf(text: string, path: string, { cache }: Paths): Promise<Profile> {
  const hash = createHash('sha256').update(`${version}\n${text}`).digest('hex');
  const compiled = join(cache, 'profiles', `${hash}.json`);
  try {
    return JSON.parse(await readFile(compiled, 'utf8'));
  } catch {
    // Not there, or damaged: made again.
  }
  const { parseProfile } = await import('./parse-profile.ts');
  const profile = parseProfile(text, path);
  // Without a place to keep it, the next start takes a little longer.
  await writeFileAtomic(compiled, JSON.stringify(profile), { mode: 0o600 }).catch(() => {});
  return profile;
}
