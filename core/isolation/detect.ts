import { execFile } from 'node:child_process';
import { hostname } from 'node:os';
import { ENGINES, type EngineName, type EngineTraits } from './engines.ts';
import { findProgram } from './find-program.ts';

/** A container engine that answers. */
export interface Engine {
  readonly traits: EngineTraits;
  /** Absolute path of its client. */
  readonly program: string;
  readonly version: string;
  /** Runs without root on the host. */
  readonly rootless: boolean;
  /** Runs on this machine and sees its folders; false for a virtual or remote machine. */
  readonly local: boolean;
  /** Ceilings that it can hold. */
  readonly limits: { readonly memory: boolean; readonly cpus: boolean; readonly pids: boolean };
}

/** bubblewrap, as far as it works here. */
export interface Bubblewrap {
  readonly program: string;
  readonly version: string;
  /** A box may listen on ports below 1024 of its own private network. */
  readonly lowPorts: boolean;
}

/** What this machine can do to keep servers in a box. */
export interface Detected {
  readonly engines: readonly Engine[];
  readonly bubblewrap: Bubblewrap | undefined;
  /** One sentence per engine or tool, for `portolan doctor`: what was found, or why it is no use. */
  readonly findings: readonly {
    readonly name: string;
    readonly usable: boolean;
    readonly text: string;
  }[];
}

/**
 * Looks for container engines and bubblewrap, and asks each whether it really works: a client
 * without a running engine does not count. The clients are asked with the user's environment, so
 * DOCKER_HOST, docker contexts and CONTAINERS_CONF hold.
 */
export async function detectIsolation(
  options: { readonly env?: NodeJS.ProcessEnv; readonly engine?: EngineName } = {},
): Promise<Detected> {
  const env = options.env ?? process.env;
  const wanted = ENGINES.filter(({ name }) => !options.engine || name === options.engine);
  const [engines, bubblewrap] = await Promise.all([
    Promise.all(wanted.map((traits) => askEngine(traits, env))),
    askBubblewrap(env),
  ]);
  const all = [...engines, bubblewrap];
  return {
    engines: engines.flatMap(({ engine }) => (engine ? [engine] : [])),
    bubblewrap: bubblewrap.bubblewrap,
    findings: all.map(({ name, usable, text }) => ({ name, usable, text })),
  };
}

interface Answer {
  readonly name: string;
  readonly usable: boolean;
  readonly text: string;
}

async function askEngine(
  traits: EngineTraits,
  env: NodeJS.ProcessEnv,
): Promise<Answer & { engine?: Engine }> {
  const { name } = traits;
  const program = findProgram(name, env);
  if (!program) return { name, usable: false, text: `${name} is not installed.` };
  const { ok, stdout, fault } = await ask(program, traits.info, env, 20_000);
  const engine = ok ? readInfo(traits, program, stdout) : undefined;
  if (!engine) {
    return {
      name,
      usable: false,
      text: `${name} is installed (${program}), but its engine does not answer: ${fault || 'no server version'}. Start it, or set the variable or context that names it.`,
    };
  }
  const lacking = Object.entries(engine.limits).flatMap(([limit, held]) => (held ? [] : [limit]));
  return {
    name,
    usable: true,
    engine,
    text: `${name} ${engine.version} answers (${engine.rootless ? 'rootless' : 'as root'}, ${engine.local ? 'on this machine' : 'on another or a virtual machine'})${lacking.length ? `; it cannot limit ${lacking.join(', ')}` : ''}.`,
  };
}

function readInfo(traits: EngineTraits, program: string, text: string): Engine | undefined {
  const info = parseRecord(text);
  if (traits.name === 'podman') {
    const host = recordOf(info.host);
    const version = recordOf(info.version).Version;
    if (typeof version !== 'string') return undefined;
    const rootless = recordOf(host.security).rootless === true;
    const controllers = Array.isArray(host.cgroupControllers) ? host.cgroupControllers : [];
    // Without root, version 1 control groups cannot be used at all.
    const has = (controller: string) =>
      controllers.includes(controller) && !(rootless && host.cgroupVersion === 'v1');
    return {
      traits,
      program,
      version,
      rootless,
      local: host.serviceIsRemote !== true && process.platform === 'linux',
      limits: { memory: has('memory'), cpus: has('cpu'), pids: has('pids') },
    };
  }
  if (typeof info.ServerVersion !== 'string' || info.ServerVersion === '') return undefined;
  const security = Array.isArray(info.SecurityOptions) ? info.SecurityOptions.join() : '';
  return {
    traits,
    program,
    version: info.ServerVersion,
    rootless: security.includes('rootless'),
    // The engine's own name for its machine: DOCKER_HOST and contexts may lead anywhere.
    local: process.platform === 'linux' && info.Name === hostname(),
    limits: {
      memory: info.MemoryLimit !== false,
      cpus: info.CpuCfsQuota !== false && info.CPUCfsQuota !== false,
      pids: info.PidsLimit !== false,
    },
  };
}

async function askBubblewrap(
  env: NodeJS.ProcessEnv,
): Promise<Answer & { bubblewrap?: Bubblewrap }> {
  const name = 'bubblewrap';
  if (process.platform !== 'linux') {
    return { name, usable: false, text: 'bubblewrap exists on Linux only.' };
  }
  const program = findProgram('bwrap', env);
  if (!program) return { name, usable: false, text: 'bubblewrap (bwrap) is not installed.' };
  const { stdout } = await ask(program, ['--version'], env, 5_000);
  const version = /(\d+)\.(\d+)\.(\d+)/.exec(stdout);
  // --size, --perms and --disable-userns, without which the box would leak, came one by one.
  if (!version || (Number(version[1]) === 0 && Number(version[2]) < 8)) {
    return {
      name,
      usable: false,
      text: `bubblewrap is ${stdout.trim() || 'of unknown version'} (${program}); 0.8.0 or newer is needed.`,
    };
  }
  const box = [
    '--unshare-all',
    '--unshare-user',
    '--die-with-parent',
    '--dev-bind',
    '/',
    '/',
    '--',
  ];
  const plain = await ask(program, [...box, 'true'], env, 5_000);
  if (!plain.ok) {
    return {
      name,
      usable: false,
      text: `bubblewrap ${version[0]} is installed, but cannot make a box: ${plain.fault}. The system may forbid user namespaces (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns).`,
    };
  }
  const [first = program, ...rest] = [...lowPortsPrefix(program), program, ...box, 'true'];
  const { ok: lowPorts } = await ask(first, rest, env, 5_000);
  return {
    name,
    usable: true,
    bubblewrap: { program, version: version[0], lowPorts },
    text: `bubblewrap ${version[0]} works${lowPorts ? '' : ', without private ports below 1024 (servers reach hosts through proxy variables only)'}.`,
  };
}

/**
 * A command prefix that makes a private network in which every port may be listened on. The box
 * proper is made inside it and keeps that network: there, nobody has the right to change it.
 */
export function lowPortsPrefix(bwrap: string): string[] {
  return [
    bwrap,
    '--unshare-user',
    '--unshare-net',
    '--die-with-parent',
    '--uid',
    '0',
    '--gid',
    '0',
    '--cap-add',
    'CAP_NET_ADMIN',
    // Root of a namespace may only be mapped into another one with this (Linux 5.12).
    '--cap-add',
    'CAP_SETFCAP',
    '--dev-bind',
    '/',
    '/',
    '--',
    '/bin/sh',
    '-c',
    'echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start && exec "$@"',
    'sh',
  ];
}

function ask(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeout: number,
): Promise<{ ok: boolean; stdout: string; fault: string }> {
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { env, timeout, killSignal: 'SIGKILL', maxBuffer: 4 * 2 ** 20 },
      (error, stdout, stderr) => {
        const words =
          stderr.trim() || (error?.killed ? 'no answer in time' : (error?.message ?? ''));
        resolve({ ok: !error, stdout, fault: words.split('\n').slice(-1).join('').slice(0, 300) });
      },
    );
  });
}

function parseRecord(text: string): Record<string, unknown> {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
