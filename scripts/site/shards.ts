import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { SitePaths } from '../build-site.ts';
import { compileServer } from './compile.ts';
import { type FullTextRecord, readTexts, recordOf, textPath } from './full-text.ts';
import { type ServerPage, type SiteData, shardPath } from './model.ts';
import { openPlan, type Place } from './plan.ts';
import type { Reader } from './publication.ts';
import type { Renderer } from './renderer.ts';
import { jsonOf } from './server-files.ts';
import { type Packed, shardOf } from './shard.ts';
import type { Slice, SliceResult } from './slice.ts';
import type { ServerFacts } from './state.ts';
import { openOutput, writeIfChanged } from './write.ts';

/** A tenth larger than the best, in half of its time. */
const LEVEL = 4;

/**
 * Writes slices of a huge catalog: no file for each server, but one for each shard, with what the
 * pages of its servers would show. A shard in which nothing changed is kept.
 */
export function openShards(
  build: SitePaths,
  site: SiteData,
  reader: Reader,
  renderer: Promise<Renderer>,
) {
  const read = openPlan(build.work);

  return async function write({ id, servers, gone }: Slice<Place>): Promise<SliceResult> {
    const output = openOutput(build.out);
    const facts: Record<string, ServerFacts> = {};
    const texts: Record<string, FullTextRecord> = {};
    const before = readTexts(build.work, id);
    const smaller = new Set(gone.map((name) => shardPath(name, true)));
    let rendered = 0;
    for (const [path, members] of Map.groupBy(servers, ({ server }) =>
      shardPath(server.name, true),
    )) {
      if (!smaller.has(path) && members.every(({ known }) => known)) {
        output.keep(path);
        for (const { server, known } of members) {
          if (known) facts[server.name] = known;
          const text = before[server.name];
          if (text) texts[server.name] = text;
        }
        continue;
      }
      const packed: Packed[] = [];
      for (const { server, signature, key, known } of members) {
        const { page } = compileServer(reader, read(server), signature, true);
        packed.push(await pack(page, await renderer));
        const { toolsApart } = page;
        facts[server.name] = { key, icon: false, toolsApart, signature: page.signature };
        if (page.item.status !== 'withdrawn') {
          texts[server.name] = recordOf(page, build.base, site);
        }
        if (!known) rendered += 1;
      }
      output.write(path, gzipSync(JSON.stringify(shardOf(packed)), { level: LEVEL, memLevel: 9 }));
    }
    writeIfChanged(join(build.work, textPath(id)), JSON.stringify(texts));
    return { files: [...output.written], facts, rendered };
  };
}

async function pack(server: ServerPage, { renderPart, structuredData }: Renderer): Promise<Packed> {
  return {
    html: await renderPart({ server }),
    ...(server.toolsApart ? { tools: await renderPart({ server, view: 'tools' }) } : {}),
    structured: structuredData(server),
    server: jsonOf(server),
  };
}
