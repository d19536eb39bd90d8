import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** A bearer token and whom it stands for. */
export interface NamedToken {
  readonly name: string;
  readonly token: string;
}

/** What the guard found: who it is, or the answer that turns the request away. */
export type Verdict =
  | { readonly principal: string }
  | {
      readonly status: number;
      readonly text: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

export interface GuardOptions {
  /** Empty lets everyone in: for tests, and behind something that checks callers itself. */
  readonly tokens: readonly NamedToken[];
  /** Host names, without port, under which the endpoint may be addressed; empty allows all. */
  readonly hosts: readonly string[];
  /** Origins of web pages that may call it, beside pages of this machine. */
  readonly origins: readonly string[];
  /** Checks tokens that are none of `tokens`, e.g. JSON Web Tokens. Throws or gives undefined for a bad one. */
  readonly verifyToken?: ((token: string) => Promise<string | undefined>) | undefined;
  /** Address of the protected-resource metadata (RFC 9728), for the challenge. */
  readonly resourceMetadata?: string | undefined;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]', '::1'];

/**
 * Decides who may talk to the endpoint. A web page that made its own name point to this machine
 * (DNS rebinding) is found by its Host, and any other foreign page by its Origin.
 */
export function createGuard(options: GuardOptions) {
  const hashes = options.tokens.map(({ name, token }) => ({ name, hash: sha256(token) }));
  const open = hashes.length === 0 && !options.verifyToken;

  /** Of the name in Host and the page in Origin; undefined when both may be. */
  function origin(request: IncomingMessage): Verdict | undefined {
    const { host, origin: page } = request.headers;
    if (options.hosts.length > 0 && !isAllowedHost(host, options.hosts)) {
      return {
        status: 403,
        text: `Host ${String(host)} is not one that this gateway answers to; allow it with --allow-host`,
      };
    }
    if (page !== undefined && !isAllowedOrigin(page, options.origins)) {
      return {
        status: 403,
        text: `pages of ${page} may not use this gateway; allow them with --allow-origin`,
      };
    }
    return undefined;
  }

  /** Of the bearer token. */
  function caller(request: IncomingMessage): Verdict | Promise<Verdict> {
    if (open) return { principal: 'anyone' };
    const token = bearerOf(request.headers.authorization);
    if (token === undefined) return challenge('');
    const given = sha256(token);
    let principal: string | undefined;
    // Every token is compared, and hashes are of one length, so time tells nothing.
    for (const { name, hash } of hashes) {
      if (timingSafeEqual(hash, given)) principal = name;
    }
    if (principal !== undefined) return { principal };
    if (!options.verifyToken) return challenge('invalid_token');
    return options.verifyToken(token).then(
      (subject) => (subject === undefined ? challenge('invalid_token') : { principal: subject }),
      () => challenge('invalid_token'),
    );
  }

  function challenge(error: string): Verdict {
    const parts = ['realm="portolan"'];
    if (error) parts.push(`error="${error}"`);
    if (options.resourceMetadata) parts.push(`resource_metadata="${options.resourceMetadata}"`);
    return {
      status: 401,
      text: 'a valid bearer token is needed; `portolan run` prints where it is',
      headers: { 'WWW-Authenticate': `Bearer ${parts.join(', ')}` },
    };
  }

  return { origin, caller };
}

/** True for addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host) || host.startsWith('127.');
}

function isAllowedHost(host: string | undefined, allowed: readonly string[]): boolean {
  if (host === undefined) return false;
  const colon = host.lastIndexOf(':');
  // The colons of an IPv6 address are inside its brackets.
  const name = colon > host.lastIndexOf(']') ? host.slice(0, colon) : host;
  return allowed.includes(name.toLowerCase());
}

function isAllowedOrigin(page: string, allowed: readonly string[]): boolean {
  if (allowed.includes(page)) return true;
  try {
    const { protocol, hostname } = new URL(page);
    return (protocol === 'http:' || protocol === 'https:') && LOOPBACK.includes(hostname);
  } catch {
    return false;
  }
}

function bearerOf(header: string | undefined): string | undefined {
  const match = header && /^Bearer +([^\s,]+) *$/i.exec(header);
  return match ? match[1] : undefined;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
