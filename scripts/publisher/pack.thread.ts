import { parentPort, workerData } from 'node:worker_threads';
import { PortolanError } from '../../core/errors.ts';
import { openLayout } from '../../core/oci/layout.ts';
import type { PackAnswer, PackTask } from './pack-in-threads.ts';
import { loadValidServer } from './registry-source.ts';
import { type ServerLines, serverLines } from './server-lines.ts';

const { registry, blobs } = workerData as PackTask;
const store = blobs ? await openLayout(blobs, { create: true, unshared: true }) : undefined;

parentPort?.on('message', async (names: readonly string[]) => {
  parentPort?.postMessage(await answer(names));
});

async function answer(names: readonly string[]): Promise<PackAnswer> {
  const lines: ServerLines[] = [];
  try {
    for (const name of names) lines.push(await serverLines(loadValidServer(registry, name), store));
    return { lines };
  } catch (error) {
    // The class of an error does not survive the way to another thread.
    if (!(error instanceof PortolanError)) throw error;
    const { kind, code, message } = error;
    return { failure: { kind, code, message } };
  }
}
