import { readdirSync, readFileSync } from 'node:fs';
import type { BenchClient } from './clients.ts';

/** What one way of calling the server costs. */
export interface Figures {
  /** Milliseconds of a call, one after the other. */
  readonly p50: number;
  readonly p99: number;
  /** Calls in a second with 32 under way. */
  readonly throughput: number;
  /** Microseconds of processor time per call in the processes between client and server. */
  readonly cpu: number;
  /** MiB of memory of these processes after all calls. */
  readonly rss: number;
}

const AT_ONCE = 32;
/** The best of these counts: a machine is never quite idle, and its other work is not ours. */
const ROUNDS = 3;
const TICK_MS = 10;

/** Warms up, then measures. `pids` are the processes in between; empty for a direct connection. */
export async function measure(
  client: BenchClient,
  pids: readonly number[],
  calls: number,
): Promise<Figures> {
  await inParallel(client, calls, 4);
  const rounds: Omit<Figures, 'rss'>[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await oneRound(client, pids, calls));
  return {
    p50: Math.min(...rounds.map(({ p50 }) => p50)),
    p99: Math.min(...rounds.map(({ p99 }) => p99)),
    throughput: Math.max(...rounds.map(({ throughput }) => throughput)),
    cpu: Math.min(...rounds.map(({ cpu }) => cpu)),
    rss: pids.reduce((sum, pid) => sum + rssMb(pid), 0),
  };
}

async function oneRound(client: BenchClient, pids: readonly number[], calls: number) {
  const before = cpuMs(pids);
  const times: number[] = [];
  for (let count = 0; count < calls; count += 1) {
    const start = performance.now();
    await expectEcho(client, `call ${count}`);
    times.push(performance.now() - start);
  }
  const cpu = ((cpuMs(pids) - before) * 1000) / calls;
  times.sort((a, b) => a - b);
  const start = performance.now();
  await inParallel(client, calls * 2, AT_ONCE);
  return {
    p50: times[Math.floor(times.length / 2)] ?? 0,
    p99: times[Math.floor(times.length * 0.99)] ?? 0,
    throughput: (calls * 2 * 1000) / (performance.now() - start),
    cpu,
  };
}

/** A process and all that it started. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statOf(Number(name))?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** The command line of a process. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

export function rssMb(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

async function expectEcho(client: BenchClient, text: string): Promise<void> {
  const answer = await client.call(text);
  if (!answer.includes(`"${text}"`)) throw new Error(`lost or crossed: ${answer.slice(0, 300)}`);
}

async function inParallel(client: BenchClient, calls: number, atOnce: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < calls) {
      next += 1;
      await expectEcho(client, `parallel ${next}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = statOf(pid);
    return sum + (Number(stat?.[11] ?? 0) + Number(stat?.[12] ?? 0)) * TICK_MS;
  }, 0);
}

/** Fields of /proc/PID/stat from the state on: the parent is 1, user and system time 11 and 12. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
