import { existsSync } from 'node:fs';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { readOptionFile } from '../cli/trust-options.ts';
import type { NamedToken } from '../endpoint/guard.ts';
import type { HttpOptions } from '../endpoint/http.ts';
import { type Paths, portolanPaths } from '../paths.ts';
import { profilePlace } from '../profile/place.ts';
import { existingProfile } from '../profile/read-profile.ts';
import { isTokenName } from '../tokens/token-store.ts';
import { tokenIn } from './token-file.ts';

/** How the command line says who may use the HTTP endpoint. */
export interface AccessOptions {
  readonly tokenFile?: string;
  /** NAME=FILE. */
  readonly token: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly oauthIssuer?: string;
  readonly oauthAudience?: string;
  readonly oauthScope?: readonly string[];
  /** Claim of such tokens that names the profile. */
  readonly oauthProfileClaim?: string;
  /** NAME=PROFILE, of named tokens and of subjects. */
  readonly callerProfile?: readonly string[];
}

/** The part of the endpoint's options that is about who may use it. */
export type Access = Pick<HttpOptions, 'tokens' | 'tls' | 'verifyToken' | 'protectedResource'> & {
  /** What to say about it at the start. */
  readonly notes: readonly string[];
};

/**
 * Reads tokens, certificates and keys. Without named tokens and without an authorization server
 * there is one token, which is made when its file is missing.
 *
 * Throws PortolanError for what cannot be read or does not go together.
 */
export async function accessOf(
  options: AccessOptions,
  defaultFile: string,
  paths: Paths = portolanPaths(),
): Promise<Access> {
  const tls = await tlsOf(options);
  const named = await Promise.all(options.token.map(namedToken));
  const twice = named.find(
    ({ name }, index) => named.findIndex((one) => one.name === name) < index,
  );
  if (twice) throw usage('TOKEN_INVALID', `--token names "${twice.name}" twice`);
  const profiles = await callerProfiles(options.callerProfile ?? [], paths);
  const issued = await issuedTokens(options, profiles, paths);
  const needed = options.tokenFile !== undefined || (named.length === 0 && !issued);
  const file = options.tokenFile ?? defaultFile;
  const all = needed ? [{ name: 'default', token: await tokenIn(file) }, ...named] : named;
  const tokens = all.map((one) => {
    const profile = profiles.get(one.name);
    return profile === undefined ? one : { ...one, profile };
  });
  const stranger = [...profiles.keys()].find((name) => !all.some((one) => one.name === name));
  if (stranger !== undefined && !issued) {
    throw usage(
      'CALLER_UNKNOWN',
      `--caller-profile names "${stranger}", for whom there is no --token; a token of \`portolan token create\` says its profile itself`,
    );
  }
  const clash = named.find(({ token }) => tokens.filter((one) => one.token === token).length > 1);
  if (clash) {
    throw usage('TOKEN_INVALID', `the token of "${clash.name}" is that of another name as well`);
  }
  return {
    tokens,
    ...(tls && { tls }),
    ...issued,
    notes: [
      ...(needed ? [`bearer token in ${file}`] : []),
      ...(named.length > 0 ? [`bearer tokens of ${named.map(({ name }) => name).join(', ')}`] : []),
      ...[...profiles].map(([name, profile]) => `profile ${profile} for ${name}`),
      ...(issued ? [`tokens of ${options.oauthIssuer} for ${options.oauthAudience}`] : []),
    ],
  };
}

async function namedToken(text: string): Promise<NamedToken> {
  const [, name = '', file = ''] = /^([^=]*)=(.+)$/.exec(text) ?? [];
  if (!isTokenName(name)) {
    throw usage(
      'TOKEN_INVALID',
      `--token ${text} is not NAME=FILE, e.g. --token alice=alice.token`,
    );
  }
  return { name, token: await tokenIn(file) };
}

/** Profiles by the names of callers. A subject may have any signs, so the last `=` counts. */
async function callerProfiles(
  given: readonly string[],
  paths: Paths,
): Promise<ReadonlyMap<string, string>> {
  const profiles = new Map<string, string>();
  for (const text of given) {
    const [, name, profile] = /^(.+)=([^=]+)$/.exec(text) ?? [];
    if (!name || !profile) {
      throw usage(
        'CALLER_INVALID',
        `--caller-profile ${text} is not NAME=PROFILE, e.g. --caller-profile alice=work`,
      );
    }
    if (profiles.has(name)) throw usage('CALLER_INVALID', `--caller-profile names "${name}" twice`);
    // A caller must not be the one to find out that there is no such profile.
    profiles.set(name, await existingProfile(profile, paths));
  }
  return profiles;
}

async function tlsOf({ tlsCert, tlsKey }: AccessOptions): Promise<HttpOptions['tls']> {
  if (!tlsCert && !tlsKey) return undefined;
  if (!tlsCert || !tlsKey) {
    throw usage('TLS_INCOMPLETE', '--tls-cert and --tls-key go together');
  }
  const [cert, key] = await Promise.all([
    readOptionFile(tlsCert, '--tls-cert'),
    readOptionFile(tlsKey, '--tls-key'),
  ]);
  try {
    const { createSecureContext } = await import('node:tls');
    createSecureContext({ cert, key });
  } catch (error) {
    throw new PortolanError(
      'malformed',
      'TLS_MALFORMED',
      `${tlsCert} and ${tlsKey} are no certificate and key (PEM) that belong together: ${messageOf(error)}`,
      { cause: error },
    );
  }
  return { cert, key };
}

async function issuedTokens(
  options: AccessOptions,
  profiles: ReadonlyMap<string, string>,
  paths: Paths,
): Promise<Pick<HttpOptions, 'verifyToken' | 'protectedResource'> | undefined> {
  const { oauthIssuer, oauthAudience, oauthScope = [], oauthProfileClaim: profileClaim } = options;
  const none = !oauthIssuer && !oauthAudience && oauthScope.length === 0;
  if (none && profileClaim === undefined) return undefined;
  if (!oauthIssuer || !oauthAudience) {
    throw usage(
      'OAUTH_INCOMPLETE',
      '--oauth-issuer and --oauth-audience go together: who issues tokens, and the URL of this endpoint that they are for',
    );
  }
  const { tokenVerifier } = await import('../endpoint/issued-tokens.ts');
  const { verifyToken, protectedResource } = tokenVerifier({
    issuer: oauthIssuer,
    audience: oauthAudience,
    scopes: oauthScope,
    profileClaim,
    isProfile: async (name) => existsSync((await profilePlace(name, paths)).path),
  });
  return {
    protectedResource,
    async verifyToken(token) {
      const caller = await verifyToken(token);
      const profile = caller && profiles.get(caller.principal);
      return caller && profile !== undefined ? { principal: caller.principal, profile } : caller;
    },
  };
}

function usage(code: string, message: string): PortolanError {
  return new PortolanError('usage', code, message);
}
