import { openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { CatalogServer } from '../../core/entry/types.generated.ts';
import { readLines, writeLines } from './lines.ts';

/** Servers of the catalog in the working folder, one a line, in the order of the catalog. */
const FILE = 'servers.jsonl';

/** Where a server stands in the file. */
export interface Place {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

/**
 * Writes the servers of a huge catalog to a file, from which threads read those that they work on:
 * the whole would fill a third of the memory meanwhile. Returns where each stands.
 */
export async function planServers(
  servers: readonly CatalogServer[],
  work: string,
): Promise<readonly Place[]> {
  const places: Place[] = [];
  let start = 0;
  const lines = function* () {
    for (const server of servers) {
      const line = JSON.stringify(server);
      const size = Buffer.byteLength(line);
      places.push({ name: server.name, start, size });
      start += size + 1;
      yield line;
    }
  };
  await writeLines(join(work, FILE), lines());
  return places;
}

/** Gives back what nothing needs any more, of which a thread otherwise keeps hundreds of megabytes. */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  // Only the last resort gives memory back to the system at once.
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

type Collect = (how: { type: string; execution: string; flavor: string }) => void;
let collect: Collect | undefined;

/** Opens the file for a thread. */
export function openPlan(work: string): (place: Place) => CatalogServer {
  let file: number | undefined;
  return ({ start, size }) => {
    file ??= openSync(join(work, FILE), 'r');
    const line = Buffer.alloc(size);
    readSync(file, line, 0, size, start);
    return JSON.parse(line.toString('utf8')) as CatalogServer;
  };
}

/** Every server, one after the other. */
export async function* plannedServers(work: string): AsyncGenerator<CatalogServer> {
  for await (const line of readLines(join(work, FILE))) yield JSON.parse(line) as CatalogServer;
}
