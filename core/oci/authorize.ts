import { PortolanError } from '../errors.ts';
import type { Challenge } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import { mergeScopes } from './scope.ts';

/** What the token server is asked for: the distribution spec's token authentication. */
export interface TokenRequest {
  readonly realm: string;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
}

export interface Token {
  readonly token: string;
  readonly seconds: number;
}

/** The Authorization headers of one registry, by scope. */
export interface Authorizer {
  /** What is known to work for these scopes; undefined before the registry has asked. */
  known(scopes: readonly string[]): string | undefined;
  /**
   * Answers a 401. `used` is what was sent with the refused request. Concurrent requests of equal
   * scopes share one token request. Throws `forbidden` / `ACCESS_DENIED`.
   */
  answer(
    challenges: readonly Challenge[],
    scopes: readonly string[],
    used: string | undefined,
  ): Promise<string>;
}

/** A token is not used in its last seconds, nor in its last tenth. */
const SLACK_SECONDS = 5;

export function createAuthorizer(
  name: string,
  findCredentials: () => Promise<Credentials | undefined>,
  fetchToken: (request: TokenRequest) => Promise<Token>,
  now: () => number = Date.now,
): Authorizer {
  const tokens = new Map<string, { readonly header: string; readonly expires: number }>();
  const running = new Map<string, Promise<string>>();
  /** A password, or a token of the user's own: it holds for every scope. */
  let fixed: string | undefined;
  let lookup: Promise<Credentials | undefined> | undefined;

  function known(scopes: readonly string[]): string | undefined {
    const token = tokens.get(keyOf(scopes));
    return token && token.expires > now() ? token.header : fixed;
  }

  /** Looked up once, and only when a registry asks: a credential helper may open a window. */
  async function credentials(): Promise<Credentials | undefined> {
    lookup ??= findCredentials();
    try {
      return await lookup;
    } catch (error) {
      lookup = undefined;
      throw error;
    }
  }

  async function byToken(challenge: Challenge, scopes: readonly string[]): Promise<string> {
    const found = await credentials();
    if (found?.kind === 'bearer') {
      fixed = `Bearer ${found.token}`;
      return fixed;
    }
    const realm = challenge.parameters.get('realm') ?? '';
    const { token, seconds } = await fetchToken({
      realm,
      service: challenge.parameters.get('service'),
      // What the registry names and what the work needs: a push must not begin with a pull token.
      scopes: mergeScopes(challenge.parameters.get('scope') ?? '', scopes),
      credentials: found,
    });
    const header = `Bearer ${token}`;
    const life = Math.min(seconds - SLACK_SECONDS, seconds * 0.9);
    tokens.set(keyOf(scopes), { header, expires: now() + life * 1000 });
    return header;
  }

  async function answer(
    challenges: readonly Challenge[],
    scopes: readonly string[],
    used: string | undefined,
  ): Promise<string> {
    const better = known(scopes);
    // Another request has renewed the token while this one was under way.
    if (better !== undefined && better !== used) return better;
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer) {
      const key = keyOf(scopes);
      let work = running.get(key);
      if (!work) {
        tokens.delete(key);
        work = byToken(bearer, scopes).finally(() => running.delete(key));
        running.set(key, work);
      }
      const header = await work;
      if (header === used) throw denied(name, 'refuses the token that it was given');
      return header;
    }
    if (challenges.some(({ scheme }) => scheme === 'basic')) {
      const found = await credentials();
      if (found?.kind !== 'password') throw denied(name, 'wants a user and a password');
      const header = basicHeader(found.username, found.password);
      if (header === used) throw denied(name, 'refuses the stored user and password');
      fixed = header;
      return header;
    }
    throw denied(name, 'refuses access and offers no way to sign in');
  }

  return { known, answer };
}

/** Value of the Authorization header for a user and a password (RFC 7617). */
export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** The error of a registry that says no. `name` is the repository, `fact` what happened. */
export function denied(name: string, fact: string): PortolanError {
  const host = name.replace(/^oci:\/\//, '').split('/')[0];
  return new PortolanError(
    'forbidden',
    'ACCESS_DENIED',
    `${name}: the registry ${fact}; check the name, and sign in with \`docker login ${host}\` or \`podman login ${host}\``,
  );
}

function keyOf(scopes: readonly string[]): string {
  return scopes.join(' ');
}
