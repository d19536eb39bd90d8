import type { RegistryOptions } from '../../core/oci/client.ts';
import { credentialsFromFiles, type FindCredentials } from '../../core/oci/credentials.ts';

/** What the command line says of the way to a registry. */
export interface ConnectionChoice {
  readonly ca?: string | undefined;
  readonly 'plain-http': boolean;
}

/**
 * How a job of CI reaches registries: by the command line, and with the credentials of its variables
 * REGISTRY (a host), REGISTRY_USER and REGISTRY_TOKEN, when all three are set, for that host alone.
 * Everywhere else those count that docker and podman keep.
 */
export function connectionOf(
  choice: ConnectionChoice,
  env: NodeJS.ProcessEnv = process.env,
): RegistryOptions {
  return {
    ...(choice.ca ? { ca: choice.ca } : {}),
    ...(choice['plain-http'] ? { plainHttp: true } : {}),
    credentials: credentialsOfJob(env),
  };
}

function credentialsOfJob(env: NodeJS.ProcessEnv): FindCredentials {
  const { REGISTRY: host, REGISTRY_USER: username, REGISTRY_TOKEN: password } = env;
  const stored = credentialsFromFiles({ env });
  if (!host || !username || !password) return stored;
  // Threat: a token of this host, sent to another one that a mirror or a redirect names.
  return async (asked, repository) =>
    asked === host ? { kind: 'password', username, password } : stored(asked, repository);
}
