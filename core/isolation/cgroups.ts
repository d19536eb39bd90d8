import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { ResolvedResources } from '../entry/resolve.ts';
import { hasErrno } from '../errors.ts';
import { findProgram } from './find-program.ts';

/** How a command gets into control groups that limit it and all its children together. */
export interface Cgroups {
  /** Whether there are any. */
  readonly limited: boolean;
  /** Put before the command. */
  readonly prefix: readonly string[];
  /** Variables that the prefix needs. */
  readonly env: Readonly<Record<string, string>>;
  /** To be removed after the last process has left. */
  readonly folders: readonly string[];
  /** What does not hold here, in words. */
  readonly notes: readonly string[];
}

/** For drivers whose engine makes its own. */
export const NO_CGROUPS: Cgroups = { limited: false, prefix: [], env: {}, folders: [], notes: [] };

const ROOT = '/sys/fs/cgroup';

/** Which way to control groups this machine offers. */
type Way = 'v1' | 'v2' | 'systemd' | 'none';

let known: Way | undefined;

/**
 * Makes control groups for one server where the user may: directly as root, through systemd's user
 * manager otherwise. Without either, only the limits of each single process hold.
 */
export function makeCgroups(
  id: string,
  resources: ResolvedResources,
  env: NodeJS.ProcessEnv = process.env,
  pretend = false,
): Cgroups {
  known ??= findWay(env);
  const { memory, cpus, pids } = resources;
  if (known === 'systemd') {
    return {
      limited: true,
      prefix: [
        findProgram('systemd-run', env) as string,
        '--user',
        '--scope',
        '--quiet',
        '--collect',
        `--unit=portolan-${id}`,
        `--property=MemoryMax=${memory}`,
        '--property=MemorySwapMax=0',
        `--property=TasksMax=${pids + 8}`,
        `--property=CPUQuota=${Math.max(1, Math.round(cpus * 100))}%`,
        '--',
      ],
      env: pick(env, ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS']),
      folders: [],
      notes: [],
    };
  }
  if (known === 'none') {
    return {
      limited: false,
      prefix: [],
      env: {},
      folders: [],
      notes: [
        'No control group can be made here: memory is limited roughly and for each process, not for all of them together, and processor time is not limited.',
      ],
    };
  }
  const folders =
    known === 'v2'
      ? [join(ROOT, 'portolan', id)]
      : ['memory', 'pids', 'cpu'].map((controller) => join(ROOT, controller, 'portolan', id));
  if (!pretend) {
    for (const folder of folders) mkdirSync(folder, { recursive: true });
    if (known === 'v2') limitV2(folders[0] as string, resources);
    else limitV1(folders as [string, string, string], resources);
  }
  return {
    limited: true,
    prefix: [
      '/bin/sh',
      '-c',
      `for g in ${folders.join(' ')}; do echo $$ >$g/cgroup.procs || exit 1; done; exec "$@"`,
      'sh',
    ],
    env: {},
    folders,
    notes: [],
  };
}

/**
 * Ends what is left in the groups of a server and removes them. A process that was killed leaves
 * its group a moment later, so this tries again for up to a second.
 */
export async function removeCgroups(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    // The record of a run names them; nothing outside our own groups is touched.
    if (!/^\/sys\/fs\/cgroup\/(\w+\/)?portolan\/\w+$/.test(folder)) continue;
    for (let attempt = 0; attempt < 100; attempt += 1) {
      if (removed(folder)) break;
      await setTimeout(10);
    }
  }
}

function removed(folder: string): boolean {
  try {
    for (const pid of readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n')) {
      // 0 stands for a process that we cannot see, and for kill() for our own group.
      if (Number(pid) > 1) process.kill(Number(pid), 'SIGKILL');
    }
  } catch {
    // The process or the group is gone.
  }
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return hasErrno(error, 'ENOENT');
  }
}

// bwrap's own processes and the shell count too.
const OWN_PROCESSES = 8;

function limitV1([memory, pids, cpu]: [string, string, string], limits: ResolvedResources): void {
  writeFileSync(join(memory, 'memory.limit_in_bytes'), String(limits.memory));
  const swap = join(memory, 'memory.memsw.limit_in_bytes');
  if (existsSync(swap)) writeFileSync(swap, String(limits.memory));
  writeFileSync(join(pids, 'pids.max'), String(limits.pids + OWN_PROCESSES));
  writeFileSync(join(cpu, 'cpu.cfs_period_us'), '100000');
  writeFileSync(join(cpu, 'cpu.cfs_quota_us'), String(Math.round(limits.cpus * 100_000)));
}

function limitV2(folder: string, limits: ResolvedResources): void {
  writeFileSync(join(folder, 'memory.max'), String(limits.memory));
  if (existsSync(join(folder, 'memory.swap.max'))) {
    writeFileSync(join(folder, 'memory.swap.max'), '0');
  }
  writeFileSync(join(folder, 'pids.max'), String(limits.pids + OWN_PROCESSES));
  writeFileSync(join(folder, 'cpu.max'), `${Math.round(limits.cpus * 100_000)} 100000`);
}

function findWay(env: NodeJS.ProcessEnv): Way {
  if (process.platform !== 'linux') return 'none';
  if (process.getuid?.() === 0) {
    if (existsSync(join(ROOT, 'cgroup.controllers'))) {
      if (delegate(ROOT) && delegate(join(ROOT, 'portolan'))) return 'v2';
    } else if (['memory', 'pids', 'cpu'].every((name) => isWritable(join(ROOT, name)))) {
      return 'v1';
    }
  }
  const program = findProgram('systemd-run', env);
  if (program && env.XDG_RUNTIME_DIR) {
    const probe = spawnSync(program, ['--user', '--scope', '--quiet', '--collect', 'true'], {
      env,
      stdio: 'ignore',
      timeout: 5_000,
    });
    if (probe.status === 0) return 'systemd';
  }
  return 'none';
}

/** Lets groups below a folder be limited. */
function delegate(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'cgroup.subtree_control'), '+memory +pids +cpu');
    return true;
  } catch {
    return false;
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function pick(env: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
