import type { ServerSecrets } from '../api/secrets.ts';

/** A server of the profile lacks something without which it cannot start. */
export function isMissing({ secrets, signIn, inProfile }: ServerSecrets): boolean {
  return (
    inProfile &&
    (secrets.some(({ required, origin }) => required && !origin) ||
      (signIn?.required === true && !signIn.info))
  );
}
