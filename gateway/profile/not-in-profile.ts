import { PortolanError } from '../../core/errors.ts';
import type { ProfilePlace } from './place.ts';

/** The error for a server that a profile does not have. */
export function notInProfile(server: string, place: Pick<ProfilePlace, 'name'>): PortolanError {
  return new PortolanError(
    'usage',
    'SERVER_NOT_IN_PROFILE',
    `the profile ${place.name} has no server "${server}"; add it with \`portolan add ${server}\`, or see what it has with \`portolan profile show\``,
  );
}
