import { resolve } from 'node:path';
import type { IsolationOptions } from '../../core/isolation/index.ts';

/** What the command line says of isolation; the same for every command that starts a server. */
export interface IsolationChoice {
  readonly isolation: 'auto' | 'container' | 'bubblewrap' | 'none';
  readonly nodeImage?: string;
  readonly allowPath: readonly string[];
}

/** The choice as the drivers take it. */
export function isolationOptions({
  isolation,
  nodeImage,
  allowPath,
}: IsolationChoice): IsolationOptions {
  return {
    isolation,
    allowedPaths: allowPath.map((path) => resolve(path)),
    ...(nodeImage ? { nodeImage } : {}),
  };
}
