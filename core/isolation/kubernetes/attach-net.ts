import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { PortolanError } from '../../errors.ts';
import { acceptOverPipe } from '../egress/over-pipe.ts';
import type { EgressProxy } from '../egress/proxy.ts';
import type { Cluster } from './cluster.ts';
import { CONTAINER } from './objects.ts';

const READY_MS = 30_000;

/**
 * Connects the forwarder in a pod with the proxy here, many connections on one attach stream.
 * Returns a function that ends it. Throws `failed` / `START_FAILED`.
 */
export async function attachNet(
  cluster: Cluster,
  pod: string,
  proxy: EgressProxy,
): Promise<() => void> {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const socket = await cluster.call('create', 'pods/attach', () =>
    cluster.attach.attach(cluster.namespace, pod, CONTAINER.net, stdout, null, stdin, false),
  );
  const session = acceptOverPipe(stdout, stdin, proxy);
  const end = () => {
    session.destroy();
    socket.close();
  };
  const late = new AbortController();
  const timeout = setTimeout(READY_MS, 'late', { signal: late.signal }).catch(() => undefined);
  const outcome = await Promise.race([proxy.ready, timeout]).finally(() => late.abort());
  if (outcome !== 'late') return end;
  end();
  throw new PortolanError(
    'failed',
    'START_FAILED',
    `pod ${pod}: the forwarder for its network does not reach the proxy; see \`kubectl logs ${pod} --container net\``,
  );
}
