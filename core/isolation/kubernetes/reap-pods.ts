import { hostname } from 'node:os';
import { LABEL } from '../labels.ts';
import { isAlive } from '../process-identity.ts';
import { type Cluster, isGone, openCluster } from './cluster.ts';

/**
 * Removes pods and network policies that earlier gateways of this host left, and pods that have
 * ended, whoever started them. Resolves to the number of pods. Throws what the cluster's calls throw.
 */
export async function reapPods(options: { readonly namespace?: string }): Promise<number> {
  const cluster = await openCluster(options);
  const { core, networking, namespace } = cluster;
  const labelSelector = 'app.kubernetes.io/managed-by=portolan';
  const pods = await cluster.call('list', 'pods', () =>
    core.listNamespacedPod({ namespace, labelSelector }),
  );
  const policies = await cluster.call('list', 'networkpolicies', () =>
    networking.listNamespacedNetworkPolicy({ namespace, labelSelector }),
  );
  const over = pods.items.filter(
    ({ metadata, status }) =>
      isOrphan(metadata?.labels ?? {}) || ['Succeeded', 'Failed'].includes(status?.phase ?? ''),
  );
  for (const { metadata } of over) {
    const name = metadata?.name ?? '';
    await gone(cluster, 'pods', () => core.deleteNamespacedPod({ namespace, name }));
  }
  const kept = new Set(pods.items.filter((pod) => !over.includes(pod)).map(nameOf));
  for (const policy of policies.items) {
    const name = nameOf(policy);
    // A policy without a pod may be that of a start elsewhere, whose pod comes next.
    if (kept.has(name) || !isOrphan(policy.metadata?.labels ?? {})) continue;
    await gone(cluster, 'networkpolicies', () =>
      networking.deleteNamespacedNetworkPolicy({ namespace, name }),
    );
  }
  return over.length;
}

function isOrphan(labels: Readonly<Record<string, string>>): boolean {
  const host = hostname()
    .slice(0, 63)
    .replace(/[^A-Za-z0-9]+$/, '');
  if (labels[LABEL.host] !== host) return false;
  return !isAlive({ pid: Number(labels[LABEL.pid]), started: labels[LABEL.started] ?? '' });
}

function nameOf({ metadata }: { metadata?: { name?: string } }): string {
  return metadata?.name ?? '';
}

async function gone(cluster: Cluster, resource: string, work: () => Promise<unknown>) {
  try {
    await cluster.call('delete', resource, work);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
