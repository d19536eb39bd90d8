import type { BenchClient } from './clients.ts';
import { callMany, rssMb } from './measure.ts';

/** Memory of the processes between client and server after so many calls. */
export interface MemoryPoint {
  readonly calls: number;
  readonly mib: number;
}

/** Calls after which memory is looked at. */
export const MEMORY_POINTS = [5_000, 10_000, 50_000, 100_000] as const;

/** Makes 100,000 calls, 32 at once, each checked for its own answer. */
export async function measureMemory(
  client: BenchClient,
  pids: readonly number[],
): Promise<readonly MemoryPoint[]> {
  const points: MemoryPoint[] = [];
  let made = 0;
  for (const calls of MEMORY_POINTS) {
    await callMany(client, calls - made);
    made = calls;
    points.push({ calls, mib: pids.reduce((sum, pid) => sum + rssMb(pid), 0) });
  }
  return points;
}
