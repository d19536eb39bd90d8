import { PortolanError } from '../errors.ts';
import { type Authorizer, createAuthorizer } from './authorize.ts';
import { parseChallenges } from './challenge.ts';
import { credentialsFromFiles, type FindCredentials } from './credentials.ts';
import { failureOf } from './failure.ts';
import { discard, follow, type Outgoing } from './follow.ts';
import { isDockerHub, type RegistrySource } from './reference.ts';
import { cancelled, networkFailure, type RetryOptions, retrying } from './retry.ts';
import { repositoryScope } from './scope.ts';
import { fetchToken } from './token.ts';
import { createFetch, type Fetch, type HttpResponse } from './transport.ts';

export interface RegistryOptions extends Omit<RetryOptions, 'signal'> {
  /** Path of a PEM file with certificate authorities to trust besides the usual ones. */
  readonly ca?: string;
  /** Use HTTP without TLS. Without this option only loopback hosts are reached that way. */
  readonly plainHttp?: boolean;
  /** Where credentials come from; the files of docker and podman unless given. */
  readonly credentials?: FindCredentials;
  readonly fetch?: Fetch;
  /** Another repository of the same registry that may hold blobs already; they are mounted. */
  readonly mountFrom?: string;
}

/** One request to the registry. `path` is below `/v2/NAME/`; a URL comes from the registry. */
export interface Ask {
  readonly path: string | URL;
  readonly method?: Outgoing['method'];
  readonly action?: 'pull' | 'pull,push';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Outgoing['body'];
  /** Statuses that are answers rather than errors. */
  readonly accept: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** A repository's connection: signs in, follows redirects, and tries again. */
export interface Client {
  readonly name: string;
  readonly base: URL;
  /** Sends a request, reads its answer, and tries both again when a failure may pass. */
  ask<T>(request: Ask, read: (response: HttpResponse, url: URL) => Promise<T>): Promise<T>;
  /** Sends a request once; failures that may pass are thrown as Passing. */
  once<T>(request: Ask, read: (response: HttpResponse, url: URL) => Promise<T>): Promise<T>;
  retry<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
  readonly mountFrom: string | undefined;
}

export function createClient(source: RegistrySource, options: RegistryOptions = {}): Client {
  const { host, repository } = source;
  const { now = Date.now } = options;
  const name = `oci://${host}/${repository}`;
  const plain = options.plainHttp ?? (isLoopback(hostname(host)) && options.ca === undefined);
  const api = isDockerHub(host) ? 'registry-1.docker.io' : host;
  const base = new URL(`${plain ? 'http' : 'https'}://${api}/v2/${repository}/`);
  const fetch = options.fetch ?? createFetch(options.ca === undefined ? {} : { ca: options.ca });
  const findCredentials = options.credentials ?? credentialsFromFiles();
  const authorizer: Authorizer = createAuthorizer(
    name,
    () => findCredentials(host, repository),
    (request) => retrying(() => fetchToken(fetch, name, request, mayUse), options),
    now,
  );

  /** TLS always; without it only what was asked for, or this machine from this machine. */
  function mayUse(url: URL): boolean {
    if (url.protocol === 'https:') return true;
    if (url.protocol !== 'http:') return false;
    return options.plainHttp === true || (plain && isLoopback(url.hostname));
  }

  async function send(request: Ask) {
    const { path, method = 'GET', action = 'pull', headers, body, signal } = request;
    const url = path instanceof URL ? path : new URL(path, base);
    if (!mayUse(url)) {
      throw new PortolanError(
        'unreachable',
        'REDIRECT_REFUSED',
        `${name}: the registry wants ${url.origin} to be used without TLS; ask its owner`,
      );
    }
    const scopes = [repositoryScope(repository, action)];
    if (action === 'pull,push' && options.mountFrom) {
      scopes.push(repositoryScope(options.mountFrom, 'pull'));
    }
    // Threat: the Location of an upload may name any host; credentials stay at home.
    const home = url.origin === base.origin;
    const outgoing = { url, method, ...(headers ? { headers } : {}), body, signal };
    const used = home ? authorizer.known(scopes) : undefined;
    const first = await follow(fetch, { ...outgoing, authorization: used }, mayUse);
    if (first.response.status !== 401 || !home || first.url.origin !== base.origin) return first;
    await discard(first.response);
    const challenges = parseChallenges(first.response.headers.get('www-authenticate') ?? '');
    const authorization = await untilAborted(
      authorizer.answer(challenges, scopes, used),
      name,
      signal,
    );
    return follow(fetch, { ...outgoing, authorization }, mayUse);
  }

  async function once<T>(
    request: Ask,
    read: (response: HttpResponse, url: URL) => Promise<T>,
  ): Promise<T> {
    const { signal, accept } = request;
    if (signal?.aborted) throw cancelled(name, signal);
    try {
      const { response, url } = await send(request);
      if (!accept.includes(response.status)) throw await failureOf(response, request, name, now());
      return await read(response, url);
    } catch (error) {
      throw networkFailure(error, name, signal);
    }
  }

  const retry = <T>(work: () => Promise<T>, signal: AbortSignal | undefined) =>
    retrying(work, { ...options, signal });

  return {
    name,
    base,
    once,
    retry,
    ask: (request, read) => retry(() => once(request, read), request.signal),
    mountFrom: options.mountFrom,
  };
}

function hostname(host: string): string {
  return URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : host;
}

/** True for names and addresses of this machine itself. */
export function isLoopback(name: string): boolean {
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    /^127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$/.test(name)
  );
}

/** A shared piece of work goes on for the others when one caller gives up. */
async function untilAborted<T>(work: Promise<T>, name: string, signal?: AbortSignal): Promise<T> {
  if (!signal) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(cancelled(name, signal));
  signal.addEventListener('abort', stop);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
