import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedVolume } from '../entry/resolve.ts';
import { PortolanError } from '../errors.ts';
import { BOX_USER, INSIDE } from './bubblewrap.ts';
import type { Engine } from './detect.ts';
import type { Egress } from './egress/open-egress.ts';
import { callEngine, clientEnvironment } from './engine-call.ts';
import { labelArguments } from './labels.ts';
import type { Prepared } from './prepared.ts';
import type { LaunchPlan } from './types.ts';

export interface ContainerParts {
  readonly engine: Engine;
  /** Reference by digest of the image that runs: the entry's own or the one with Node.js. */
  readonly image: string;
  /** Name of the container, unique. */
  readonly name: string;
  readonly owner: string;
  readonly volumes: readonly ResolvedVolume[];
  readonly egress: Egress | undefined;
  /** Name of a running container whose private network the server shares; see sidecar. */
  readonly sidecar: string | undefined;
  /** Folder with generated files of /etc; see box-files. */
  readonly files: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Names that change how an engine's client works. A secret reaches the client through its
 * environment, so an entry must not choose such a name for one.
 */
const RESERVED =
  /^(PATH|HOME|USER|SHELL|IFS|ENV|BASH_ENV|TMPDIR|LD_.*|DYLD_.*|GO.*|XDG_.*|DBUS_.*|DOCKER_.*|CONTAINER.*|PODMAN_.*|NERDCTL_.*|NOTIFY_SOCKET|LISTEN_.*|CNI_.*|BUILDAH_.*|STORAGE_.*|REGISTRY_AUTH_FILE|SSL_CERT_.*|SSH_.*|(HTTPS?|NO|ALL)_PROXY|SYSTEMROOT|.*APPDATA|USERPROFILE|_.*)$/i;

/** The strict flags that every container gets, whatever runs in it. */
export function strictFlags(engine: Engine, log = engine.traits.unlogged): string[] {
  return [
    '--rm',
    '--pull=never',
    '--read-only',
    ...log,
    ...engine.traits.run,
    '--cap-drop=all',
    '--security-opt=no-new-privileges',
    '--ipc=private',
  ];
}

/**
 * The engine command for an entry. Values of secrets are in the environment of the engine's client
 * only; the arguments hold their names.
 */
export function prepareContainer(plan: LaunchPlan, parts: ContainerParts): Prepared {
  const { entry, resolved, tree } = plan;
  const { engine, egress, volumes, sidecar } = parts;
  const { flags: limits, notes: limitNotes } = limitFlags(engine, resolved.resources);
  const { flags: user, notes: userNotes } = userFlags(plan, engine, volumes);
  const mounts = [
    ...(tree ? [{ source: tree.folder, target: INSIDE.tree, access: 'read-only' as const }] : []),
    ...(egress && tree && !sidecar
      ? [{ source: egress.folder, target: INSIDE.egress, access: 'read-only' as const }]
      : []),
    ...etcMounts(parts, tree !== undefined),
    ...volumes,
  ];
  const hidden = Object.keys(resolved.secretEnv);
  for (const name of hidden) refuseReserved(entry.name, name);
  const visible = { HOME: '/tmp', TMPDIR: '/tmp', ...egress?.env, ...resolved.env };
  const pipes = engine.api && engine.pipes ? engine.traits.passedOn : undefined;
  const runWith = (log: readonly string[]) => [
    'run',
    '--interactive',
    `--name=${parts.name}`,
    ...labelArguments(entry.name, parts.owner),
    ...strictFlags(engine, log),
    ...limits,
    ...user,
    `--tmpfs=/tmp:rw,size=${resolved.resources.tmp},mode=1777,noexec,nosuid,nodev${engine.traits.tmpfs}`,
    ...networkFlags(egress, sidecar),
    ...mounts.map((mount) => mountFlag(entry.name, mount)),
    ...(mounts.length && existsSync('/sys/fs/selinux/enforce')
      ? ['--security-opt=label=disable']
      : []),
    ...Object.entries(visible).map(([name, value]) => `--env=${name}=${value}`),
    ...hidden.map((name) => `--env=${name}`),
    ...program(plan, parts),
  ];
  const command: [string, ...string[]] = [engine.program, ...runWith(engine.traits.unlogged)];
  const attach = {
    engine,
    run: runWith(pipes ?? engine.traits.unlogged),
    pipes: pipes !== undefined,
    env: parts.env,
    secrets: resolved.secretEnv,
  };
  return {
    driver: 'container',
    engine: engine.traits.name,
    command,
    env: { ...clientEnvironment(engine, parts.env), ...resolved.secretEnv },
    shown: command,
    ...(engine.api ? { attach } : {}),
    cgroups: [],
    notes: [
      ...limitNotes,
      ...userNotes,
      ...((tree && entry.requires) || []).map(
        ({ program: needed }) =>
          `It needs ${needed}, which the image with Node.js may not have; name one that has it with --node-image.`,
      ),
    ],
    stop: {
      terminate: async () => {
        await callEngine(engine, ['kill', '--signal=TERM', parts.name], parts.env);
      },
      remove: async () => {
        await callEngine(engine, [...engine.traits.remove, parts.name], parts.env);
      },
    },
  };
}

/** Working folder, entry point, image and arguments. */
function program(plan: LaunchPlan, parts: ContainerParts): string[] {
  const { entry, resolved, tree } = plan;
  if (tree) {
    const preload =
      parts.egress && !parts.sidecar ? ['--import', `${INSIDE.egress}/forwarder.mjs`] : [];
    return [
      '--workdir=/tmp',
      '--entrypoint=node',
      parts.image,
      ...preload,
      `${INSIDE.tree}/${tree.script}`,
      ...resolved.args,
    ];
  }
  const { workdir, command: [first, ...rest] = [] } = entry.container ?? {};
  return [
    ...(workdir ? [`--workdir=${workdir}`] : []),
    ...(first === undefined ? [] : [`--entrypoint=${first}`]),
    parts.image,
    ...rest,
    ...resolved.args,
  ];
}

/** No network but the container's own loopback, on which the forwarder listens. */
export function networkFlags(egress: Egress | undefined, sidecar: string | undefined): string[] {
  if (sidecar) return [`--network=container:${sidecar}`];
  return ['--network=none', ...(egress ? ['--sysctl=net.ipv4.ip_unprivileged_port_start=0'] : [])];
}

/**
 * Our own hosts file in place of the engine's, which would tell the names of the host. Where the
 * engine may not see our folder, only when the server needs it. An image keeps its own users.
 */
function etcMounts({ engine, egress, files }: ContainerParts, own: boolean): ResolvedVolume[] {
  if (!engine.local && !egress && !own) return [];
  return ['hosts', ...(own ? ['passwd', 'group'] : [])].map((name) => ({
    source: join(files, name),
    target: `/etc/${name}`,
    access: 'read-only' as const,
  }));
}

function limitFlags(engine: Engine, { memory, cpus, pids }: LaunchPlan['resolved']['resources']) {
  const { limits } = engine;
  const lacking = Object.entries(limits).flatMap(([name, held]) => (held ? [] : [name]));
  return {
    flags: [
      ...(limits.memory ? [`--memory=${memory}`, `--memory-swap=${memory}`] : []),
      ...(limits.cpus ? [`--cpus=${cpus}`] : []),
      ...(limits.pids ? [`--pids-limit=${pids}`] : []),
    ],
    notes: lacking.length
      ? [
          `${engine.traits.name} cannot limit ${lacking.join(', ')} here: control groups are not delegated to it.`,
        ]
      : [],
  };
}

/**
 * Never root. With volumes, the user whose files they are, as far as the engine can map it: files
 * that the server writes then belong to the user.
 */
function userFlags(plan: LaunchPlan, engine: Engine, volumes: readonly ResolvedVolume[]) {
  const box = `${BOX_USER}:${BOX_USER}`;
  const declared = plan.entry.container?.user;
  if (declared) return { flags: [`--user=${declared}`], notes: [] };
  if (volumes.length === 0) return { flags: [`--user=${box}`], notes: [] };
  if (engine.rootless && engine.traits.name === 'podman') {
    return {
      flags: [`--userns=keep-id:uid=${BOX_USER},gid=${BOX_USER}`, `--user=${box}`],
      notes: [],
    };
  }
  const writable = volumes.find(({ access }) => access === 'read-write') ?? volumes[0];
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const { uid, gid } = own.uid === 0 && writable ? statSync(writable.source) : own;
  if (uid !== 0 && !engine.rootless) return { flags: [`--user=${uid}:${gid}`], notes: [] };
  return {
    flags: [`--user=${box}`],
    notes: [
      `The server runs as user ${BOX_USER}: it can use ${writable?.source} only as far as that folder is open to all users.`,
    ],
  };
}

/** `--volume` splits at colons, `--mount` at commas; quoting works in neither engine the same way. */
function mountFlag(server: string, { source, target, access }: ResolvedVolume): string {
  const bad = [source, target].find((path) => /[",\r\n]/.test(path));
  if (bad !== undefined) {
    throw new PortolanError(
      'usage',
      'VOLUME_NAME',
      `${server}: container engines cannot mount ${JSON.stringify(bad)}: its name has a comma, a quote or a line break; rename it or use another folder`,
    );
  }
  const readonly = access === 'read-only' ? ',readonly' : '';
  return `--mount=type=bind,source=${source},target=${target}${readonly}`;
}

function refuseReserved(server: string, name: string): void {
  if (!RESERVED.test(name)) return;
  throw new PortolanError(
    'forbidden',
    'ENV_RESERVED',
    `${server}: env.${name} holds a secret, but a variable of that name would change how the container engine itself works; the entry must use another name`,
  );
}
