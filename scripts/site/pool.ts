import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type ErrorKind, PortolanError } from '../../core/errors.ts';
import { openTasks, type Task, type TaskData } from './tasks.ts';
import type { Answer } from './worker.ts';

/** Threads that do the tasks of a build. */
export interface Pool {
  run<T>(task: Task): Promise<T>;
  /** Gives a task to every thread, whatever it is doing. */
  runOnEach(task: Task): Promise<unknown>;
  /** Has one more do tasks from now on: this thread, or a further one. */
  grow(): Promise<void>;
  close(): Promise<void>;
}

/** More threads than this take more memory than they save time. */
const MOST_THREADS = 4;
/** Tasks that a thread has at once: while it does one, the next is there already. */
const TASKS_AT_ONCE = 2;
/** Megabytes of young objects: the default lets a thread grow by more, less has it copy garbage. */
const YOUNG_MB = 48;

interface Thread {
  ask(task: Task): Promise<unknown>;
  close(): Promise<unknown>;
}

/**
 * Opens a pool with one thread less than the machine has processors, for the one that Astro keeps
 * busy meanwhile; `grow` adds the last. With `here` that is this thread, which has most of what it
 * needs loaded already; otherwise it keeps free.
 */
export function openPool(data: TaskData, { here }: { readonly here: boolean }): Pool {
  const most = Math.min(MOST_THREADS, availableParallelism());
  const threads = Array.from({ length: Math.max(1, most - 1) }, () => startThread(data));
  const free = threads.flatMap((thread) => Array<Thread>(TASKS_AT_ONCE).fill(thread));
  const queue: ((thread: Thread) => Promise<unknown>)[] = [];

  function next(): void {
    while (queue.length > 0) {
      const thread = free.shift();
      if (!thread) return;
      queue
        .shift()?.(thread)
        .finally(() => {
          free.push(thread);
          next();
        });
    }
  }

  return {
    run: <T>(task: Task) =>
      new Promise<T>((resolve, reject) => {
        queue.push((thread) => thread.ask(task).then((value) => resolve(value as T), reject));
        next();
      }),
    runOnEach: (task) => Promise.all(threads.map((thread) => thread.ask(task))),
    async grow() {
      if (threads.length >= most) return;
      const thread = here
        ? { ask: await openTasks(data), close: async () => {} }
        : startThread(data);
      threads.push(thread);
      free.unshift(...Array<Thread>(TASKS_AT_ONCE).fill(thread));
      next();
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

function startThread(workerData: TaskData): Thread {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;
  worker.on('message', ({ id, value, error }: Answer) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error) asked?.reject(errorOf(error));
    else asked?.resolve(value);
  });
  worker.on('error', (error) => {
    for (const asked of waiting.values()) asked.reject(error);
  });
  return {
    ask(task) {
      const asked = Promise.withResolvers<unknown>();
      last += 1;
      waiting.set(last, asked);
      worker.postMessage({ id: last, task });
      return asked.promise;
    },
    close: () => worker.terminate(),
  };
}

const errorOf = ({ kind, code = '', message }: NonNullable<Answer['error']>): Error =>
  kind ? new PortolanError(kind as ErrorKind, code, message) : new Error(message);
