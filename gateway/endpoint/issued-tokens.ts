import { createRemoteJWKSet, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { allowInsecureRequests, discoveryRequest, processDiscoveryResponse } from 'oauth4webapi';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { isProfileName } from '../profile/profile-context.ts';
import type { Caller } from './guard.ts';
import type { HttpOptions } from './http.ts';

export interface IssuerOptions {
  /** Issuer of the tokens, exactly as they name it. */
  readonly issuer: string;
  /** URL of this endpoint, as tokens name it as their audience (RFC 8707). */
  readonly audience: string;
  /** Scopes that a token must have, all of them. */
  readonly scopes: readonly string[];
  /** Claim that names the caller's profile; without it a caller is served none. */
  readonly profileClaim?: string | undefined;
  /** Whether there is such a profile here; tells which of several names in the claim count. */
  readonly isProfile?: (name: string) => Promise<boolean>;
}

/** Names in a claim that are looked at. */
const MOST_NAMES = 256;

/** Signatures with a public key only: a shared secret would let every holder issue tokens. */
const ALGORITHMS = [
  'RS256',
  'PS256',
  'ES256',
  'ES384',
  'RS384',
  'RS512',
  'PS384',
  'PS512',
  'EdDSA',
];

/**
 * Checks tokens of an authorization server elsewhere: JSON Web Tokens by RFC 9068, of this issuer,
 * for this audience, not expired, with every scope. The caller is the subject, its
 * profile what a claim names. The keys come from
 * the issuer's metadata, are kept, and are fetched again when a token names an unknown one.
 *
 * Throws `usage` / `OAUTH_INSECURE` for an issuer that is not https (http on this machine is).
 */
export function tokenVerifier(
  options: IssuerOptions,
): Required<Pick<HttpOptions, 'verifyToken' | 'protectedResource'>> {
  const issuer = secureUrl(options.issuer, '--oauth-issuer');
  const resource = secureUrl(options.audience, '--oauth-audience');
  let keys: Promise<JWTVerifyGetKey> | undefined;
  const issuerKeys = () => {
    keys ??= findKeys(issuer).catch((error: unknown) => {
      keys = undefined;
      throw error;
    });
    return keys;
  };
  return {
    async verifyToken(token) {
      const { payload } = await jwtVerify(token, await issuerKeys(), {
        issuer: options.issuer,
        audience: options.audience,
        algorithms: ALGORITHMS,
        clockTolerance: 30,
        requiredClaims: ['exp', 'sub'],
      });
      const granted = new Set(scopesOf(payload.scope ?? payload.scp));
      if (!options.scopes.every((scope) => granted.has(scope))) return undefined;
      const { sub: principal = '' } = payload;
      if (options.profileClaim === undefined) return { principal };
      return { principal, ...(await profileIn(payload[options.profileClaim], options)) };
    },
    protectedResource: {
      resource: resource.pathname === '/' ? resource.origin : resource.href,
      authorization_servers: [options.issuer],
      bearer_methods_supported: ['header'],
      ...(options.scopes.length > 0 && { scopes_supported: options.scopes }),
    },
  };
}

async function findKeys(issuer: URL): Promise<JWTVerifyGetKey> {
  const failures: string[] = [];
  for (const algorithm of ['oauth2', 'oidc'] as const) {
    try {
      const response = await discoveryRequest(issuer, {
        algorithm,
        signal: AbortSignal.timeout(10_000),
        // http is for this machine only, which secureUrl has made sure of.
        [allowInsecureRequests]: issuer.protocol === 'http:',
      });
      const { jwks_uri } = await processDiscoveryResponse(issuer, response);
      if (jwks_uri) return createRemoteJWKSet(secureUrl(jwks_uri, 'jwks_uri'));
      failures.push('its metadata names no jwks_uri');
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  throw new PortolanError(
    'unreachable',
    'OAUTH_ISSUER_UNREACHABLE',
    `the keys of ${issuer.href} cannot be fetched: ${failures.join('; ')}`,
  );
}

function secureUrl(text: string, what: string): URL {
  if (URL.canParse(text)) {
    const url = new URL(text);
    const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
    if (url.protocol === 'https:' || (url.protocol === 'http:' && local)) return url;
  }
  throw new PortolanError(
    'usage',
    'OAUTH_INSECURE',
    `${what} ${text} is no https URL; http is for this machine only`,
  );
}

/**
 * A name only: an issuer says which profile, but not which file. A claim may list more than profiles,
 * such as all groups of a person: those without a profile here do not count. Where several have one,
 * nobody can say which was meant, and the order of groups is no answer.
 */
async function profileIn(
  claim: unknown,
  { isProfile = async () => true }: IssuerOptions,
): Promise<Pick<Caller, 'profile' | 'refusal'>> {
  const given = Array.isArray(claim) ? claim.slice(0, MOST_NAMES) : [claim];
  const names = new Set(given.filter((one) => typeof one === 'string' && isProfileName(one)));
  if (given.length === 1) return { profile: [...names][0] ?? null };
  const here: string[] = [];
  for (const name of names) if (await isProfile(name)) here.push(name);
  const [profile = null, ...others] = here;
  if (others.length === 0) return { profile };
  return { profile: null, refusal: `its token names several profiles: ${here.join(', ')}` };
}

function scopesOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.filter((one) => typeof one === 'string');
  return typeof value === 'string' ? value.split(' ') : [];
}
