/** An answer of an MCP server that asks for credentials, or for better ones. */
export interface AuthorizationChallenge {
  readonly status: 401 | 403;
  /** The WWW-Authenticate header; several ones joined with commas. */
  readonly wwwAuthenticate?: string;
  /** The Authorization header of the refused request; without it a refresh may be made in vain. */
  readonly authorization?: string;
}

/** What a Bearer challenge says (RFC 6750, section 3; RFC 9728, section 5.1). */
export interface BearerChallenge {
  readonly resourceMetadata?: string;
  readonly scopes?: readonly string[];
  readonly error?: string;
}

// A scheme is a token that no "=" follows; parameters belong to the scheme before them.
const PART = /([!#$%&'*+.^_`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?/g;

/** Reads the Bearer challenge of a WWW-Authenticate header; empty when there is none. */
export function parseChallenge(header: string | undefined): BearerChallenge {
  const parameters = new Map<string, string>();
  let scheme = '';
  for (const [, name = '', quoted, plain] of (header ?? '').slice(0, 8192).matchAll(PART)) {
    const value = quoted?.replace(/\\(.)/g, '$1') ?? plain;
    if (value === undefined) scheme = name.toLowerCase();
    else if (scheme === 'bearer' && !parameters.has(name.toLowerCase())) {
      parameters.set(name.toLowerCase(), value);
    }
  }
  const resourceMetadata = parameters.get('resource_metadata');
  const scopes = scopeList(parameters.get('scope'));
  const error = parameters.get('error');
  return {
    ...(resourceMetadata !== undefined && { resourceMetadata }),
    ...(scopes.length > 0 && { scopes }),
    ...(error !== undefined && { error }),
  };
}

/** Scopes of a space-separated list, without repeats and without what RFC 6749 does not allow. */
export function scopeList(scope: string | undefined): readonly string[] {
  const tokens = (scope ?? '')
    .split(' ')
    .filter((token) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(token));
  return [...new Set(tokens)];
}
