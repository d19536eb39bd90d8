import {
  type AuthorizationServer,
  authorizationCodeGrantRequest,
  processAuthorizationCodeResponse,
  processRefreshTokenResponse,
  processRevocationResponse,
  refreshTokenGrantRequest,
  revocationRequest,
  type TokenEndpointResponse,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi';
import { PortolanError } from '../../core/errors.ts';
import { scopeList } from './challenge.ts';
import { clientAuthentication, libraryClient } from './client-id.ts';
import { oauthError, oauthErrorCode } from './errors.ts';
import type { OAuthHttp } from './http.ts';
import type { ClientRegistration, SignIn } from './sign-in-store.ts';

/** What is needed to turn the answer of an authorization endpoint into tokens. */
export interface CodeExchange {
  readonly server: string;
  readonly resource: string;
  readonly authorizationServer: AuthorizationServer;
  readonly client: ClientRegistration;
  readonly redirectUri: string;
  readonly verifier: string;
  readonly scopes: readonly string[];
  /** Parameters that passed `validateAuthResponse`. */
  readonly parameters: URLSearchParams;
}

/** Exchanges a code for tokens. `now` is in milliseconds since 1970. */
export async function exchangeCode(
  exchange: CodeExchange,
  http: OAuthHttp,
  now: number,
): Promise<SignIn> {
  const { authorizationServer: as, client, parameters, resource } = exchange;
  const secrets = [parameters.get('code') ?? undefined, exchange.verifier, client.clientSecret];
  try {
    const response = await authorizationCodeGrantRequest(
      as,
      libraryClient(client),
      clientAuthentication(client),
      parameters,
      exchange.redirectUri,
      exchange.verifier,
      { ...http.options, additionalParameters: { resource } },
    );
    const tokens = await processAuthorizationCodeResponse(as, libraryClient(client), response);
    return {
      server: exchange.server,
      resource,
      authorizationServer: endpointsOf(as),
      client,
      asked: exchange.scopes,
      ...tokenPart(tokens, exchange.scopes, now),
    };
  } catch (error) {
    throw oauthError(error, `the sign-in to ${exchange.server}`, secrets);
  }
}

/**
 * New tokens for a sign-in. Throws `forbidden` with `SIGN_IN_ENDED` when the authorization server
 * takes the refresh token no more, with `CLIENT_ENDED` when it does not know the client any more;
 * other errors leave the sign-in as it is.
 */
export async function refreshSignIn(signIn: SignIn, http: OAuthHttp, now: number): Promise<SignIn> {
  const { authorizationServer: as, client, refreshToken, resource } = signIn;
  if (refreshToken === undefined) throw ended(signIn, 'SIGN_IN_ENDED');
  try {
    const response = await refreshTokenGrantRequest(
      as,
      libraryClient(client),
      clientAuthentication(client),
      refreshToken,
      { ...http.options, additionalParameters: { resource } },
    );
    const tokens = await processRefreshTokenResponse(as, libraryClient(client), response);
    const { refreshToken: rotated = refreshToken, ...part } = tokenPart(tokens, signIn.scopes, now);
    const { expiresAt: _, ...kept } = signIn;
    return { ...kept, ...part, refreshToken: rotated };
  } catch (error) {
    const code = oauthErrorCode(error);
    if (code === 'invalid_client' || error instanceof WWWAuthenticateChallengeError) {
      throw ended(signIn, 'CLIENT_ENDED');
    }
    if (['invalid_grant', 'unauthorized_client', 'invalid_target'].includes(code ?? '')) {
      throw ended(signIn, 'SIGN_IN_ENDED');
    }
    throw oauthError(error, `renewing the sign-in to ${signIn.server}`, secretsOf(signIn));
  }
}

/**
 * Revokes the tokens (RFC 7009). Returns false when the server offers or does no such thing. An
 * access token beside a revoked refresh token may stay: servers cannot take back signed ones.
 */
export async function revokeSignIn(signIn: SignIn, http: OAuthHttp): Promise<boolean> {
  const { authorizationServer: as, client, accessToken, refreshToken } = signIn;
  if (as.revocation_endpoint === undefined) return false;
  const revoke = async (token: string, hint: string) =>
    processRevocationResponse(
      await revocationRequest(as, libraryClient(client), clientAuthentication(client), token, {
        ...http.options,
        additionalParameters: { token_type_hint: hint },
      }),
    );
  try {
    if (refreshToken === undefined) {
      await revoke(accessToken, 'access_token');
    } else {
      await revoke(refreshToken, 'refresh_token');
      await revoke(accessToken, 'access_token').catch(() => {});
    }
    return true;
  } catch {
    return false;
  }
}

function tokenPart(tokens: TokenEndpointResponse, asked: readonly string[], now: number) {
  if (tokens.token_type !== 'bearer') {
    throw new PortolanError(
      'malformed',
      'OAUTH_MALFORMED',
      'the authorization server gave a token that is not of type Bearer; Portolan cannot use it',
    );
  }
  return {
    accessToken: tokens.access_token,
    ...(tokens.refresh_token !== undefined && { refreshToken: tokens.refresh_token }),
    // RFC 6749, 5.1: without a scope in the answer, all that was asked for is granted.
    scopes: tokens.scope === undefined ? asked : scopeList(tokens.scope),
    obtainedAt: now,
    ...(tokens.expires_in !== undefined && { expiresAt: now + tokens.expires_in * 1000 }),
  };
}

function endpointsOf(as: AuthorizationServer): SignIn['authorizationServer'] {
  return {
    issuer: as.issuer,
    token_endpoint: String(as.token_endpoint),
    ...(as.revocation_endpoint !== undefined && { revocation_endpoint: as.revocation_endpoint }),
  };
}

function secretsOf({ accessToken, refreshToken, client }: SignIn): (string | undefined)[] {
  return [accessToken, refreshToken, client.clientSecret];
}

/** Whether an error says that only a new sign-in can help. */
export function isEnded(error: unknown): error is PortolanError {
  return (
    error instanceof PortolanError &&
    (error.code === 'SIGN_IN_ENDED' || error.code === 'CLIENT_ENDED')
  );
}

function ended({ server, authorizationServer }: SignIn, code: string): PortolanError {
  return new PortolanError(
    'forbidden',
    code,
    `${authorizationServer.issuer} has ended the sign-in to ${server}; sign in again with \`portolan auth login\``,
  );
}
