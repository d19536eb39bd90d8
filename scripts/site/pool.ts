import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type ErrorKind, PortolanError } from '../../core/errors.ts';
import type { Answer, Task, WorkerData } from './worker.ts';

/** Threads that do the tasks of a build, each one task after the other. */
export interface Pool {
  run<T>(task: Task): Promise<T>;
  /** Gives a task to every thread, whatever it is doing. */
  runOnEach(task: Task): Promise<unknown>;
  close(): Promise<void>;
}

/** More threads than this take more memory than they save time. */
const MOST_THREADS = 4;
/** Megabytes of young objects: the default lets a thread grow by more, less has it copy garbage. */
const YOUNG_MB = 48;

interface Thread {
  ask(task: Task): Promise<unknown>;
  close(): Promise<unknown>;
}

export function openPool(workerData: WorkerData): Pool {
  const count = Math.min(MOST_THREADS, availableParallelism());
  const threads = Array.from({ length: count }, () => startThread(workerData));
  const idle = [...threads];
  const queue: ((thread: Thread) => Promise<unknown>)[] = [];

  function next(): void {
    const work = queue.shift();
    const thread = work && idle.pop();
    if (!thread) return void (work && queue.unshift(work));
    work(thread).finally(() => {
      idle.push(thread);
      next();
    });
  }

  return {
    run: <T>(task: Task) =>
      new Promise<T>((resolve, reject) => {
        queue.push((thread) => thread.ask(task).then((value) => resolve(value as T), reject));
        next();
      }),
    runOnEach: (task) => Promise.all(threads.map((thread) => thread.ask(task))),
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

function startThread(workerData: WorkerData): Thread {
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
