import type {
  Attach,
  CoreV1Api,
  KubeConfig,
  NetworkingV1Api,
  Watch,
} from '@kubernetes/client-node';
import { messageOf, PortolanError } from '../../errors.ts';

/** A cluster that can be talked to, and the namespace in it that servers run in. */
export interface Cluster {
  readonly core: CoreV1Api;
  readonly networking: NetworkingV1Api;
  readonly attach: Attach;
  readonly watch: Watch;
  readonly namespace: string;
  /**
   * Makes one call. Throws `forbidden` / `KUBERNETES_FORBIDDEN` with the right that is missing,
   * `unreachable` / `KUBERNETES_UNREACHABLE`, or `failed` / `KUBERNETES_REFUSED`.
   */
  call<T>(verb: string, resource: string, work: () => Promise<T>): Promise<T>;
}

/**
 * The cluster of the environment: KUBECONFIG, else ~/.kube/config, else the service account of the
 * pod that we run in. The official client reads all of these, credential programs included; it is
 * loaded only here, because it is larger than the rest of the gateway.
 *
 * Throws `usage` / `KUBERNETES_CONFIG`.
 */
export async function openCluster(options: { readonly namespace?: string }): Promise<Cluster> {
  const library = await import('@kubernetes/client-node');
  const config = new library.KubeConfig();
  try {
    config.loadFromDefault();
    if (!config.getCurrentCluster()) throw new Error('it names no current context');
  } catch (error) {
    throw new PortolanError(
      'usage',
      'KUBERNETES_CONFIG',
      `the configuration of the cluster cannot be read: ${messageOf(error)}; check KUBECONFIG with \`kubectl config view\``,
      { cause: error },
    );
  }
  const namespace = options.namespace ?? namespaceOf(config);
  return {
    core: config.makeApiClient(library.CoreV1Api),
    networking: config.makeApiClient(library.NetworkingV1Api),
    attach: new library.Attach(config),
    watch: new library.Watch(config),
    namespace,
    async call(verb, resource, work) {
      try {
        return await work();
      } catch (error) {
        throw told(error, verb, resource, namespace, config.getCurrentCluster()?.server ?? '');
      }
    },
  };
}

/** Whether the cluster answered that there is no such object. */
export function isGone(error: unknown): boolean {
  return statusOf(error instanceof PortolanError ? error.cause : error) === 404;
}

function namespaceOf(config: KubeConfig): string {
  return config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
}

function told(
  error: unknown,
  verb: string,
  resource: string,
  namespace: string,
  server: string,
): PortolanError {
  if (error instanceof PortolanError) return error;
  const status = statusOf(error);
  const reason = reasonOf(error);
  if (status === 401 || status === 403) {
    return new PortolanError(
      'forbidden',
      'KUBERNETES_FORBIDDEN',
      `the cluster does not let us ${verb} ${resource} in namespace ${namespace}: ${reason}; give the account the Role of docs/deploy/kubernetes/rbac.yaml`,
      { cause: error },
    );
  }
  if (status === undefined) {
    return new PortolanError(
      'unreachable',
      'KUBERNETES_UNREACHABLE',
      `the cluster at ${server} does not answer (${verb} ${resource}): ${reason}; check it with \`kubectl get pods\``,
      { cause: error },
    );
  }
  return new PortolanError(
    'failed',
    'KUBERNETES_REFUSED',
    `the cluster refused to ${verb} ${resource} in namespace ${namespace} (HTTP ${status}): ${reason}`,
    { cause: error },
  );
}

/** HTTP status of an answer; a refused WebSocket tells it in its text only. */
function statusOf(error: unknown): number | undefined {
  const { code, statusCode, message } = (error ?? {}) as Record<string, unknown>;
  if (typeof code === 'number') return code;
  if (typeof statusCode === 'number') return statusCode;
  const match = /Unexpected server response: (\d{3})/.exec(String(message ?? ''));
  return match ? Number(match[1]) : undefined;
}

function reasonOf(error: unknown): string {
  const { body, message } = (error ?? {}) as Record<string, unknown>;
  const inner = error instanceof Error ? error.cause : undefined;
  try {
    const status = (typeof body === 'string' ? JSON.parse(body) : body) as { message?: unknown };
    if (typeof status?.message === 'string') return status.message;
  } catch {
    // No Status object, e.g. the page of a proxy.
  }
  const text = inner instanceof Error ? `${String(message)}: ${inner.message}` : String(message);
  return text.split('\n').slice(0, 2).join(' ').slice(0, 300);
}
