import type { ResolvedVolume } from '../entry/resolve.ts';
import { prepareBare } from './bare.ts';
import { prepareBubblewrap } from './bubblewrap.ts';
import type { Cgroups } from './cgroups.ts';
import type { Choice } from './choose.ts';
import { prepareContainer } from './container.ts';
import type { Egress } from './egress/open-egress.ts';
import { NODE_IMAGE, pinnedReference } from './images.ts';
import type { Prepared } from './prepared.ts';
import type { IsolationOptions, LaunchPlan } from './types.ts';

/** What a launch has made ready, or what `inspect` pretends to have. */
export interface LaunchParts {
  /** Unique on this machine. */
  readonly id: string;
  /** The launch's own folder. */
  readonly folder: string;
  readonly volumes: readonly ResolvedVolume[];
  readonly egress: Egress | undefined;
  readonly cgroups: Cgroups;
}

/** The command of a plan under a driver. Starts and changes nothing. */
export function composeCommand(
  plan: LaunchPlan,
  choice: Choice,
  parts: LaunchParts,
  options: IsolationOptions,
): Prepared {
  const { volumes, egress, cgroups, folder } = parts;
  const env = options.env ?? process.env;
  if (choice.driver === 'none') return prepareBare(plan, volumes, folder, env);
  if (choice.driver === 'bubblewrap') {
    const { bubblewrap } = choice;
    return prepareBubblewrap(plan, { bubblewrap, volumes, cgroups, egress, files: folder });
  }
  return prepareContainer(plan, {
    engine: choice.engine,
    image: imageOf(plan, options),
    name: containerName(plan, parts.id),
    owner: options.owner ?? 'portolan',
    files: folder,
    volumes,
    egress,
    sidecar: sidecarName(plan, choice, parts),
    env,
  });
}

export function containerName({ entry }: LaunchPlan, id: string): string {
  return `portolan-${entry.name}-${id}`;
}

/**
 * Name of the container beside a server's, where its forwarder runs: an image need not have
 * Node.js, and an engine in another machine cannot mount the proxy's socket.
 */
export function sidecarName(
  plan: LaunchPlan,
  choice: Choice,
  { id, egress }: Pick<LaunchParts, 'id' | 'egress'>,
): string | undefined {
  if (choice.driver !== 'container' || !egress) return undefined;
  const needed = plan.entry.container !== undefined || !choice.engine.local;
  return needed ? `${containerName(plan, id)}-net` : undefined;
}

/** The image that a plan runs in: the entry's own, or the one with Node.js. */
export function imageOf({ entry }: LaunchPlan, options: IsolationOptions): string {
  return entry.container
    ? pinnedReference(entry.name, entry.container.image)
    : nodeImage(entry.name, options);
}

/** The image with Node.js, for npm trees and sidecars. */
export function nodeImage(server: string, options: IsolationOptions): string {
  return pinnedReference(server, options.nodeImage ?? NODE_IMAGE);
}
