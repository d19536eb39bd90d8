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
/** Changes between ways that are measured side by side. */
const TURNS = 60;
const TICK_MS = 10;

/** A way of calling the server. `pids` are the processes in between; empty for a direct connection. */
export interface Subject {
  readonly client: BenchClient;
  readonly pids: readonly number[];
}

/** Warms up, then measures. */
export async function measure(
  client: BenchClient,
  pids: readonly number[],
  calls: number,
): Promise<Figures> {
  const subject = { client, pids };
  await inParallel(client, calls, 4);
  const rounds: Slice[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await oneSlice(subject, calls));
  return {
    p50: Math.min(...rounds.map(({ times }) => quantile(times, 0.5))),
    p99: Math.min(...rounds.map(({ times }) => quantile(times, 0.99))),
    throughput: Math.max(...rounds.map(({ throughput }) => throughput)),
    cpu: Math.min(...rounds.map(({ cpu }) => cpu)) / calls,
    rss: rssOf(pids),
  };
}

/**
 * Measures several ways in turn, a few calls each time, and takes the middle of all turns: whatever
 * else the machine does then slows each of them alike.
 */
export async function measureInTurn(
  subjects: readonly Subject[],
  calls: number,
): Promise<Figures[]> {
  for (const { client } of subjects) await inParallel(client, calls, 4);
  const slices: Slice[][] = subjects.map(() => []);
  const few = Math.ceil((calls * ROUNDS) / TURNS);
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [index, subject] of subjects.entries()) {
      slices[index]?.push(await oneSlice(subject, few));
    }
  }
  return subjects.map(({ pids }, index) => {
    const own = slices[index] ?? [];
    const times = own.flatMap((slice) => slice.times);
    return {
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
      throughput: quantile(
        own.map(({ throughput }) => throughput),
        0.5,
      ),
      cpu: own.reduce((sum, { cpu }) => sum + cpu, 0) / times.length,
      rss: rssOf(pids),
    };
  });
}

interface Slice {
  /** Milliseconds of each call. */
  readonly times: readonly number[];
  readonly throughput: number;
  /** Microseconds of processor time of all calls together. */
  readonly cpu: number;
}

async function oneSlice({ client, pids }: Subject, calls: number): Promise<Slice> {
  const before = cpuMs(pids);
  const times: number[] = [];
  for (let count = 0; count < calls; count += 1) {
    const start = performance.now();
    await expectEcho(client, `call ${count}`);
    times.push(performance.now() - start);
  }
  const cpu = (cpuMs(pids) - before) * 1000;
  const start = performance.now();
  await inParallel(client, calls * 2, AT_ONCE);
  return { times, throughput: (calls * 2 * 1000) / (performance.now() - start), cpu };
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * part)] ?? 0;
}

function rssOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + rssMb(pid), 0);
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

/** Makes calls with 32 under way, each checked for its own answer. */
export function callMany(client: BenchClient, calls: number): Promise<void> {
  return inParallel(client, calls, AT_ONCE);
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
