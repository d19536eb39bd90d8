import type { ResolvedVolume } from '../entry/resolve.ts';
import { guardedProc, sharedSettings, systemFolders } from './box-mounts.ts';
import type { Cgroups } from './cgroups.ts';
import type { Bubblewrap } from './detect.ts';
import { lowPortsPrefix } from './detect-bubblewrap.ts';
import type { Egress } from './egress/open-egress.ts';
import { findProgram } from './find-program.ts';
import type { Prepared } from './prepared.ts';
import { seccompFilter } from './seccomp.ts';
import type { LaunchPlan } from './types.ts';

/** Unprivileged user and group inside every box. */
export const BOX_USER = 65_532;

/** Where the box has the npm tree, Node.js and the way out. */
export const INSIDE = {
  tree: '/opt/portolan/server',
  node: '/opt/portolan/node',
  egress: '/opt/portolan/egress',
} as const;

export interface BoxParts {
  readonly bubblewrap: Bubblewrap;
  readonly volumes: readonly ResolvedVolume[];
  readonly cgroups: Cgroups;
  readonly egress: Egress | undefined;
  /** Holds the generated passwd, group and hosts files. */
  readonly files: string;
}

/**
 * The bubblewrap command for an npm entry: all namespaces new, no capability, no user of the host,
 * everything read-only but /tmp and what the entry declares.
 *
 * Variables go through file descriptor 3 (`--args`), neither through arguments, which every process
 * can read, nor through the environment of bwrap itself, where an entry's LD_PRELOAD would run code
 * outside the box.
 */
export function prepareBubblewrap(plan: LaunchPlan, parts: BoxParts): Prepared {
  const { entry, resolved, tree } = plan;
  if (!tree) throw new TypeError(`${entry.name}: bubblewrap runs npm trees only`);
  const { memory, pids, tmp } = resolved.resources;
  const size = String(tmp);
  const filter = seccompFilter();
  const sharesNetwork = parts.egress !== undefined && parts.bubblewrap.lowPorts;
  const args = [
    '--args',
    '3',
    ...(filter ? ['--seccomp', '4'] : []),
    '--unshare-all',
    '--unshare-user',
    '--disable-userns',
    ...(sharesNetwork ? ['--share-net'] : []),
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
    '--uid',
    String(BOX_USER),
    '--gid',
    String(BOX_USER),
    '--hostname',
    'portolan',
    ...systemFolders(),
    ...sharedSettings(),
    ...['passwd', 'group', 'hosts', 'resolv.conf'].flatMap((name) => [
      '--ro-bind',
      `${parts.files}/${name}`,
      `/etc/${name}`,
    ]),
    '--proc',
    '/proc',
    ...guardedProc(),
    '--dev',
    '/dev',
    '--size',
    size,
    '--tmpfs',
    '/dev/shm',
    '--remount-ro',
    '/dev',
    '--perms',
    '1777',
    '--size',
    size,
    '--tmpfs',
    '/tmp',
    '--ro-bind',
    process.execPath,
    INSIDE.node,
    '--ro-bind',
    tree.folder,
    INSIDE.tree,
    ...(parts.egress ? ['--ro-bind', parts.egress.folder, INSIDE.egress] : []),
    ...parts.volumes.flatMap(({ source, target, access }) => [
      access === 'read-write' ? '--bind' : '--ro-bind',
      source,
      target,
    ]),
    '--chdir',
    '/tmp',
    '--remount-ro',
    '/',
    '--',
  ];
  const counted = parts.cgroups.limited;
  const limits = prlimit(counted ? undefined : memory, pids);
  const server = [
    INSIDE.node,
    ...(counted ? [] : [`--max-old-space-size=${Math.floor(memory / 2 ** 20)}`]),
    ...(parts.egress ? ['--import', `${INSIDE.egress}/forwarder.mjs`] : []),
    `${INSIDE.tree}/${tree.script}`,
    ...resolved.args,
  ];
  const command: [string, ...string[]] = [
    ...parts.cgroups.prefix,
    ...(sharesNetwork ? lowPortsPrefix(parts.bubblewrap.program) : []),
    parts.bubblewrap.program,
    ...args,
    ...limits,
    ...server,
  ] as [string, ...string[]];
  const base = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: '/tmp',
    TMPDIR: '/tmp',
    LANG: 'C.UTF-8',
    ...parts.egress?.env,
    ...resolved.env,
  };
  const setenv = (env: Readonly<Record<string, string>>) =>
    Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]);
  const hidden = Object.keys(resolved.secretEnv);
  const onFd3 = ['--clearenv', ...setenv({ ...base, ...resolved.secretEnv })];
  const shownFd3 = [
    '--clearenv',
    ...setenv({ ...base, ...Object.fromEntries(hidden.map((name) => [name, '<secret>'])) }),
  ];
  const at = command.indexOf('--args');
  return {
    driver: 'bubblewrap',
    command,
    // bwrap and the tools around it find what they need by absolute paths.
    env: { PATH: '/usr/bin:/bin', ...parts.cgroups.env },
    inputs: [`${onFd3.join('\0')}\0`, ...(filter ? [filter] : [])],
    shown: [...command.slice(0, at), ...shownFd3, ...command.slice(at + 2)],
    cgroups: parts.cgroups.folders,
    notes: [
      ...parts.cgroups.notes,
      ...(filter ? [] : [`System calls are not filtered on ${process.arch}.`]),
      ...(limits.length ? [] : ['prlimit is not installed: no limit per process.']),
      ...(process.getuid?.() === 0
        ? [
            'Portolan runs as root: inside the box the server still acts on files as their owner root.',
          ]
        : []),
    ],
  };
}

/** What V8 reserves as writable without using it: code ranges and the stacks of its threads. */
const RESERVED = 2 * 2 ** 30;

/**
 * Limits of each process, which hold everywhere. RLIMIT_DATA is only the substitute for a control
 * group: it counts what a process reserves, not what it uses, so it must leave room for V8.
 */
function prlimit(memory: number | undefined, pids: number): string[] {
  const program = findProgram('prlimit', { PATH: '/usr/bin:/bin' });
  if (!program) return [];
  return [
    program,
    ...(memory === undefined ? [] : [`--data=${memory + RESERVED}`]),
    `--nproc=${pids}`,
    '--nofile=1024',
    '--core=0',
    '--',
  ];
}
