import type { SitePaths } from '../build-site.ts';
import { openLists } from './list-pages.ts';
import type { SiteData } from './model.ts';
import { collectGarbage, type Place } from './plan.ts';
import type { Reader, ReaderSource } from './publication.ts';
import { loadRenderer, type Renderer } from './renderer.ts';
import { openShards } from './shards.ts';
import { type AnySlice, openSlices, type Slice } from './slice.ts';

/** What every thread knows. */
export interface TaskData {
  readonly build: SitePaths;
  readonly site: SiteData;
  readonly reader: ReaderSource;
}

export type Task =
  /** Of a huge catalog the slice says where its servers stand. */
  | { readonly kind: 'slice'; readonly slice: AnySlice }
  /** The renderer is there; until then servers' pages wait. */
  | { readonly kind: 'renderer' }
  /** Writes the pages that waited for the renderer. */
  | { readonly kind: 'flush' }
  /** Pages that are not of one server: each `of`-th, from `part` on. */
  | { readonly kind: 'lists'; readonly part: number; readonly of: number }
  /** Files that are made of the whole list and are no pages; `logo` is sanitised SVG. */
  | { readonly kind: 'indexes'; readonly logo: string | undefined };

/** Opens what a thread needs for tasks, and returns the function that does them, one after the other. */
export async function openTasks({ build, site, reader: source }: TaskData) {
  const { promise: renderer, resolve: ready } = Promise.withResolvers<Renderer>();
  const { openReader } = (await import(source.module)) as {
    openReader: (argument: unknown) => Reader | Promise<Reader>;
  };
  const read = await openReader(source.argument);
  const slices = openSlices(build, site, read, renderer);
  const writeShards = openShards(build, site, read, renderer);
  const lists = openLists(build, site, renderer);
  let last: Promise<unknown> = Promise.resolve();

  return async function run(task: Task): Promise<unknown> {
    // Not in its turn: a slice before it may be waiting for it.
    if (task.kind === 'renderer') {
      const loaded = await loadRenderer(build.work);
      loaded.provide({ site, list: [], docs: '' });
      return ready(loaded);
    }
    const turn = last.then((): Promise<unknown> => {
      switch (task.kind) {
        case 'slice':
          return site.huge
            ? writeShards(task.slice as Slice<Place>)
            : slices.write(task.slice as Slice);
        case 'flush':
          return slices.flush();
        case 'lists':
          if (site.huge) collectGarbage();
          return lists.write(task.part, task.of);
        case 'indexes':
          return lists.writeIndexes(task.logo);
      }
    });
    last = turn.catch(() => {});
    return turn;
  };
}
