import { type Answer, ask } from './ask.ts';
import type { Bubblewrap } from './detect.ts';
import { findProgram } from './find-program.ts';

/** Tries out whether bubblewrap can make a box here, and whether it may have low ports. */
export async function askBubblewrap(
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
