import {
  type AuthorizationServer,
  discoveryRequest,
  processDiscoveryResponse,
  type ResourceServer,
} from 'oauth4webapi';
import { PortolanError } from '../../core/errors.ts';
import { type BearerChallenge, scopeList } from './challenge.ts';
import { oauthError } from './errors.ts';
import type { OAuthHttp } from './http.ts';

/** Where and for what to sign in. */
export interface Discovered {
  /** The resource indicator (RFC 8707), exactly as the server's metadata writes it. */
  readonly resource: string;
  /** Scopes that the server names; undefined when it names none. */
  readonly scopes: readonly string[] | undefined;
  readonly authorizationServer: AuthorizationServer;
}

/**
 * Finds the authorization server of an MCP server: its protected resource metadata (RFC 9728),
 * from the challenge or the well-known places, then the metadata of the issuer that it names
 * (RFC 8414 or OpenID Connect). A server without such metadata is taken to be its own issuer, as
 * the MCP revision of 2025-03-26 had it. With several issuers the first one is taken unless
 * `issuer` names another.
 *
 * Throws `malformed`, `unreachable`, `untrusted` or `forbidden` errors with OAUTH_ codes.
 */
export async function discover(
  server: URL,
  challenge: BearerChallenge,
  http: OAuthHttp,
  issuer?: string,
): Promise<Discovered> {
  const metadata = await findResourceMetadata(server, challenge, http);
  const issuers = metadata?.authorization_servers?.filter((one) => typeof one === 'string');
  const chosen = chooseIssuer(server, issuers, issuer);
  return {
    resource: metadata?.resource ?? canonicalServer(server),
    scopes: namedScopes(metadata?.scopes_supported),
    authorizationServer: await findAuthorizationServer(new URL(chosen), http),
  };
}

/** The URL of an MCP server as it is compared and sent: without fragment, no slash for the root. */
export function canonicalServer(server: URL): string {
  const url = new URL(server);
  url.hash = '';
  return url.pathname === '/' && !url.search ? url.origin : url.href;
}

/** Scopes of the metadata that can be asked for; a stranger wrote the list. */
function namedScopes(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return scopeList(value.filter((scope) => typeof scope === 'string').join(' ')).slice(0, 100);
}

function chooseIssuer(
  server: URL,
  issuers: readonly string[] | undefined,
  wanted: string | undefined,
): string {
  const offered = issuers?.length ? issuers : [server.origin];
  if (wanted !== undefined && !offered.includes(wanted)) {
    throw new PortolanError(
      'usage',
      'OAUTH_ISSUER_UNKNOWN',
      `${server.origin} does not accept sign-ins of ${wanted}; it names ${offered.join(', ')}`,
    );
  }
  const chosen = wanted ?? offered[0] ?? server.origin;
  if (URL.canParse(chosen)) return chosen;
  throw new PortolanError(
    'malformed',
    'OAUTH_MALFORMED',
    `${server.origin} names an authorization server that is no URL; tell its publisher`,
  );
}

async function findResourceMetadata(
  server: URL,
  challenge: BearerChallenge,
  http: OAuthHttp,
): Promise<ResourceServer | undefined> {
  const wellKnown = '/.well-known/oauth-protected-resource';
  const path = server.pathname === '/' ? '' : server.pathname;
  const places = [`${wellKnown}${path}${server.search}`, wellKnown].map(
    (place) => new URL(place, server),
  );
  if (challenge.resourceMetadata !== undefined && URL.canParse(challenge.resourceMetadata)) {
    places.unshift(new URL(challenge.resourceMetadata));
  }
  for (const place of places) {
    const response = await http.get(place);
    if (response.status !== 200) continue;
    const metadata = await readJson(response, place);
    checkResource(server, metadata.resource, place);
    return metadata as ResourceServer;
  }
  return undefined;
}

/**
 * The metadata must be about this server: its origin, and its path or a folder above it. Otherwise
 * one server could have tokens made for another one and be sent them.
 */
function checkResource(server: URL, resource: unknown, place: URL): void {
  const named = typeof resource === 'string' ? URL.parse(resource) : null;
  const folder = named?.pathname.endsWith('/') ? named.pathname : `${named?.pathname}/`;
  if (named?.origin === server.origin && `${server.pathname}/`.startsWith(folder)) return;
  throw new PortolanError(
    'untrusted',
    'OAUTH_RESOURCE_MISMATCH',
    `${place.origin}${place.pathname} describes another resource than ${canonicalServer(server)}; tell the publisher of the server`,
  );
}

async function findAuthorizationServer(issuer: URL, http: OAuthHttp): Promise<AuthorizationServer> {
  http.check(issuer);
  const inserted = new URL(`/.well-known/openid-configuration${issuer.pathname}`, issuer);
  // The order of the MCP specification: OAuth, OpenID Connect inserted, OpenID Connect appended.
  const requests = [
    () => discoveryRequest(issuer, { ...http.options, algorithm: 'oauth2' }),
    ...(issuer.pathname === '/' ? [] : [() => http.get(inserted)]),
    () => discoveryRequest(issuer, { ...http.options, algorithm: 'oidc' }),
  ];
  for (const request of requests) {
    const response = await request();
    if (response.status !== 200) continue;
    const found = await processDiscoveryResponse(issuer, response).catch((error) => {
      throw issuerError(error, issuer);
    });
    checkAuthorizationServer(found, http);
    return found;
  }
  throw new PortolanError(
    'malformed',
    'OAUTH_NO_METADATA',
    `the authorization server ${issuer.href} publishes no metadata (RFC 8414); Portolan cannot sign in there`,
  );
}

function issuerError(error: unknown, issuer: URL): PortolanError {
  if (error instanceof Error && /"issuer"/.test(error.message)) {
    return new PortolanError(
      'untrusted',
      'OAUTH_ISSUER_MISMATCH',
      `the metadata at ${issuer.href} claims to be of another issuer; do not sign in, tell the publisher of the server`,
    );
  }
  return oauthError(error, `reading the metadata of ${issuer.href}`);
}

function checkAuthorizationServer(found: AuthorizationServer, http: OAuthHttp): void {
  for (const name of ['authorization_endpoint', 'token_endpoint'] as const) {
    const endpoint = found[name];
    if (endpoint === undefined || !URL.canParse(endpoint)) {
      throw new PortolanError(
        'malformed',
        'OAUTH_MALFORMED',
        `the metadata of ${found.issuer} has no valid ${name}; Portolan cannot sign in there`,
      );
    }
    http.check(new URL(endpoint));
  }
  if (!found.code_challenge_methods_supported?.includes('S256')) {
    throw new PortolanError(
      'forbidden',
      'OAUTH_NO_PKCE',
      `the authorization server ${found.issuer} does not announce PKCE with S256 (code_challenge_methods_supported), without which a code could be stolen; ask its operator to enable it`,
    );
  }
}

async function readJson(response: Response, place: URL): Promise<Record<string, unknown>> {
  const value: unknown = await response.json().catch(() => undefined);
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new PortolanError(
    'malformed',
    'OAUTH_MALFORMED',
    `${place.origin}${place.pathname} is not JSON; tell the publisher of the server`,
  );
}
