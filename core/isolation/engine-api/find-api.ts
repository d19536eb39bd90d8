import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * How containers are attached to without a client process for each: over the socket on which the
 * engine serves its API, or over that of a podman service that we start ourselves.
 */
export type EngineApi = { readonly socket: string } | 'own service';

/**
 * Where docker serves its API: what DOCKER_HOST names, else the context, else the usual place.
 * `context` is the name of the context as the client tells it. Undefined where that is no socket of
 * this machine (TCP, SSH): there the client itself connects, with its keys.
 */
export function dockerApi(
  context: unknown,
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): EngineApi | undefined {
  if (env.DOCKER_HOST) return socketOf(env.DOCKER_HOST);
  const name = typeof context === 'string' ? context : (env.DOCKER_CONTEXT ?? 'default');
  if (name !== 'default') return socketOf(endpointOf(name, env));
  return socketOf(
    platform === 'win32' ? 'npipe:////./pipe/docker_engine' : 'unix:///var/run/docker.sock',
  );
}

/**
 * Where podman serves its API. Most often nobody serves it: then a service of our own does, for as
 * long as it is used. `host` is the part of that name of `podman info`.
 */
export function podmanApi(
  host: Readonly<Record<string, unknown>>,
  version: string,
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): EngineApi | undefined {
  if (host.serviceIsRemote === true) return socketOf(env.CONTAINER_HOST);
  const { path, exists } = (host.remoteSocket ?? {}) as { path?: string; exists?: boolean };
  if (exists && path) return socketOf(path.startsWith('/') ? `unix://${path}` : path);
  // Older services do not pass on the end of a server's input.
  return platform === 'linux' && Number.parseInt(version, 10) >= 4 ? 'own service' : undefined;
}

/** The path of a socket or named pipe as Node.js wants it. */
function socketOf(address: string | undefined): EngineApi | undefined {
  const [, scheme, path] = /^(unix|npipe):\/\/(.+)$/.exec(address ?? '') ?? [];
  if (!path) return undefined;
  return { socket: scheme === 'npipe' ? path.replaceAll('/', '\\') : path };
}

/** The address that a docker context names; contexts lie below the hash of their name. */
function endpointOf(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const folder = env.DOCKER_CONFIG ?? join(env.HOME ?? homedir(), '.docker');
  const id = createHash('sha256').update(name).digest('hex');
  try {
    const text = readFileSync(join(folder, 'contexts', 'meta', id, 'meta.json'), 'utf8');
    const { Endpoints } = JSON.parse(text) as { Endpoints?: { docker?: { Host?: unknown } } };
    const host = Endpoints?.docker?.Host;
    return typeof host === 'string' ? host : undefined;
  } catch {
    return undefined;
  }
}
