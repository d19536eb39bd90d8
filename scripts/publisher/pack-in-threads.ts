import { hash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type ErrorKind, PortolanError } from '../../core/errors.ts';
import { openLayout } from '../../core/oci/layout.ts';
import { SIGNED_TOGETHER } from './put-signed.ts';
import type { RegistrySource } from './registry-source.ts';
import { type ServerLines, serverLines } from './server-lines.ts';

/** What a packing thread works on. */
export interface PackTask {
  /** Absolute path of the registry. */
  readonly registry: string;
  /** Folder of a layout that nobody sees yet; the files of the servers are stored there. */
  readonly blobs?: string | undefined;
}

/** A thread's answer to a list of names. */
export type PackAnswer =
  | { readonly lines: readonly ServerLines[] }
  | { readonly failure: { readonly kind: ErrorKind; code: string; message: string } };

/** Starting a thread costs as much as packing this many servers. */
const WORTH_A_THREAD = 250;
/** Each thread takes some 100 MB. */
const MAX_THREADS = 4;
/**
 * V8 lets a thread's heap grow into hundreds of megabytes of garbage unless it is told otherwise. With
 * a young generation of 16 MB it copies what would be garbage a moment later: a fifth of all time.
 */
const HEAP = {
  maxYoungGenerationSizeMb: 48,
  maxOldGenerationSizeMb: 256,
};
/** The most names in one group; on average there are as many as are signed together. */
const LARGEST_GROUP = 128;

/**
 * Packs servers, in several threads when there are many, and hands them to `take` in groups, which
 * come in any order. The same names make the same groups however many threads there are.
 *
 * @param blobs As in PackTask.
 *
 * Throws what loading a server throws, and what `take` throws.
 */
export async function packServers(
  source: RegistrySource,
  names: readonly string[],
  take: (group: readonly ServerLines[]) => Promise<void>,
  { blobs, threads = availableParallelism() }: { blobs?: string; threads?: number } = {},
): Promise<void> {
  const count = Math.min(threads, MAX_THREADS, Math.floor(names.length / WORTH_A_THREAD));
  if (count >= 2 && source.folder !== undefined) {
    return packInThreads({ registry: source.folder, blobs }, names, take, count);
  }
  const store = blobs ? await openLayout(blobs, { create: true, unshared: true }) : undefined;
  for (const group of groupsOf(names)) {
    const lines: ServerLines[] = [];
    for (const name of group) lines.push(await serverLines(source.load(name), store));
    await take(lines);
  }
}

async function packInThreads(
  task: PackTask,
  names: readonly string[],
  take: (group: readonly ServerLines[]) => Promise<void>,
  count: number,
): Promise<void> {
  const script = new URL('./pack.thread.ts', import.meta.url);
  const workers = Array.from(
    { length: count },
    () => new Worker(script, { workerData: task, resourceLimits: HEAP }),
  );
  const groups = groupsOf(names);
  try {
    await Promise.all(
      workers.map(async (worker) => {
        let answer = askNext(worker, groups);
        while (answer) {
          const lines = await answer;
          // The thread packs the next servers while these are taken.
          answer = askNext(worker, groups);
          await take(lines);
        }
      }),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function askNext(
  worker: Worker,
  groups: Iterator<readonly string[]>,
): Promise<readonly ServerLines[]> | undefined {
  const next = groups.next();
  if (next.done) return undefined;
  const answer = ask(worker, next.value);
  // Awaited later; until then a failure is nobody's.
  answer.catch(() => {});
  return answer;
}

async function ask(worker: Worker, names: readonly string[]): Promise<readonly ServerLines[]> {
  const { promise, resolve, reject } = Promise.withResolvers<PackAnswer>();
  const stopped = (code: number) => reject(new Error(`a packing thread ended with ${code}`));
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', stopped);
  worker.postMessage(names);
  try {
    const answer = await promise;
    if ('lines' in answer) return answer.lines;
    const { kind, code, message } = answer.failure;
    throw new PortolanError(kind, code, message);
  } finally {
    worker.off('message', resolve).off('error', reject).off('exit', stopped);
  }
}

/**
 * Names in groups that end after some of them, chosen by their hash: a name that comes or goes
 * changes its own group, and not all that follow.
 */
export function* groupsOf(names: readonly string[]): Generator<readonly string[]> {
  let group: string[] = [];
  for (const name of names) {
    group.push(name);
    const isLast = hash('sha256', name, 'buffer').readUInt32BE() % SIGNED_TOGETHER === 0;
    if (!isLast && group.length < LARGEST_GROUP) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
