import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { LABEL } from '../../core/isolation/labels.ts';
import { type BoxSetup, setUpBox } from '../../test/support/boxes.ts';
import { probePlan, startProbe } from '../../test/support/probe.ts';

/** What a server may leave behind on this machine. */
export interface Leftovers {
  /** Of this process, by label. */
  readonly containers: number;
  readonly networks: number;
  /** Processes below this one, zombies too. */
  readonly processes: number;
  readonly zombies: number;
  /** Open files and sockets of this process. */
  readonly descriptors: number;
  /** Files and folders of running servers. */
  readonly files: number;
  /** Memory of this process, in MiB. */
  readonly rss: number;
}

export interface CycleFigures {
  readonly cycles: number;
  readonly seconds: number;
  readonly before: Leftovers;
  readonly after: Leftovers;
}

/** Servers that are started at the same time. */
const AT_ONCE = 3;
const NETWORKS: readonly ServerEntry['permissions'][] = [
  { network: 'none' },
  { network: { allow: ['localhost:9'] } },
];

/**
 * Starts a server in a container, calls it and stops it, `cycles` times, every other time with a
 * network grant. Undefined where there is no podman.
 */
export async function measureCycles(cycles: number): Promise<CycleFigures | undefined> {
  const setup = await setUpBox('image in a container').catch((error: unknown) => {
    console.error(`no container is started: ${String(error)}`);
  });
  if (!setup) return undefined;
  const runDir = mkdtempSync(join(tmpdir(), 'pr-'));
  try {
    // The first ones pull the image and start podman's service.
    for (const permissions of NETWORKS) await cycle(setup, runDir, permissions);
    await settled(setup, runDir);
    const before = look(setup, runDir);
    const start = performance.now();
    let next = 0;
    const worker = async () => {
      while (next < cycles) {
        const permissions = NETWORKS[next % NETWORKS.length] as ServerEntry['permissions'];
        next += 1;
        if (next % 100 === 0) console.error(`${next} of ${cycles} cycles ...`);
        await cycle(setup, runDir, permissions);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const seconds = (performance.now() - start) / 1000;
    await settled(setup, runDir);
    return { cycles, seconds, before, after: look(setup, runDir) };
  } finally {
    await setup.stop();
    rmSync(runDir, { recursive: true, force: true });
  }
}

async function cycle(
  { entry, options }: BoxSetup,
  runDir: string,
  permissions: ServerEntry['permissions'],
): Promise<void> {
  const probe = await startProbe(probePlan({ ...entry, permissions }), { ...options, runDir });
  const { ok } = await probe.call('args');
  if (!ok) throw new Error('the server did not answer');
  await probe.channel.close();
}

/** A podman service of our own stays for a few seconds. */
async function settled(setup: BoxSetup, runDir: string): Promise<void> {
  for (let tries = 0; tries < 40 && look(setup, runDir).processes > 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function look(setup: BoxSetup, runDir: string): Leftovers {
  const podman = (...args: string[]) =>
    spawnSync('podman', args, { env: setup.options.env ?? process.env, encoding: 'utf8' })
      .stdout.split('\n')
      .filter(Boolean).length;
  const processes = childrenOf(process.pid);
  return {
    containers: podman('ps', '-aq', '--filter', `label=${LABEL.pid}=${process.pid}`),
    networks: podman('network', 'ls', '-q'),
    processes: processes.length,
    zombies: processes.filter(isZombie).length,
    descriptors: readdirSync('/proc/self/fd').length,
    files: readdirSync(runDir, { recursive: true }).length,
    rss: process.memoryUsage.rss() / 2 ** 20,
  };
}

function childrenOf(pid: number): string[] {
  return readFileSync(`/proc/self/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
}

function isZombie(pid: string): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
