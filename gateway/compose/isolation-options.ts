import { resolve } from 'node:path';
import type { IsolationOptions } from '../../core/isolation/index.ts';

/** What the command line says of isolation; the same for every command that starts a server. */
export interface IsolationChoice {
  readonly isolation: 'auto' | 'container' | 'bubblewrap' | 'none' | 'kubernetes';
  readonly nodeImage?: string;
  readonly allowPath: readonly string[];
  readonly kubeNamespace?: string;
  readonly kubeNpmClaim?: string;
}

/** The choice as the drivers take it. */
export function isolationOptions({
  isolation,
  nodeImage,
  allowPath,
  kubeNamespace,
  kubeNpmClaim,
}: IsolationChoice): IsolationOptions {
  return {
    isolation,
    allowedPaths: allowPath.map((path) => resolve(path)),
    ...(nodeImage ? { nodeImage } : {}),
    ...(isolation === 'kubernetes' && {
      kubernetes: {
        ...(kubeNamespace && { namespace: kubeNamespace }),
        ...(kubeNpmClaim && { npmClaim: kubeNpmClaim }),
      },
    }),
  };
}
