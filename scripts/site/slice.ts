import { join } from 'node:path';
import type { CatalogServer } from '../../core/entry/types.generated.ts';
import type { SitePaths } from '../build-site.ts';
import { compileServer } from './compile.ts';
import { type FullTextRecord, readTexts, recordOf, textPath } from './full-text.ts';
import { nameHash, type ServerPage, type SiteData, shardPath } from './model.ts';
import type { Place } from './plan.ts';
import type { Reader } from './publication.ts';
import type { Renderer } from './renderer.ts';
import { jsonOf, pagesOf, serverFiles, serverPaths } from './server-files.ts';
import type { ServerFacts } from './state.ts';
import { type Output, openOutput, writeIfChanged } from './write.ts';

/** Slices that the servers of a catalog are divided into, by their names. */
export const SLICES = 64;
/** Pages that wait for the renderer at once, at most: each takes some 50 KB. */
const MOST_WAITING = 1000;

/** A part of the work: some servers, of which those with `known` facts did not change. */
export interface Slice<Server = CatalogServer> {
  readonly id: number;
  readonly servers: readonly {
    readonly server: Server;
    /** Digest of the manifest that holds the newest version's signature. */
    readonly signature?: string;
    readonly key: string;
    readonly known?: ServerFacts;
  }[];
  /** Servers that were here in the last build and are no more. */
  readonly gone: readonly string[];
}

/** A slice of servers, or in a huge catalog of where they stand in the working folder. */
export type AnySlice = Slice<CatalogServer | Place>;

export interface SliceResult {
  readonly files: readonly string[];
  readonly facts: Readonly<Record<string, ServerFacts>>;
  readonly rendered: number;
}

/** Each slice holds the servers of 64 shards, or of 128 of a huge catalog. */
export const sliceOf = (name: string): number => (nameHash(name) >> 6) & (SLICES - 1);

/** Writes slices: everything of their servers, and their texts for the full-text index. */
export function openSlices(
  build: SitePaths,
  site: SiteData,
  reader: Reader,
  renderer: Promise<Renderer>,
) {
  let isReady = false;
  renderer.then(() => {
    isReady = true;
  });
  let waiting: { readonly page: ServerPage; readonly output: Output }[] = [];

  async function flush(): Promise<void> {
    const { render } = await renderer;
    for (const { page, output } of waiting) {
      for (const path of pagesOf(page.item.name, page)) {
        output.write(`${path}index.html`, await render(path, { server: page }));
      }
    }
    waiting = [];
  }

  async function write({ id, servers, gone }: Slice): Promise<SliceResult> {
    const output = openOutput(build.out);
    const facts: Record<string, ServerFacts> = {};
    const texts: Record<string, FullTextRecord> = {};
    const before = readTexts(build.work, id);
    const changed = servers.filter(({ known }) => !known).map(({ server }) => server.name);
    const changedShards = new Set([...changed, ...gone].map((name) => shardPath(name, false)));
    const shards = new Map<string, Record<string, unknown>>();
    let rendered = 0;
    for (const { server, signature, key, known } of servers) {
      const { name } = server;
      const shard = shardPath(name, false);
      if (site.large) output.keep(shard);
      const oldText = before[name];
      const inChangedShard = site.large && changedShards.has(shard);
      if (known && oldText && !inChangedShard) {
        for (const path of serverPaths(name, site.large, known)) output.keep(path);
        facts[name] = known;
        texts[name] = oldText;
        continue;
      }
      const { page, icon } = compileServer(reader, server, signature, site.large);
      if (site.large) shards.set(shard, { ...shards.get(shard), [name]: jsonOf(page) });
      const { toolsApart } = page;
      const own = { key, icon: icon !== undefined, toolsApart, signature: page.signature };
      facts[name] = own;
      if (page.item.status !== 'withdrawn') texts[name] = recordOf(page, build.base, site);
      for (const path of serverPaths(name, site.large, own)) output.keep(path);
      if (known) continue;
      for (const [path, content] of serverFiles(page, site, icon)) output.write(path, content);
      waiting.push({ page, output });
      rendered += 1;
      if (isReady || waiting.length >= MOST_WAITING) await flush();
    }
    for (const [shard, members] of shards) {
      output.write(shard, JSON.stringify(members));
    }
    writeIfChanged(join(build.work, textPath(id)), JSON.stringify(texts));
    return { files: [...output.written], facts, rendered };
  }

  return { write, flush };
}
