import { PortolanError } from '../../core/errors.ts';

/** Where a secret belongs. No secret is reachable by another server or, unless shared, profile. */
export interface SecretAddress {
  /** Name of a profile, or `SHARED` for every profile. */
  readonly profile: string;
  readonly server: string;
  /** Name that the server's entry declares. */
  readonly name: string;
}

/** The profile of secrets that every profile may use; one's own secret wins over it. */
export const SHARED = '*';

const PROFILE = /^(\*|[A-Za-z0-9][A-Za-z0-9._-]{0,63})$/;
const SERVER = /^(?=.{1,64}$)[a-z0-9]+(-[a-z0-9]+)*$/;
const NAME = /^[a-z][a-z0-9_]{0,63}$/;

/** `profile/server/name`; unambiguous, because no part may hold a slash. Throws `usage`. */
export function addressKey(address: SecretAddress): string {
  const { profile, server, name } = address;
  const wrong =
    (!PROFILE.test(profile) && `profile ${JSON.stringify(profile)}`) ||
    (!SERVER.test(server) && `server ${JSON.stringify(server)}`) ||
    (!NAME.test(name) && `secret ${JSON.stringify(name)}`);
  if (wrong) {
    throw new PortolanError(
      'usage',
      'SECRET_ADDRESS',
      `${wrong} is not a valid name; a secret is named SERVER.NAME as its entry declares it`,
    );
  }
  return `${profile}/${server}/${name}`;
}

/** The reverse of `addressKey`; undefined for text that is no address. */
export function parseAddressKey(key: string): SecretAddress | undefined {
  const [profile = '', server = '', name = '', ...rest] = key.split('/');
  const valid =
    rest.length === 0 && PROFILE.test(profile) && SERVER.test(server) && NAME.test(name);
  return valid ? { profile, server, name } : undefined;
}

/**
 * The environment variable of a secret, e.g. `PORTOLAN_SECRET_GITHUB__TOKEN`. Two underscores part
 * server and name: with one, server `a` could declare a secret `b_c` and be given secret `c` of
 * server `a-b`. A server's name gives no two underscores in a row and none at its end.
 */
export function environmentName(server: string, name: string): string {
  return `PORTOLAN_SECRET_${server.replaceAll('-', '_')}__${name}`.toUpperCase();
}
