import { PortolanError } from '../../core/errors.ts';
import { suggest } from '../cli/suggest.ts';
import type { ProfilePlace } from './place.ts';

/** The error for a server that a profile does not have; `known` are those that it has. */
export function notInProfile(
  server: string,
  place: Pick<ProfilePlace, 'name'>,
  known: readonly string[] = [],
): PortolanError {
  return new PortolanError(
    'usage',
    'SERVER_NOT_IN_PROFILE',
    `the profile ${place.name} has no server "${server}"${suggest(server, known)}; add it with \`portolan add ${server}\`, or see what it has with \`portolan profile show\``,
  );
}
