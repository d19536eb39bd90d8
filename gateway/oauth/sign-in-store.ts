import { createHash } from 'node:crypto';
import type { RecordStore } from '../vault/vault.ts';

/** A client at one authorization server. */
export interface ClientRegistration {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly method: 'none' | 'client_secret_basic' | 'client_secret_post';
  readonly redirectUri: string;
  /** Scopes that Portolan registered it for (RFC 7591); absent when Portolan did not register it. */
  readonly registeredScopes?: readonly string[];
  /** Milliseconds since 1970; absent when the secret does not expire. */
  readonly secretExpiresAt?: number;
}

/**
 * A sign-in as it is kept: tokens with all that is needed to renew and revoke them. The endpoints
 * are those of the day of the sign-in, so that later metadata cannot send a refresh token elsewhere.
 */
export interface SignIn {
  /** The MCP server's URL, canonical. */
  readonly server: string;
  readonly resource: string;
  readonly authorizationServer: {
    readonly issuer: string;
    readonly token_endpoint: string;
    readonly revocation_endpoint?: string;
  };
  readonly client: ClientRegistration;
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly scopes: readonly string[];
  /** Scopes that were asked for; the user may have granted fewer. */
  readonly asked: readonly string[];
  /** Milliseconds since 1970. */
  readonly obtainedAt: number;
  /** Milliseconds since 1970; absent when the server does not say. */
  readonly expiresAt?: number;
}

/** Sign-ins and client registrations in the vault. */
export interface SignInStore {
  /** The sign-in for a server. */
  find(server: string): Promise<SignIn | undefined>;
  all(): Promise<readonly SignIn[]>;
  save(signIn: SignIn): Promise<void>;
  remove(signIn: SignIn): Promise<void>;
  /** Equal for sign-ins to the same resource with the same issuer and client. */
  nameOf(signIn: SignIn): string;
  registration(issuer: string): Promise<ClientRegistration | undefined>;
  saveRegistration(registration: ClientRegistration): Promise<void>;
  removeRegistration(issuer: string): Promise<void>;
  /** Runs an action that no other process runs for the same sign-in at the same time. */
  exclusively<Result>(server: string, action: () => Promise<Result>): Promise<Result>;
}

export function signInStore(records: RecordStore): SignInStore {
  const read = async <Value>(name: string): Promise<Value | undefined> => {
    const text = await records.get(name);
    return text === undefined ? undefined : (JSON.parse(text) as Value);
  };
  const startingWith = async (prefix: string) => {
    const names = (await records.names()).filter((name) => name.startsWith(prefix));
    const found = await Promise.all(names.map((name) => read<SignIn>(name)));
    return found.filter((signIn) => signIn !== undefined);
  };
  return {
    all: () => startingWith('sign-in-'),
    nameOf,
    find: async (server) => (await startingWith(`sign-in-${hash(server)}-`))[0],
    save: (signIn) => records.set(nameOf(signIn), JSON.stringify(signIn)),
    remove: (signIn) => records.set(nameOf(signIn), undefined),
    registration: (issuer) => read(`client-${hash(issuer)}`),
    saveRegistration: (registration) =>
      records.set(`client-${hash(registration.issuer)}`, JSON.stringify(registration)),
    removeRegistration: (issuer) => records.set(`client-${hash(issuer)}`, undefined),
    exclusively: (server, action) => records.exclusively(`sign-in-${hash(server)}`, action),
  };
}

/** One sign-in for each issuer, resource, client and server. */
function nameOf({ authorizationServer, resource, client, server }: SignIn): string {
  const rest = hash(authorizationServer.issuer, resource, client.clientId);
  return `sign-in-${hash(server)}-${rest}`;
}

function hash(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
