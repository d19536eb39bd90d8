import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { hasErrno, PortolanError } from '../../core/errors.ts';
import { writeFileAtomic } from '../../core/files.ts';
import type { Paths } from '../paths.ts';
import { DEFAULT_PROFILE, isProfileName } from './profile-context.ts';

/** Where a profile is, and what it is called. */
export interface ProfilePlace {
  /** What people say: `work`, or the path of a project's file. */
  readonly name: string;
  /** Absolute path of the YAML file. */
  readonly path: string;
  /** Absolute path of the lock beside it. */
  readonly lockPath: string;
  /**
   * Under which name the vault keeps its secrets. A project's file has one of its own, made of its
   * path: a repository that somebody else wrote must not be given the secrets of a profile of yours.
   */
  readonly scope: string;
  /** A file of a project, which others may have written. */
  readonly project: boolean;
}

/**
 * The place of a profile by name or path; the current one when nothing is given. What has a slash
 * or ends with .yaml or .yml is a path. The file need not exist. Throws `usage` / `PROFILE_NAME`.
 */
export async function profilePlace(
  given: string | undefined,
  paths: Paths,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ProfilePlace> {
  return placeOf(given ?? (await currentProfile(paths, env)), paths);
}

/** Name or path of the current profile: PORTOLAN_PROFILE, what `profile use` set, or `default`. */
export async function currentProfile(
  paths: Paths,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  if (env.PORTOLAN_PROFILE) return env.PORTOLAN_PROFILE;
  try {
    return (await readFile(currentFile(paths), 'utf8')).trim() || DEFAULT_PROFILE;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return DEFAULT_PROFILE;
    throw error;
  }
}

/** Makes a profile the current one. */
export async function setCurrentProfile(place: ProfilePlace, paths: Paths): Promise<void> {
  await writeFileAtomic(currentFile(paths), `${lastingName(place)}\n`);
}

/** How a profile is found again from any folder. */
export function lastingName({ project, path, name }: ProfilePlace): string {
  return project ? path : name;
}

/** Back to the profile named default. */
export async function forgetCurrentProfile(paths: Paths): Promise<void> {
  await rm(currentFile(paths), { force: true });
}

/** The user's own profiles by name, and the current one when it is a project's. */
export async function listProfiles(
  paths: Paths,
  env: NodeJS.ProcessEnv = process.env,
): Promise<readonly { readonly place: ProfilePlace; readonly current: boolean }[]> {
  const current = await profilePlace(undefined, paths, env);
  const files = await readdir(profilesFolder(paths)).catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return [];
    throw error;
  });
  const own = files
    .filter((file) => file.endsWith('.yaml') && isProfileName(file.slice(0, -'.yaml'.length)))
    .map((file) => placeOf(file.slice(0, -'.yaml'.length), paths))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return [...own, ...(current.project ? [current] : [])].map((place) => ({
    place,
    current: place.path === current.path,
  }));
}

function placeOf(given: string, paths: Paths): ProfilePlace {
  if (/[/\\]/.test(given) || /\.ya?ml$/i.test(given)) return projectPlace(given);
  if (!isProfileName(given)) {
    throw new PortolanError(
      'usage',
      'PROFILE_NAME',
      `${JSON.stringify(given)} is no name of a profile: letters, digits, ".", "_" and "-", at most 64; or a path such as ./portolan.yaml`,
    );
  }
  const base = join(profilesFolder(paths), given);
  return {
    name: given,
    path: `${base}.yaml`,
    lockPath: `${base}.lock.json`,
    scope: given,
    project: false,
  };
}

function projectPlace(given: string): ProfilePlace {
  const path = resolve(given);
  const folder = basename(dirname(path)) === '.portolan' ? dirname(dirname(path)) : dirname(path);
  const label = basename(folder)
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .slice(0, 40);
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 12);
  return {
    name: given,
    path,
    lockPath: `${path.slice(0, path.length - extname(path).length)}.lock.json`,
    scope: `project-${label}-${hash}`,
    project: true,
  };
}

function profilesFolder({ config }: Paths): string {
  return join(config, 'profiles');
}

function currentFile({ config }: Paths): string {
  return join(config, 'current-profile');
}
