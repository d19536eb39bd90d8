import { join } from 'node:path';
import type { ResolvedVolume } from '../entry/resolve.ts';
import { PortolanError } from '../errors.ts';
import type { Prepared } from './prepared.ts';
import type { LaunchPlan } from './types.ts';

/** Variables without which programs do not start at all. */
const NEEDED = [
  'PATH',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SYSTEMROOT',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'LANG',
];

/**
 * The command of `--isolation none`: the server runs with all rights of the user. Only its
 * environment is clean, so that it does not simply find the keys of other programs there.
 */
export function prepareBare(
  plan: LaunchPlan,
  volumes: readonly ResolvedVolume[],
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Prepared {
  const { entry, resolved, tree } = plan;
  if (!tree) {
    throw new PortolanError(
      'failed',
      'ISOLATION_MISSING',
      `${entry.name} is a container image and cannot run with --isolation none; install and start docker or podman`,
    );
  }
  // Without a mount, a path inside is the path on the host.
  const moved = new Map(volumes.map(({ source, target }) => [target, source]));
  const outside = (text: string) =>
    [...moved].reduce((result, [target, source]) => result.replaceAll(target, source), text);
  const command: [string, ...string[]] = [
    process.execPath,
    join(tree.folder, tree.script),
    ...resolved.args.map(outside),
  ];
  const kept = NEEDED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  const declared = Object.entries(resolved.env).map(([name, value]) => [name, outside(value)]);
  return {
    driver: 'none',
    command,
    env: {
      ...Object.fromEntries(kept),
      HOME: folder,
      USERPROFILE: folder,
      ...Object.fromEntries(declared),
      ...resolved.secretEnv,
    },
    shown: command,
    cgroups: [],
    notes: [
      'NO ISOLATION: this server can read and change all that you can, and reach every network. None of the permissions of its entry is enforced.',
    ],
  };
}
