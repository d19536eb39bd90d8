import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import type { Channel } from '../../core/isolation/channel.ts';
import { type Detected, detectIsolation } from '../../core/isolation/detect.ts';
import { RECORD, type RunRecord } from '../../core/isolation/run-folder.ts';
import type { LaunchOptions } from '../../core/isolation/types.ts';
import { needs } from './needs.ts';
import { type FixtureImage, startFixtureImage } from './podman.ts';

/** The ways in which a server can be kept in a box; tests of the box run in each of them. */
export const BOXES = [
  { box: 'bubblewrap', parts: ['bwrap'] },
  { box: 'npm tree in a container', parts: ['podman', 'docker-registry', 'npm'] },
  { box: 'image in a container', parts: ['podman', 'docker-registry', 'npm'] },
  { box: 'image in an attached container', parts: ['podman', 'docker-registry', 'npm'] },
  { box: 'image in a container, with a client', parts: ['podman', 'docker-registry', 'npm'] },
] as const;

/** Engines in a virtual machine or elsewhere: the pipe to the client is all that they share. */
export const DISTANT_BOXES = [
  { box: 'npm tree in a distant container', parts: ['podman', 'docker-registry', 'npm'] },
  { box: 'image in a distant container', parts: ['podman', 'docker-registry', 'npm'] },
  {
    box: 'image in a distant container, with a client',
    parts: ['podman', 'docker-registry', 'npm'],
  },
] as const;

const ALL = [...BOXES, ...DISTANT_BOXES];
export type BoxName = (typeof ALL)[number]['box'];

/** Whether tests of a box must be skipped here. */
export function isMissing(box: BoxName): boolean {
  return needs(...(ALL.find((one) => one.box === box)?.parts ?? [])).skip;
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
  const found = await detectIsolation({ env: image.env, engine: 'podman' });
  const distant = box.includes('distant');
  const engines = found.engines.map((engine) => ({
    ...engine,
    ...(distant ? { local: false } : {}),
    // The way for engines that do not pass on streams.
    ...(distant || box.includes('attached') ? { pipes: false } : {}),
    // The way for engines whose socket cannot be reached.
    ...(box.includes('client') ? { api: undefined } : {}),
  }));
  const detected = { ...found, engines };
  const container = { image: image.reference, command: [...image.probe] };
  return {
    entry: box.startsWith('image') ? { npm: undefined as never, container } : {},
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

/** Id of the process without which nobody can speak with a server: its own, its client, its engine. */
export function carrierOf(channel: Pick<Channel, 'info'> | undefined, runDir: string): number {
  return channel?.info?.pid || (serviceRecords(runDir)[0]?.child?.pid ?? 0);
}

/** Records of the podman services that run for launches with this folder. */
export function serviceRecords(runDir: string): RunRecord[] {
  return readdirSync(runDir).flatMap((name) => {
    try {
      const record = JSON.parse(readFileSync(join(runDir, name, RECORD), 'utf8')) as RunRecord;
      return record.server === 'podman-service' ? [record] : [];
    } catch {
      return [];
    }
  });
}
