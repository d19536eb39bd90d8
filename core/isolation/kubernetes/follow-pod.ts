import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { PortolanError } from '../../errors.ts';
import type { Cluster } from './cluster.ts';
import { isGone } from './cluster.ts';

/** Least milliseconds between two looks at a pod whose watch keeps ending. */
const PAUSE_MS = 250;

/**
 * Waits until `decide` has an answer, or throws. A watch tells of each change; the cluster ends
 * watches as it likes, after which the pod is read again. Throws `failed` / `START_FAILED` when the
 * pod is gone, and the signal's reason.
 */
export async function followPod<T>(
  cluster: Cluster,
  name: string,
  decide: (pod: V1Pod) => T | undefined,
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const pod = await readPod(cluster, name);
    if (!pod) {
      throw new PortolanError('failed', 'START_FAILED', `pod ${name} was deleted by somebody else`);
    }
    const early = decide(pod);
    if (early !== undefined) return early;
    const answer = await watchOnce(cluster, pod, decide, signal);
    if (answer !== undefined) return answer;
  }
}

/** The pod as it is now; undefined when there is none. */
export async function readPod(cluster: Cluster, name: string): Promise<V1Pod | undefined> {
  const { core, namespace } = cluster;
  try {
    return await cluster.call('get', 'pods', () => core.readNamespacedPod({ name, namespace }));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Status of one container, sidecars included. */
export function statusOf(pod: V1Pod, container: string): V1ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  return [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === container);
}

function watchOnce<T>(
  { watch, namespace }: Cluster,
  pod: V1Pod,
  decide: (pod: V1Pod) => T | undefined,
  signal: AbortSignal,
): Promise<T | undefined> {
  const { name, resourceVersion } = pod.metadata ?? {};
  return new Promise((resolve, reject) => {
    let controller: AbortController | undefined;
    let settled = false;
    const settle = (work: () => void) => {
      if (settled) return;
      settled = true;
      signal.removeEventListener('abort', aborted);
      controller?.abort();
      work();
    };
    const aborted = () => settle(() => resolve(undefined));
    signal.addEventListener('abort', aborted);
    watch
      .watch(
        `/api/v1/namespaces/${namespace}/pods`,
        { fieldSelector: `metadata.name=${name}`, resourceVersion },
        (phase, object: V1Pod) => {
          try {
            // After ERROR (the version is too old) and DELETED the pod is read anew.
            if (phase !== 'ADDED' && phase !== 'MODIFIED') return settle(() => resolve(undefined));
            const answer = decide(object);
            if (answer !== undefined) settle(() => resolve(answer));
          } catch (error) {
            settle(() => reject(error));
          }
        },
        () => setTimeout(() => settle(() => resolve(undefined)), PAUSE_MS),
      )
      .then(
        (made) => {
          controller = made;
          if (settled) made.abort();
        },
        () => setTimeout(() => settle(() => resolve(undefined)), PAUSE_MS),
      );
  });
}
