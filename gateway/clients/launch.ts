import { PortolanError } from '../../core/errors.ts';
import type { Launch } from './client.ts';
import { type Machine, pathModule } from './machine.ts';

/** The options of `portolan run` that an entry carries. */
export interface GatewayOptions {
  readonly catalog?: string;
  readonly key?: readonly string[];
  readonly identity?: string;
  readonly issuer?: string;
  readonly trustedRoot?: string;
  readonly servers?: readonly string[];
  readonly allServers?: true;
  readonly set: readonly string[];
  readonly isolation?: string;
  readonly nodeImage?: string;
  readonly toolChanges?: string;
  readonly prefix?: string;
}

/** Where a command is written, and for which program. */
export interface LaunchPlace extends Machine {
  readonly cwd: string;
  /** The Node.js that runs `--command`. */
  readonly node: string;
}

/**
 * The command that starts the gateway on stdio. Paths become absolute, because a client starts its
 * servers in a folder of its own choice. Throws `usage` / `NAME_INVALID` and, on Windows,
 * `ARGUMENT_UNSAFE`.
 */
export function launchOf(
  name: string,
  options: GatewayOptions,
  place: LaunchPlace,
  command?: string,
): Launch {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name)) {
    throw new PortolanError(
      'usage',
      'NAME_INVALID',
      `--name ${JSON.stringify(name)}: use letters, digits, - and _, at most 64`,
    );
  }
  const args = ['run', ...gatewayArgs(options, place)];
  // The gateway would else look for catalogs and secrets in another place than this command.
  const home = place.env.PORTOLAN_HOME;
  const env: Launch['env'] = home ? { PORTOLAN_HOME: absolute(place, home) } : {};
  if (command !== undefined) {
    return { name, command: place.node, args: [absolute(place, command), ...args], env };
  }
  const npx = ['-y', 'portolan', ...args];
  if (place.platform !== 'win32') return { name, command: 'npx', args: npx, env };
  return { name, command: 'cmd', args: ['/c', 'npx', ...npx.map(safeForCmd)], env };
}

/** The part after `run` of a command that starts Portolan; undefined for any other program. */
export function gatewayArgsOf(command: readonly string[]): readonly string[] | undefined {
  const index = command.findIndex(
    (word, at) =>
      command[at + 1] === 'run' &&
      /^portolan(@.*|\.mjs|\.js|\.cmd|\.exe)?$/.test(word.split(/[\\/]/).at(-1) ?? ''),
  );
  return index < 0 ? undefined : command.slice(index + 2);
}

function gatewayArgs(options: GatewayOptions, place: LaunchPlace): string[] {
  const one = (flag: string, value: string | undefined) =>
    value === undefined ? [] : [flag, value];
  const file = (path: string) => absolute(place, path);
  const { catalog, trustedRoot, servers } = options;
  const layout = catalog?.startsWith('oci-layout:')
    ? `oci-layout:${file(catalog.slice('oci-layout:'.length))}`
    : catalog;
  return [
    ...one('--catalog', layout),
    ...(options.key ?? []).flatMap((path) => ['--key', file(path)]),
    ...one('--identity', options.identity),
    ...one('--issuer', options.issuer),
    ...one('--trusted-root', trustedRoot === undefined ? undefined : file(trustedRoot)),
    ...(options.allServers ? ['--all'] : one('--servers', servers?.join(','))),
    ...options.set.flatMap((assignment) => ['--set', assignment]),
    ...one('--isolation', options.isolation),
    ...one('--node-image', options.nodeImage),
    ...one('--tool-changes', options.toolChanges),
    ...one('--prefix', options.prefix),
  ];
}

function absolute(place: LaunchPlace, path: string): string {
  return pathModule(place).resolve(place.cwd, path);
}

/** npx is a batch file on Windows; cmd would read these characters as commands of its own. */
function safeForCmd(word: string): string {
  if (!/["&|<>^%!\r\n]/.test(word)) return word;
  throw new PortolanError(
    'usage',
    'ARGUMENT_UNSAFE',
    `${word} holds a character that cmd.exe would interpret; name the installed file instead, with --command PATH`,
  );
}
