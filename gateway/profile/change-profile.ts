import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type {
  LockedServer,
  Profile,
  ProfileLock,
  ProfileServer,
} from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { type Backup, dropBackup, keepBackup } from '../clients/backups.ts';
import { type Change, changeConfig, type FoundFile, hashOf } from '../clients/config-file.ts';
import type { Paths } from '../paths.ts';
import type { ProfileEdit } from './edit-profile.ts';
import { notInProfile } from './not-in-profile.ts';
import type { ProfilePlace } from './place.ts';
import { lockText, parseLock, withLocked } from './profile-lock.ts';
import { serverIn, textOf, unknownProfile } from './read-profile.ts';
import { switchedTools } from './tool-switch.ts';

/** Makes a profile, with its lock when there is one. Throws `usage` / `PROFILE_EXISTS`. */
export async function createProfile(
  place: ProfilePlace,
  paths: Paths,
  { profile = {}, text, lock, replace = false }: NewProfile = {},
): Promise<void> {
  const { profileText } = await import('./edit-profile.ts');
  const written = text ?? profileText(profile);
  const write = async (path: string, content: string) =>
    changeText(place, paths, path, 'added', '*', (before) => {
      if (before !== undefined && path === place.path && !replace) throw profileExists(place);
      return content;
    });
  // The lock comes first, so that no gateway sees servers that are not locked yet.
  if (!replace && (await exists(place))) throw profileExists(place);
  await write(place.lockPath, lockText(lock ?? { lockVersion: 1, servers: {} }));
  await write(place.path, written);
}

export interface NewProfile {
  readonly profile?: Profile;
  /** How it is written, when it was written elsewhere. */
  readonly text?: string;
  readonly lock?: ProfileLock;
  /** Take the place of a profile that is there. */
  readonly replace?: boolean;
}

/** Removes a profile and its lock; a copy is kept. Throws `usage` / `PROFILE_UNKNOWN`. */
export async function removeProfile(place: ProfilePlace, paths: Paths): Promise<void> {
  if (!(await exists(place))) throw await unknownProfile(place, paths);
  for (const path of [place.path, place.lockPath]) {
    await changeText(place, paths, path, 'removed', '*', () => undefined);
  }
}

/**
 * Adds a server, replaces what is set for it, or removes it (undefined). The profile is made when
 * there is none. The lock entry is written when one is given, and goes with the server.
 */
export async function setServer(
  place: ProfilePlace,
  paths: Paths,
  server: string,
  value: ProfileServer | undefined,
  locked?: LockedServer,
): Promise<void> {
  if (value && locked) await writeLock(place, paths, (lock) => withLocked(lock, server, locked));
  await editServer(place, paths, server, () => value, { make: value !== undefined });
  if (!value) await writeLock(place, paths, (lock) => withLocked(lock, server, undefined));
}

/** Switches tools of a server on or off; names may be patterns. */
export function switchTools(
  place: ProfilePlace,
  paths: Paths,
  server: string,
  names: readonly string[],
  on: boolean,
): Promise<ProfileServer> {
  return editServer(place, paths, server, (before) => {
    const { tools = {}, ...others } = requireServer(before, server, place);
    const switched = switchedTools(tools, names, on);
    return switched.enable || switched.disable ? { ...others, tools: switched } : others;
  });
}

/** Changes what is set for a server while nobody else does; returns what is set afterwards. */
export async function editServer(
  place: ProfilePlace,
  paths: Paths,
  server: string,
  change: (before: ProfileServer | undefined) => ProfileServer | undefined,
  { make = false }: { readonly make?: boolean } = {},
): Promise<ProfileServer> {
  const { serverEdits } = await import('./edit-profile.ts');
  let after: ProfileServer | undefined;
  await editProfile(place, paths, server, make, (profile) => {
    const before = profile && serverIn(profile, server);
    after = change(before);
    if (!before && !after) throw notInProfile(server, place);
    return serverEdits(server, before, after);
  });
  return after ?? {};
}

/** Changes the lock while nobody else does; returns what it is afterwards. */
export async function writeLock(
  place: ProfilePlace,
  paths: Paths,
  change: (lock: ProfileLock) => ProfileLock,
): Promise<ProfileLock> {
  let after: ProfileLock = { lockVersion: 1, servers: {} };
  await changeText(place, paths, place.lockPath, 'replaced', 'lock', (text) => {
    after = change(parseLock(text, place.lockPath));
    return lockText(after);
  });
  return after;
}

function requireServer(
  server: ProfileServer | undefined,
  name: string,
  place: ProfilePlace,
): ProfileServer {
  if (server) return server;
  throw notInProfile(name, place);
}

async function editProfile(
  place: ProfilePlace,
  paths: Paths,
  server: string,
  make: boolean,
  edits: (profile: Profile | undefined) => readonly ProfileEdit[],
): Promise<void> {
  const [{ editedProfile }, { parseProfile }] = await Promise.all([
    import('./edit-profile.ts'),
    import('./parse-profile.ts'),
  ]);
  const missing = await unknownProfile(place, paths);
  await changeText(place, paths, place.path, 'replaced', server, (text) => {
    if (text === undefined && !make) throw missing;
    const profile = text === undefined ? undefined : parseProfile(text, place.path);
    const wanted = edits(profile);
    return wanted.length === 0 ? text : editedProfile(text, wanted, place.path);
  });
}

/** Changes one of the two files: one writer at a time, atomically, with a copy of what was there. */
async function changeText(
  place: ProfilePlace,
  { state }: Paths,
  path: string,
  action: Backup['action'],
  name: string,
  change: (text: string | undefined) => string | undefined,
): Promise<void> {
  const folder = join(state, 'profile-backups');
  await changeConfig(path, join(state, 'locks'), (found): { readonly change?: Change } => {
    const text = change(found.bytes?.toString('utf8'));
    if (text === found.bytes?.toString('utf8')) return {};
    const bytes = text === undefined ? undefined : Buffer.from(text);
    // A team reads the profile of its project; one of the user's own is nobody else's business.
    const mode = found.mode ?? (place.project ? 0o644 : 0o600);
    return { change: { bytes, mode, remember: () => remember(found, bytes) } };
  });

  async function remember(found: FoundFile, bytes: Buffer | undefined) {
    if (!found.bytes) return async () => {};
    const after = hashOf(bytes);
    const backup = await keepBackup(folder, {
      client: createHash('sha256').update(path).digest('hex').slice(0, 16),
      path,
      name,
      action,
      time: new Date().toISOString(),
      before: { content: found.bytes.toString('base64'), mode: found.mode ?? 0o600 },
      ...(after !== undefined && { after }),
    });
    return () => dropBackup(folder, backup);
  }
}

async function exists({ path }: ProfilePlace): Promise<boolean> {
  return (await textOf(path)) !== undefined;
}

/** What is thrown when a profile would be written over. */
export function profileExists({ name, path }: ProfilePlace): PortolanError {
  return new PortolanError(
    'usage',
    'PROFILE_EXISTS',
    `there is a profile ${name} already (${path}); choose another name, or remove it with \`portolan profile rm ${name}\``,
  );
}
