import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { hasErrno, messageOf, PortolanError } from '../errors.ts';
import { askHelper, execHelper, type RunHelper } from './credential-helper.ts';
import { isDockerHub } from './reference.ts';

/** What proves to a registry who is asking. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** OAuth refresh token (`identitytoken` in docker's configuration). */
  | { readonly kind: 'identity'; readonly refreshToken: string }
  /** A bearer token for the registry itself (`registrytoken`). */
  | { readonly kind: 'bearer'; readonly token: string };

/** Finds the credentials for a repository; undefined means: ask as anybody. */
export type FindCredentials = (
  host: string,
  repository: string,
) => Promise<Credentials | undefined>;

export interface CredentialSources {
  readonly env?: NodeJS.ProcessEnv;
  readonly runHelper?: RunHelper;
}

/** The name under which docker keeps the credentials of Docker Hub. */
const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';

/**
 * Credentials as docker and podman keep them, in docker's order for each file: `credHelpers` of the
 * host, `credsStore`, `auths`. Files: `$DOCKER_CONFIG/config.json` (or ~/.docker/config.json), then
 * podman's `$REGISTRY_AUTH_FILE`, `$XDG_RUNTIME_DIR/containers/auth.json` and
 * `~/.config/containers/auth.json`.
 * Throws `malformed` / `DOCKER_CONFIG_MALFORMED` and `failed` / `CREDENTIAL_HELPER_FAILED`.
 */
export function credentialsFromFiles({
  env = process.env,
  runHelper = execHelper,
}: CredentialSources = {}): FindCredentials {
  return async (host, repository) => {
    for (const path of configPaths(env)) {
      const config = await readConfig(path);
      const found = config && (await lookUp(config, path, host, repository, runHelper));
      if (found) return found;
    }
    return undefined;
  };
}

type Json = Record<string, unknown>;

function configPaths(env: NodeJS.ProcessEnv): string[] {
  const home = env.HOME || env.USERPROFILE || homedir();
  const podman = [
    env.REGISTRY_AUTH_FILE,
    env.XDG_RUNTIME_DIR && join(env.XDG_RUNTIME_DIR, 'containers', 'auth.json'),
    join(env.XDG_CONFIG_HOME || join(home, '.config'), 'containers', 'auth.json'),
  ];
  const docker = join(env.DOCKER_CONFIG || join(home, '.docker'), 'config.json');
  return [docker, ...podman.filter((path) => path !== undefined && path !== '')] as string[];
}

async function readConfig(path: string): Promise<Json | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return undefined;
    throw malformed(path, `cannot be read: ${messageOf(error)}`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // JSON.parse quotes the text in its message, and the text holds secrets.
  }
  throw malformed(path, 'is not a JSON object');
}

async function lookUp(
  config: Json,
  path: string,
  host: string,
  repository: string,
  runHelper: RunHelper,
): Promise<Credentials | undefined> {
  const key = isDockerHub(host) ? DOCKER_HUB_KEY : host;
  const helpers = isRecord(config.credHelpers) ? config.credHelpers : {};
  const named = Object.hasOwn(helpers, key) ? helpers[key] : helpers[host];
  for (const helper of [named, config.credsStore]) {
    if (helper === undefined || helper === '') continue;
    // Threat: a path here would run any program, so only names of the docker-credential family do.
    if (typeof helper !== 'string' || !/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/.test(helper)) {
      throw malformed(path, 'names a credential helper that is not a plain name');
    }
    const found = await askHelper(helper, key, runHelper);
    if (found) return found;
  }
  return fromAuths(isRecord(config.auths) ? config.auths : {}, path, host, repository);
}

function fromAuths(
  auths: Json,
  path: string,
  host: string,
  repository: string,
): Credentials | undefined {
  // Podman may keep credentials for a part of a host (`host/team`): the longest match holds.
  const parts = repository.split('/');
  const wanted = [
    ...parts.map((_, index) => `${host}/${parts.slice(0, parts.length - index).join('/')}`),
    host,
  ];
  const byName = new Map<string, unknown>();
  for (const [key, value] of Object.entries(auths)) byName.set(authName(key), value);
  const found = wanted.map((name) => byName.get(name)).find(isRecord);
  if (found) return fromAuth(found, path, host);
  const hub = isDockerHub(host)
    ? ['docker.io', 'index.docker.io', 'registry-1.docker.io'].map((name) => byName.get(name))
    : [];
  const hubAuth = hub.find(isRecord);
  return hubAuth && fromAuth(hubAuth, path, host);
}

/** Docker's older keys are URLs (`https://host/v1/`): their host counts. Others hold as written. */
function authName(key: string): string {
  const url = /^https?:\/\/([^/]+)/i.exec(key);
  return url?.[1] ?? key.replace(/\/$/, '');
}

function fromAuth(auth: Json, path: string, host: string): Credentials | undefined {
  if (typeof auth.identitytoken === 'string' && auth.identitytoken !== '') {
    return { kind: 'identity', refreshToken: auth.identitytoken };
  }
  if (typeof auth.registrytoken === 'string' && auth.registrytoken !== '') {
    return { kind: 'bearer', token: auth.registrytoken };
  }
  if (typeof auth.auth === 'string' && auth.auth !== '') {
    const text = Buffer.from(auth.auth, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 1)
      throw malformed(path, `has an auth for ${host} that is not base64 of user:password`);
    // Some versions of docker pad with NUL.
    const password = text.slice(colon + 1).replace(/\0+$/, '');
    return { kind: 'password', username: text.slice(0, colon), password };
  }
  if (typeof auth.username === 'string' && typeof auth.password === 'string') {
    return { kind: 'password', username: auth.username, password: auth.password };
  }
  return undefined;
}

function malformed(path: string, fact: string): PortolanError {
  return new PortolanError(
    'malformed',
    'DOCKER_CONFIG_MALFORMED',
    `${path} ${fact}; log in again with docker or podman, or correct the file`,
  );
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
