import { availableParallelism } from 'node:os';

/** Runs at most `limit` tasks at a time; the others wait in order. */
export function createSemaphore(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  let free = limit;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

/** Starts of containers and processes at the same time only slow each other down. */
export const startSlot = createSemaphore(Math.max(1, availableParallelism()));
