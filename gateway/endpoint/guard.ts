import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** A bearer token and whom it stands for. */
export interface NamedToken {
  readonly name: string;
  readonly token: string;
  /** Name or path of the profile that its bearer is served; that of the gateway when absent. */
  readonly profile?: string;
}

/** A bearer token of which only the hash (SHA-256) is known. */
export interface HashedToken extends Pick<NamedToken, 'name' | 'profile'> {
  readonly hash: Buffer;
}

/** Who sent a request. */
export interface Caller {
  readonly principal: string;
  /** Name or path of its profile; that of the gateway when absent; null when it should have one and has none. */
  readonly profile?: string | null;
  /** Why it has none, where more can be said. */
  readonly refusal?: string;
}

/** What the guard found: who it is, or the answer that turns the request away. */
export type Verdict =
  | Caller
  | {
      readonly status: number;
      readonly text: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

export interface GuardOptions {
  /** Empty lets everyone in: for tests, and behind something that checks callers itself. */
  readonly tokens: readonly NamedToken[];
  /** Further tokens that let in, as they are now: some may have been made or revoked since the start. */
  readonly moreTokens?: (() => readonly HashedToken[]) | undefined;
  /** Host names, without port, under which the endpoint may be addressed; empty allows all. */
  readonly hosts: readonly string[];
  /** Origins of web pages that may call it, beside pages of this machine. */
  readonly origins: readonly string[];
  /** Checks tokens that are none of `tokens`, e.g. JSON Web Tokens. Throws or gives undefined for a bad one. */
  readonly verifyToken?: ((token: string) => Promise<Caller | undefined>) | undefined;
  /** Address of the protected-resource metadata (RFC 9728), for the challenge. */
  readonly resourceMetadata?: string | undefined;
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]', '::1'];

/**
 * Decides who may talk to the endpoint. A web page that made its own name point to this machine
 * (DNS rebinding) is found by its Host, and any other foreign page by its Origin.
 */
export function createGuard(options: GuardOptions) {
  const own = options.tokens.map(({ token, ...rest }) => ({ ...rest, hash: hashOfToken(token) }));
  const { moreTokens, verifyToken } = options;
  const open = own.length === 0 && !verifyToken && !moreTokens;

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
    const given = hashOfToken(token);
    const all = moreTokens ? [...own, ...moreTokens()] : own;
    let found: HashedToken | undefined;
    // Every token is compared, and hashes are of one length, so time tells nothing.
    for (const one of all) if (timingSafeEqual(one.hash, given)) found = one;
    if (found) return callerOf(found);
    if (!verifyToken) return challenge('invalid_token');
    return verifyToken(token).then(
      (subject) => {
        // Sessions belong to names: an issuer must not make somebody else of a subject.
        const clash = all.some(({ name }) => name === subject?.principal);
        return subject === undefined || clash ? challenge('invalid_token') : subject;
      },
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

function callerOf({ name, profile }: HashedToken): Caller {
  return { principal: name, ...(profile !== undefined && { profile }) };
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

/** By this tokens are compared and kept: SHA-256, as bytes. */
export function hashOfToken(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
