import { PortolanError } from '../../core/errors.ts';
import type { Paths } from '../paths.ts';
import { listProfiles } from './place.ts';
import { readProfileIfAny, serversOf } from './read-profile.ts';

/** A profile in a list of all. */
export interface SurveyedProfile {
  readonly name: string;
  readonly current: boolean;
  readonly path: string;
  /** Names of its servers. */
  readonly servers: readonly string[];
  readonly description?: string;
  /** Why it cannot be read. */
  readonly problem?: string;
}

/** Every profile. One broken file does not hide the others. */
export async function surveyProfiles(paths: Paths): Promise<readonly SurveyedProfile[]> {
  return Promise.all(
    (await listProfiles(paths)).map(async ({ place, current }) => {
      const row = { name: place.name, current, path: place.path };
      try {
        const loaded = await readProfileIfAny(place, paths);
        if (!loaded) return { ...row, servers: [], problem: 'there is no such file' };
        const servers = serversOf(loaded.profile).map(([name]) => name);
        const { description } = loaded.profile;
        return { ...row, servers, ...(description !== undefined && { description }) };
      } catch (error) {
        if (!(error instanceof PortolanError)) throw error;
        return { ...row, servers: [], problem: error.message };
      }
    }),
  );
}
