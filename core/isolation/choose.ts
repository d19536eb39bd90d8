import { PortolanError } from '../errors.ts';
import type { Bubblewrap, Detected, Engine } from './detect.ts';
import type { EngineName } from './engines.ts';
import type { TreePlatform } from './npm-tree.ts';
import type { IsolationOptions, LaunchPlan } from './types.ts';

/** The driver that a launch uses. */
export type Choice =
  | { readonly driver: 'container'; readonly engine: Engine }
  | { readonly driver: 'bubblewrap'; readonly bubblewrap: Bubblewrap }
  | { readonly driver: 'none' };

/**
 * Chooses the driver for an entry. `auto` takes an engine for an image, and for an npm tree
 * bubblewrap (quicker by half, no image to pull) or else an engine. It never chooses `none`.
 *
 * `only` leaves all other engines out. Throws `failed` / `ISOLATION_MISSING`, naming what to install
 * on this system.
 */
export function chooseDriver(
  plan: Pick<LaunchPlan, 'entry'>,
  detected: Detected,
  isolation: IsolationOptions['isolation'] = 'auto',
  only?: EngineName,
): Choice {
  const { entry } = plan;
  const engine = detected.engines.find(({ traits }) => !only || traits.name === only);
  const { bubblewrap } = detected;
  if (isolation === 'none') return { driver: 'none' };
  if (entry.npm && bubblewrap && isolation !== 'container') {
    return { driver: 'bubblewrap', bubblewrap };
  }
  if (engine && isolation !== 'bubblewrap') return { driver: 'container', engine };
  const found = detected.findings.map(({ text }) => text).join(' ');
  throw new PortolanError(
    'failed',
    'ISOLATION_MISSING',
    `${entry.name} cannot be kept in a box${isolation === 'auto' ? '' : ` with --isolation ${isolation}`}: ${found} ${remedy(Boolean(entry.npm), isolation)}`,
  );
}

/**
 * Platform that the npm tree of an entry must be installed for: containers run Linux, whatever the
 * machine. Throws as chooseDriver does.
 */
export function treePlatform(
  plan: Pick<LaunchPlan, 'entry'>,
  detected: Detected,
  isolation: IsolationOptions['isolation'] = 'auto',
): TreePlatform {
  if (isolation === 'kubernetes') return { os: 'linux', cpu: process.arch };
  const { driver } = chooseDriver(plan, detected, isolation);
  return { os: driver === 'container' ? 'linux' : process.platform, cpu: process.arch };
}

function remedy(npm: boolean, isolation: string): string {
  const optOut = npm
    ? ' To run it without any protection, say so with --isolation none.'
    : ' A container image runs in a container engine only.';
  if (!npm && isolation === 'bubblewrap') return `Leave --isolation bubblewrap out.${optOut}`;
  if (process.platform === 'darwin') {
    return `Install Docker Desktop, OrbStack or Podman, e.g. brew install podman && podman machine init && podman machine start.${optOut}`;
  }
  if (process.platform === 'win32') {
    return `Install Docker Desktop or Podman Desktop, e.g. winget install RedHat.Podman.${optOut}`;
  }
  const tool = npm && isolation !== 'container' ? 'bubblewrap (small) or podman' : 'podman';
  return `Install ${tool} with the system's package manager, e.g. apt install ${npm && isolation !== 'container' ? 'bubblewrap' : 'podman'}.${optOut}`;
}
