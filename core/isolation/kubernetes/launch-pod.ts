import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { V1OwnerReference, V1Pod } from '@kubernetes/client-node';
import { PortolanError } from '../../errors.ts';
import type { Channel } from '../channel.ts';
import { imageOf, nodeImage } from '../compose.ts';
import { systemResolver } from '../egress/address.ts';
import { planEgress } from '../egress/open-egress.ts';
import { openProxy } from '../egress/proxy.ts';
import { LABEL } from '../labels.ts';
import { identityOf } from '../process-identity.ts';
import type { IsolationOptions, LaunchOptions, LaunchPlan } from '../types.ts';
import { attachNet } from './attach-net.ts';
import { type Cluster, isGone, openCluster } from './cluster.ts';
import { followPod, statusOf } from './follow-pod.ts';
import {
  CONTAINER,
  hasSecrets,
  networkPolicyOf,
  type PodParts,
  podOf,
  secretOf,
} from './objects.ts';
import { openPodChannel } from './pod-channel.ts';
import { faultOf, pendingText } from './pod-fault.ts';

/** Milliseconds from the pod's creation until its server runs; a first pull may take a while. */
const START_MS = 180_000;

/**
 * Starts a server as a pod of its own and returns the conversation with it, over the cluster's
 * attach stream. The pod, its secret and its network policy are removed with it.
 *
 * Throws what openCluster and its calls throw, `forbidden` / `KUBERNETES_VOLUME`, `KUBERNETES_NPM`,
 * `unreachable` / `IMAGE_PULL_FAILED` and `failed` / `START_FAILED`.
 */
export async function launchPod(plan: LaunchPlan, options: LaunchOptions = {}): Promise<Channel> {
  const { entry, resolved } = plan;
  const parts = podPartsOf(plan, options);
  const cluster = await openCluster(options.kubernetes ?? {});
  const limit = AbortSignal.timeout(options.podStartMs ?? START_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
  const undo: (() => Promise<void> | void)[] = [];
  const cleanUp = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  let waitsFor = 'nothing is known of it yet';
  try {
    // The policy is there before anything that it is for.
    await create(cluster, parts, undo);
    const pod = await createPod(cluster, plan, parts, undo);
    if (hasSecrets(resolved)) {
      const { namespace, core } = cluster;
      const body = secretOf(plan, parts, ownerOf(pod));
      await cluster.call('create', 'secrets', () =>
        core.createNamespacedSecret({ namespace, body }),
      );
    }
    const runs = (container: string) => (seen: V1Pod) => {
      const fault = faultOf(seen, entry.name);
      if (fault) throw fault;
      waitsFor = pendingText(seen);
      return statusOf(seen, container)?.state?.running ? true : undefined;
    };
    if (parts.egress) {
      const proxy = await openProxy(undefined, {
        rules: resolved.network,
        resolveHost: options.resolveHost ?? systemResolver,
        onDenied: (text) => options.onNotice?.(`${entry.name}: network: ${text}`),
      });
      undo.push(proxy.close);
      await followPod(cluster, parts.name, runs(CONTAINER.net), signal);
      undo.push(await attachNet(cluster, parts.name, proxy));
    }
    await followPod(cluster, parts.name, runs(CONTAINER.server), signal);
    return await openPodChannel(cluster, parts.name, plan, options, cleanUp);
  } catch (error) {
    await cleanUp().catch(() => {});
    if (!limit.aborted) throw error;
    throw new PortolanError(
      'failed',
      'START_FAILED',
      `${entry.name}: pod ${parts.name} did not start in time: ${waitsFor}`,
      { cause: error },
    );
  }
}

/** Everything that a pod is made from; throws for what a pod cannot have. */
export function podPartsOf(plan: LaunchPlan, options: IsolationOptions, id?: string): PodParts {
  const { entry, resolved, tree } = plan;
  const [volume] = resolved.volumes;
  if (volume) {
    throw new PortolanError(
      'forbidden',
      'KUBERNETES_VOLUME',
      `${entry.name} needs ${volume.source}, a folder of this machine, which a pod cannot see; run it with another --isolation`,
    );
  }
  const claim = options.kubernetes?.npmClaim;
  if (tree && !claim) {
    throw new PortolanError(
      'forbidden',
      'KUBERNETES_NPM',
      `${entry.name} is an npm server, and a pod sees its verified tree only on a volume; keep the gateway's cache on a PersistentVolumeClaim and name it with --kube-npm-claim`,
    );
  }
  const { pid, started } = identityOf(process.pid);
  // Names of pods have 63 characters at most.
  const name = `portolan-${entry.name.slice(0, 40)}-${id ?? randomBytes(6).toString('hex')}`;
  return {
    name: name.replace(/-+/g, '-'),
    labels: {
      'app.kubernetes.io/managed-by': 'portolan',
      [LABEL.owner]: options.owner ?? 'portolan',
      [LABEL.server]: entry.name.slice(0, 63).replace(/-$/, ''),
      [LABEL.host]: hostname()
        .slice(0, 63)
        .replace(/[^A-Za-z0-9]+$/, ''),
      [LABEL.pid]: String(pid),
      [LABEL.started]: started.replace(/[^A-Za-z0-9]+/g, '-'),
    },
    image: imageOf(plan, options),
    nodeImage: nodeImage(entry.name, options),
    egress: resolved.network.length > 0 ? planEgress(resolved.network, true) : undefined,
    // The store is the folder `npm` of the cache, which the claim holds.
    tree: tree && claim ? { claim, folder: `npm/${tree.folder.split(/[\\/]/).at(-1)}` } : undefined,
    owner: ownPod(options.env ?? process.env),
  };
}

/** The pod that we run in, when its manifest tells: the cluster removes our pods with it. */
function ownPod(env: NodeJS.ProcessEnv): V1OwnerReference | undefined {
  const { PORTOLAN_POD_NAME: name, PORTOLAN_POD_UID: uid } = env;
  return name && uid ? { apiVersion: 'v1', kind: 'Pod', name, uid } : undefined;
}

function ownerOf({ metadata }: V1Pod): V1OwnerReference {
  return { apiVersion: 'v1', kind: 'Pod', name: metadata?.name ?? '', uid: metadata?.uid ?? '' };
}

async function create(
  cluster: Cluster,
  parts: PodParts,
  undo: (() => Promise<void> | void)[],
): Promise<void> {
  const { networking, namespace } = cluster;
  await cluster.call('create', 'networkpolicies', () =>
    networking.createNamespacedNetworkPolicy({ namespace, body: networkPolicyOf(parts) }),
  );
  undo.push(() =>
    withoutGone(
      cluster.call('delete', 'networkpolicies', () =>
        networking.deleteNamespacedNetworkPolicy({ namespace, name: parts.name }),
      ),
    ),
  );
}

async function createPod(
  cluster: Cluster,
  plan: LaunchPlan,
  parts: PodParts,
  undo: (() => Promise<void> | void)[],
): Promise<V1Pod> {
  const { core, namespace } = cluster;
  const pod = await cluster.call('create', 'pods', () =>
    core.createNamespacedPod({ namespace, body: podOf(plan, parts), fieldValidation: 'Strict' }),
  );
  undo.push(() => removePod(cluster, parts.name));
  return pod;
}

/** Ends a pod, first as its grace period says, and waits until it is gone. */
async function removePod(cluster: Cluster, name: string): Promise<void> {
  const { core, namespace } = cluster;
  const remove = (gracePeriodSeconds?: number) =>
    withoutGone(
      cluster.call('delete', 'pods', () =>
        core.deleteNamespacedPod({
          namespace,
          name,
          ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
        }),
      ),
    );
  await remove();
  try {
    await followPod(cluster, name, () => undefined, AbortSignal.timeout(8_000));
  } catch (error) {
    if ((error as PortolanError).code === 'START_FAILED') return;
    await remove(0);
  }
}

async function withoutGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
