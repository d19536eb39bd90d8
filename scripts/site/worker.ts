import { enableCompileCache } from 'node:module';
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { PortolanError } from '../../core/errors.ts';
import type { Task, TaskData } from './tasks.ts';

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly kind?: string; readonly code?: string; readonly message: string };
}

// Threads do not inherit the cache of compiled code.
if (process.env.NODE_COMPILE_CACHE) enableCompileCache(process.env.NODE_COMPILE_CACHE);
const { openTasks } = await import('./tasks.ts');
const run = await openTasks(workerData as TaskData);

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
