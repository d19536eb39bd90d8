import {
  type AuthorizationServer,
  type Client,
  type ClientAuth,
  ClientSecretPost,
  dynamicClientRegistrationRequest,
  None,
  processDynamicClientRegistrationResponse,
} from 'oauth4webapi';
import { PortolanError } from '../../core/errors.ts';
import { oauthError } from './errors.ts';
import type { OAuthHttp } from './http.ts';
import type { ClientRegistration, SignInStore } from './sign-in-store.ts';

/** A client that the user registered with the publisher. */
export interface OwnClient {
  readonly id: string;
  readonly secret?: string;
}

export interface ClientOptions {
  readonly own?: OwnClient;
  /** URL of Portolan's published client id metadata document, see `clientMetadataDocument`. */
  readonly metadataUrl?: string;
  /** The loopback redirect URI of this sign-in. */
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * The client id for an authorization server, in the order of the MCP specification: the user's
 * own, the metadata document where the server takes such, a registration made before, a new one
 * (RFC 7591). Throws `usage` / `OAUTH_CLIENT_NEEDED` when only the user's own would do.
 */
export async function obtainClient(
  server: AuthorizationServer,
  options: ClientOptions,
  http: OAuthHttp,
  store: SignInStore,
): Promise<ClientRegistration> {
  const { own, metadataUrl, redirectUri, scopes, now } = options;
  const base = { issuer: server.issuer, redirectUri };
  if (own) {
    const method = own.secret === undefined ? 'none' : secretMethod(server);
    return { ...base, clientId: own.id, clientSecret: own.secret, method };
  }
  if (metadataUrl && server.client_id_metadata_document_supported === true) {
    return { ...base, clientId: metadataUrl, method: 'none' };
  }
  const known = await store.registration(server.issuer);
  const expired = known?.secretExpiresAt ? known.secretExpiresAt <= now : false;
  // Servers hold a client to the scopes that it was registered with.
  const suffices = scopes.every((scope) => known?.registeredScopes?.includes(scope));
  if (known && !expired && suffices && known.redirectUri === redirectUri) return known;
  if (server.registration_endpoint !== undefined) {
    const registered = [...new Set([...(known?.registeredScopes ?? []), ...scopes])];
    const registration = await register(server, { ...options, scopes: registered }, http);
    await store.saveRegistration(registration);
    return registration;
  }
  throw new PortolanError(
    'usage',
    'OAUTH_CLIENT_NEEDED',
    `${server.issuer} registers no clients by itself; register one with the publisher (native application, redirect URI http://127.0.0.1/callback) and give its id with --client-id`,
  );
}

/** How a client proves itself at the token endpoint. */
export function clientAuthentication(client: ClientRegistration): ClientAuth {
  if (client.method === 'none' || client.clientSecret === undefined) return None();
  return client.method === 'client_secret_post'
    ? ClientSecretPost(client.clientSecret)
    : basicAuthentication(client.clientSecret);
}

/**
 * HTTP Basic with the encoding of RFC 6749, appendix B. The library escapes `-`, `_` and `.` too,
 * which is allowed but not undone by every authorization server.
 */
function basicAuthentication(secret: string): ClientAuth {
  const encode = (text: string) => new URLSearchParams([['', text]]).toString().slice(1);
  return (_server, { client_id: id }, _body, headers) => {
    const pair = Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64');
    headers.set('authorization', `Basic ${pair}`);
  };
}

/** What oauth4webapi wants to know of a client. */
export function libraryClient({ clientId }: ClientRegistration): Client {
  return { client_id: clientId };
}

/**
 * The client id metadata document that a catalog's site publishes at `url`, for authorization
 * servers that take such (draft-ietf-oauth-client-id-metadata-document).
 */
export function clientMetadataDocument(url: string): Readonly<Record<string, unknown>> {
  return {
    client_id: url,
    ...clientMetadata('http://127.0.0.1/callback'),
    token_endpoint_auth_method: 'none',
  };
}

function clientMetadata(redirectUri: string) {
  return {
    client_name: 'Portolan',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    // A native application may use any loopback port (RFC 8252, section 7.3).
    application_type: 'native',
  };
}

async function register(
  server: AuthorizationServer,
  { redirectUri, scopes, now }: ClientOptions,
  http: OAuthHttp,
): Promise<ClientRegistration> {
  const methods = server.token_endpoint_auth_methods_supported;
  const method = !methods || methods.includes('none') ? 'none' : secretMethod(server);
  const request = {
    ...clientMetadata(redirectUri),
    token_endpoint_auth_method: method,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
  };
  try {
    const response = await dynamicClientRegistrationRequest(server, request, http.options);
    const client = await processDynamicClientRegistrationResponse(await withExpiry(response));
    const given = client.token_endpoint_auth_method ?? method;
    const expires = Number(client.client_secret_expires_at ?? 0);
    return {
      issuer: server.issuer,
      redirectUri,
      clientId: client.client_id,
      ...(typeof client.client_secret === 'string' && { clientSecret: client.client_secret }),
      method: given === 'none' || given === 'client_secret_post' ? given : 'client_secret_basic',
      registeredScopes: scopes,
      ...(expires > 0 && { secretExpiresAt: Math.max(expires * 1000, now) }),
    };
  } catch (error) {
    throw oauthError(error, `registering Portolan with ${server.issuer}`);
  }
}

/**
 * RFC 7591 wants `client_secret_expires_at` beside a secret; servers that leave it out mean that the
 * secret does not expire.
 */
async function withExpiry(response: Response): Promise<Response> {
  if (response.status !== 201) return response;
  const text = await response.text();
  const { status, headers } = response;
  try {
    const client = JSON.parse(text);
    if (typeof client.client_secret === 'string') client.client_secret_expires_at ??= 0;
    return new Response(JSON.stringify(client), { status, headers });
  } catch {
    return new Response(text, { status, headers });
  }
}

/** RFC 8414: client_secret_basic when the metadata says nothing. */
function secretMethod(server: AuthorizationServer): ClientRegistration['method'] {
  const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  return methods.includes('client_secret_basic') ? 'client_secret_basic' : 'client_secret_post';
}
