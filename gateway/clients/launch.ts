import { PortolanError } from '../../core/errors.ts';
import type { Launch } from './client.ts';
import { type Machine, pathModule } from './machine.ts';

/** An option of `portolan run` that an entry carries. */
export interface GatewayOption {
  /** `--servers` */
  readonly flag: string;
  /** `path` is a file, a folder or a source that may be one. */
  readonly takes: 'nothing' | 'text' | 'path';
  /** Several values repeat the option. */
  readonly values: readonly string[];
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
  options: readonly GatewayOption[],
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
  const args = ['run', ...options.flatMap((option) => written(option, place))];
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

function written({ flag, takes, values }: GatewayOption, place: LaunchPlace): string[] {
  if (takes === 'nothing') return [flag];
  return values.flatMap((value) => [flag, takes === 'path' ? pathIn(value, place) : value]);
}

/** A layout's path is behind its prefix; a registry is none. */
function pathIn(value: string, place: LaunchPlace): string {
  const layout = 'oci-layout:';
  if (value.startsWith(layout)) return layout + absolute(place, value.slice(layout.length));
  return value.startsWith('oci://') ? value : absolute(place, value);
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
