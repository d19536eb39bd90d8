import type { V1Pod } from '@kubernetes/client-node';
import { PortolanError } from '../../errors.ts';

const PULL = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull']);
const BROKEN = new Set(['CreateContainerError', 'RunContainerError', 'CrashLoopBackOff']);

/** Why a pod will never run its server; undefined while it still may. */
export function faultOf({ status }: V1Pod, server: string): PortolanError | undefined {
  const containers = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
  ];
  for (const { image, name, state } of containers) {
    const { reason = '', message = '' } = state?.waiting ?? {};
    if (PULL.has(reason)) {
      return new PortolanError(
        'unreachable',
        'IMAGE_PULL_FAILED',
        `${server}: the cluster cannot pull ${image} (${reason}): ${message}; check the network of its nodes and the pull secrets of the service account`,
      );
    }
    if (BROKEN.has(reason)) return failed(`container ${name} (${reason}): ${message}`);
    const ended = state?.terminated;
    if (ended) {
      const why = ended.message ?? ended.reason ?? 'no reason is given';
      return failed(`container ${name} ended with exit code ${ended.exitCode}: ${why}`);
    }
  }
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') {
    return failed(`the pod has ended: ${status.message ?? status.reason ?? status.phase}`);
  }
  return undefined;

  function failed(text: string): PortolanError {
    return new PortolanError('failed', 'START_FAILED', `${server}: ${text}`);
  }
}

/** What a pod that does not run yet waits for, in the cluster's words. */
export function pendingText({ status }: V1Pod): string {
  const containers = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
  ];
  const waiting = containers.find(({ state }) => state?.waiting)?.state?.waiting;
  const unmet = status?.conditions?.find((one) => one.status === 'False' && one.message);
  const text = unmet?.message ?? waiting?.message ?? waiting?.reason ?? status?.phase;
  return text ?? 'the cluster says nothing about it';
}
