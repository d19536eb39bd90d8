import { messageOf, PortolanError } from '../../core/errors.ts';
import { readOptionFile } from '../cli/trust-options.ts';
import type { NamedToken } from '../endpoint/guard.ts';
import type { HttpOptions } from '../endpoint/http.ts';
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
export async function accessOf(options: AccessOptions, defaultFile: string): Promise<Access> {
  const tls = await tlsOf(options);
  const named = await Promise.all(options.token.map(namedToken));
  const twice = named.find(
    ({ name }, index) => named.findIndex((one) => one.name === name) < index,
  );
  if (twice) throw usage('TOKEN_INVALID', `--token names "${twice.name}" twice`);
  const issued = await issuedTokens(options);
  const needed = options.tokenFile !== undefined || (named.length === 0 && !issued);
  const file = options.tokenFile ?? defaultFile;
  const tokens = needed ? [{ name: 'default', token: await tokenIn(file) }, ...named] : named;
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
      ...(issued ? [`tokens of ${options.oauthIssuer} for ${options.oauthAudience}`] : []),
    ],
  };
}

async function namedToken(text: string): Promise<NamedToken> {
  const match = /^([A-Za-z0-9][A-Za-z0-9._@-]{0,63})=(.+)$/.exec(text);
  if (!match) {
    throw usage(
      'TOKEN_INVALID',
      `--token ${text} is not NAME=FILE, e.g. --token alice=alice.token`,
    );
  }
  const [, name = '', file = ''] = match;
  return { name, token: await tokenIn(file) };
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
): Promise<Pick<HttpOptions, 'verifyToken' | 'protectedResource'> | undefined> {
  const { oauthIssuer, oauthAudience, oauthScope = [] } = options;
  if (!oauthIssuer && !oauthAudience && oauthScope.length === 0) return undefined;
  if (!oauthIssuer || !oauthAudience) {
    throw usage(
      'OAUTH_INCOMPLETE',
      '--oauth-issuer and --oauth-audience go together: who issues tokens, and the URL of this endpoint that they are for',
    );
  }
  const { tokenVerifier } = await import('../endpoint/issued-tokens.ts');
  return tokenVerifier({ issuer: oauthIssuer, audience: oauthAudience, scopes: oauthScope });
}

function usage(code: string, message: string): PortolanError {
  return new PortolanError('usage', code, message);
}
