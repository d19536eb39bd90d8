import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { type Detected, detectIsolation } from '../../core/isolation/detect.ts';
import type { LaunchOptions } from '../../core/isolation/types.ts';
import { needs } from './needs.ts';
import { type FixtureImage, startFixtureImage } from './podman.ts';

/** The ways in which a server can be kept in a box; tests of the box run in each of them. */
export const BOXES = [
  { box: 'bubblewrap', parts: ['bwrap'] },
  { box: 'npm tree in a container', parts: ['podman', 'docker-registry', 'npm'] },
  { box: 'image in a container', parts: ['podman', 'docker-registry', 'npm'] },
] as const;

export type BoxName = (typeof BOXES)[number]['box'];

/** Whether tests of a box must be skipped here. */
export function isMissing(box: BoxName): boolean {
  return needs(...(BOXES.find((one) => one.box === box)?.parts ?? [])).skip;
}

/** How to run the probe in a box. */
export interface BoxSetup {
  /** Parts of the entry that differ. */
  readonly entry: Partial<ServerEntry>;
  readonly options: LaunchOptions;
  readonly image: FixtureImage | undefined;
  readonly detected: Detected;
  stop(): Promise<void>;
}

/** Makes a box ready: for containers, the image in a registry. */
export async function setUpBox(box: BoxName): Promise<BoxSetup> {
  if (box === 'bubblewrap') {
    const detected = await detectIsolation();
    const options = { isolation: 'bubblewrap', detected } as const;
    return { entry: {}, options, image: undefined, detected, stop: async () => {} };
  }
  const image = await startFixtureImage();
  const detected = await detectIsolation({ env: image.env, engine: 'podman' });
  const container = { image: image.reference, command: [...image.probe] };
  return {
    entry: box === 'image in a container' ? { npm: undefined as never, container } : {},
    options: {
      isolation: 'container',
      detected,
      env: image.env,
      nodeImage: image.reference,
    },
    image,
    detected,
    stop: image.stop,
  };
}
