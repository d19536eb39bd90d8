import type { Profile, ProfileLock } from '../../core/entry/types.generated.ts';
import { parseProfile } from './parse-profile.ts';
import { EMPTY_LOCK, lockText, parseLock } from './profile-lock.ts';

/** A profile from elsewhere, checked; nothing of it is on this machine yet. */
export interface Imported {
  readonly profile: Profile;
  readonly lock: ProfileLock;
  /** The profile as it was written, with its comments; absent when it was made from another format. */
  readonly text?: string;
  /** What could not be taken over, a sentence each. */
  readonly notes: readonly string[];
}

/** Begins the second document of an exported file: the lock. */
const SEPARATOR = '--- # lock\n';

/** One file with a profile and its lock: two YAML documents, the second in JSON. */
export function exportedFile(profileText: string, lock: ProfileLock): string {
  return `${profileText.trimEnd()}\n${SEPARATOR}${lockText(lock)}`;
}

/**
 * Reads an exported file, or a profile without a lock. Throws `malformed` with `PROFILE_MALFORMED`
 * or `LOCK_MALFORMED`.
 */
export function parseExported(content: string, where: string): Imported {
  const at = content.indexOf(`\n${SEPARATOR}`);
  const text = at < 0 ? content : content.slice(0, at + 1);
  const profile = parseProfile(text, where);
  const lock =
    at < 0 ? EMPTY_LOCK : parseLock(content.slice(at + 1 + SEPARATOR.length), `${where} (lock)`);
  return { profile, lock, text, notes: [] };
}
