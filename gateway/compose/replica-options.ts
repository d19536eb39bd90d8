import { PortolanError } from '../../core/errors.ts';
import { readOptionFile } from '../cli/trust-options.ts';
import { openReplicas, type Replicas } from '../endpoint/replicas.ts';

/** How the command line says that this gateway is one of several behind a balancer. */
export interface ReplicaOptions {
  readonly replicaKey?: string;
  readonly replicaUrl?: string;
}

/**
 * Reads the key that all replicas share. Undefined for a gateway that knows of no others.
 * Throws `usage` / `REPLICA_INCOMPLETE` and `malformed` / `REPLICA_KEY_WEAK`, `REPLICA_URL`.
 */
export async function replicasOf(options: ReplicaOptions): Promise<Replicas | undefined> {
  const { replicaKey, replicaUrl } = options;
  if (replicaKey === undefined && replicaUrl === undefined) return undefined;
  if (replicaKey === undefined || replicaUrl === undefined) {
    throw new PortolanError(
      'usage',
      'REPLICA_INCOMPLETE',
      '--replica-key and --replica-url go together: what all replicas share, and where they reach this one',
    );
  }
  const url = URL.parse(replicaUrl);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new PortolanError(
      'malformed',
      'REPLICA_URL',
      `--replica-url ${replicaUrl} is not the http or https URL of this endpoint, e.g. http://10.0.0.7:8811/mcp`,
    );
  }
  const secret = (await readOptionFile(replicaKey, '--replica-key')).toString('utf8').trim();
  if (secret.length < 32) {
    throw new PortolanError(
      'malformed',
      'REPLICA_KEY_WEAK',
      `--replica-key ${replicaKey} holds ${secret.length} characters; give all replicas the same 32 random bytes or more: openssl rand -base64 32 > ${replicaKey}`,
    );
  }
  return openReplicas(secret, url.href);
}
