import { existsSync } from 'node:fs';
import { PortolanError } from '../../../core/errors.ts';
import { counted } from '../../../core/text.ts';
import { findSource, readSources } from '../../catalog/sources.ts';
import { portolanPaths } from '../../paths.ts';
import { createProfile, removeProfile } from '../../profile/change-profile.ts';
import { lockFaults } from '../../profile/check-lock.ts';
import { forgetCurrentProfile, profilePlace, setCurrentProfile } from '../../profile/place.ts';
import { lockedIn } from '../../profile/profile-lock.ts';
import {
  type LoadedProfile,
  namesIn,
  readProfile,
  readProfileIfAny,
  serversOf,
} from '../../profile/read-profile.ts';
import { surveyProfiles } from '../../profile/survey-profiles.ts';
import { canAsk, confirmed, consentNeeded } from '../consent.ts';
import { print, table } from '../print.ts';
import type { CreateOptions, JsonOption, RemoveOptions } from './profile.ts';

export async function createOne(given: string, options: CreateOptions): Promise<void> {
  const paths = portolanPaths();
  const place = await profilePlace(given, paths);
  const { description, catalogs } = options;
  if (catalogs) {
    const sources = await readSources(paths.config);
    for (const name of catalogs) findSource(sources, name);
  }
  await createProfile(place, paths, {
    profile: {
      ...(description !== undefined && { description }),
      ...(catalogs && { catalogs: [...catalogs] }),
    },
  });
  if (options.use) await setCurrentProfile(place, paths);
  print(options.json, place, () =>
    [
      `Made ${place.path}.`,
      `Next: portolan add SERVER${options.use ? '' : ` --profile ${place.name}`}`,
    ].join('\n'),
  );
}

export async function listAll({ json }: JsonOption): Promise<void> {
  const rows = await surveyProfiles(portolanPaths());
  print(json, rows, () =>
    rows.length === 0
      ? 'No profile yet. `portolan add SERVER` makes one named default.'
      : table(
          rows.map(({ name, current, servers, problem }) => [
            `${current ? '*' : ' '} ${name}`,
            problem ? 'BROKEN' : counted(servers.length, 'server'),
            problem ?? servers.join(', '),
          ]),
        ),
  );
}

export async function showOne(given: string | undefined, { json }: JsonOption): Promise<void> {
  const paths = portolanPaths();
  const loaded = await readProfile(await profilePlace(given, paths), paths);
  const { place, profile, lock } = loaded;
  const faults = lockFaults(loaded);
  print(json, { ...place, profile, lock, faults }, () =>
    [
      `${place.name}  ${place.path}`,
      ...(profile.description === undefined ? [] : [profile.description]),
      ...(profile.catalogs ? [`Catalogs: ${profile.catalogs.join(', ')}`] : []),
      '',
      serversOf(profile).length === 0
        ? 'It has no servers yet: portolan add SERVER'
        : table(rowsOf(loaded)),
      ...faults.map((fault) => `! ${fault}`),
    ].join('\n'),
  );
}

export async function useOne(given: string, { json }: JsonOption): Promise<void> {
  const paths = portolanPaths();
  const place = await profilePlace(given, paths);
  await readProfile(place, paths);
  await setCurrentProfile(place, paths);
  const shadow = process.env.PORTOLAN_PROFILE;
  print(json, { name: place.name, path: place.path, current: !shadow }, () =>
    shadow
      ? `${place.name} is the current profile, but PORTOLAN_PROFILE=${shadow} wins in this shell`
      : `${place.name} is the current profile`,
  );
}

/** Asks first: what a profile says took work. Secrets stay, and so does a backup. */
export async function removeOne(given: string, options: RemoveOptions): Promise<void> {
  const { json, yes } = options;
  const paths = portolanPaths();
  const place = await profilePlace(given, paths);
  const loaded = yes ? undefined : await readProfileIfAny(place, paths).catch(() => undefined);
  // One that is not there is told as such, and one that cannot be read is asked about, too.
  if (loaded || (!yes && existsSync(place.path))) {
    const count = loaded && namesIn(loaded.profile).length;
    const what = `the profile ${place.name}${count === undefined ? '' : ` with ${counted(count, 'server')}`}`;
    if (!canAsk(options)) {
      throw consentNeeded(`${what} would be removed`, `\`portolan profile show ${given}\``);
    }
    if (!(await confirmed(`Remove ${what}?`))) {
      throw new PortolanError('forbidden', 'CANCELLED', `${what} stays; nothing was changed`);
    }
  }
  const current = await profilePlace(undefined, paths);
  await removeProfile(place, paths);
  if (current.path === place.path) await forgetCurrentProfile(paths);
  print(
    json,
    { name: place.name, path: place.path, removed: true },
    () => `${place.name} is removed; its secrets stay in the vault (portolan secret ls)`,
  );
}

/** A server a row: name, version, and everything that is set for it. */
export function rowsOf({ profile, lock }: Pick<LoadedProfile, 'profile' | 'lock'>): string[][] {
  return serversOf(profile).map(([name, { version, parameters, secrets, tools, isolation }]) => {
    const locked = lockedIn(lock, name);
    return [
      name,
      `${locked?.version ?? 'not locked'}${version === undefined ? '' : ' (kept)'}`,
      [
        ...Object.entries(parameters ?? {}).map(
          ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
        ),
        ...Object.keys(secrets ?? {}).map((key) => `${key} from a password manager`),
        ...(tools?.enable ? [`only ${tools.enable.join(', ')}`] : []),
        ...(tools?.disable ? [`without ${tools.disable.join(', ')}`] : []),
        ...(isolation ? [isolation] : []),
      ].join('; '),
    ];
  });
}
