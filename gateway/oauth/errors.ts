import {
  AuthorizationResponseError,
  OperationProcessingError,
  ResponseBodyError,
} from 'oauth4webapi';
import { PortolanError } from '../../core/errors.ts';

/**
 * Turns an error of the OAuth library into one of ours. Its causes hold whole answers, tokens
 * included: they are dropped, and texts of the authorization server are cleaned and shortened.
 */
export function oauthError(
  error: unknown,
  doing: string,
  secrets: readonly (string | undefined)[] = [],
): PortolanError {
  if (error instanceof PortolanError) return error;
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) {
    const said = cleanText(`${error.error}: ${error.error_description ?? ''}`, secrets);
    const denied = error.error === 'access_denied';
    return new PortolanError(
      'forbidden',
      denied ? 'OAUTH_DENIED' : 'OAUTH_REFUSED',
      `${doing} was refused by the authorization server (${said.replace(/: $/, '')})${denied ? '' : '; sign in again, or ask the publisher of the server'}`,
    );
  }
  const fact = error instanceof Error ? cleanText(error.message, secrets) : 'unknown error';
  const untrusted =
    error instanceof OperationProcessingError &&
    /issuer|"state"|"iss"/.test(error.message) &&
    !/discovery/.test(error.message);
  return new PortolanError(
    untrusted ? 'untrusted' : 'malformed',
    untrusted ? 'OAUTH_UNTRUSTED' : 'OAUTH_MALFORMED',
    `${doing} failed: ${fact}; tell the publisher of the server`,
  );
}

/** Text of a stranger for a message: printable ASCII, 200 characters, none of the secrets in it. */
export function cleanText(text: string, secrets: readonly (string | undefined)[] = []): string {
  let clean = text;
  for (const secret of secrets) if (secret) clean = clean.replaceAll(secret, '[secret]');
  return clean.replace(/[^\x20-\x7e]/g, ' ').slice(0, 200);
}

/** The error code of a token endpoint's answer, e.g. `invalid_grant`; undefined for other errors. */
export function oauthErrorCode(error: unknown): string | undefined {
  return error instanceof ResponseBodyError ? error.error : undefined;
}
