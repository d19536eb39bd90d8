import { parentPort, workerData } from 'node:worker_threads';
import { PortolanError } from '../../core/errors.ts';
import type { SiteBuild } from '../build-site.ts';
import { openLists } from './list-pages.ts';
import type { SiteData } from './model.ts';
import type { Reader, ReaderSource } from './publication.ts';
import { loadRenderer, type Renderer } from './renderer.ts';
import { openSlices, type Slice } from './slice.ts';

/** What every thread knows. */
export interface WorkerData {
  readonly build: Omit<SiteBuild, 'log'>;
  readonly site: SiteData;
  readonly reader: ReaderSource;
}

export type Task =
  | { readonly kind: 'slice'; readonly slice: Slice }
  /** The renderer is there; until then servers' pages wait. */
  | { readonly kind: 'renderer' }
  /** Writes the pages that waited for the renderer. */
  | { readonly kind: 'flush' }
  /** Pages that are not of one server: each `of`-th, from `part` on. */
  | { readonly kind: 'lists'; readonly part: number; readonly of: number };

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly kind?: string; readonly code?: string; readonly message: string };
}

const { build, site, reader: source } = workerData as WorkerData;
let ready: (renderer: Renderer) => void = () => {};
const renderer = new Promise<Renderer>((resolve) => {
  ready = resolve;
});
const { openReader } = (await import(source.module)) as {
  openReader: (argument: unknown) => Reader | Promise<Reader>;
};
const slices = openSlices(build, site, await openReader(source.argument), renderer);
const writeLists = openLists(build, site, renderer);

async function run(task: Task): Promise<unknown> {
  switch (task.kind) {
    case 'slice':
      return slices.write(task.slice);
    case 'renderer': {
      const loaded = await loadRenderer(build.work);
      loaded.provide({ site, list: [], docs: '' });
      return ready(loaded);
    }
    case 'flush':
      return slices.flush();
    case 'lists':
      return writeLists(task.part, task.of);
  }
}

parentPort?.on('message', async ({ id, task }: { id: number; task: Task }) => {
  const answer = await run(task).then(
    (value): Answer => ({ id, value }),
    (error): Answer => ({
      id,
      error:
        error instanceof PortolanError
          ? { kind: error.kind, code: error.code, message: error.message }
          : { message: error instanceof Error ? (error.stack ?? error.message) : String(error) },
    }),
  );
  parentPort?.postMessage(answer);
});
