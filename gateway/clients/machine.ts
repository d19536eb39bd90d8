import { posix, win32 } from 'node:path';

/** What decides where programs keep their files. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Home folder of the user. */
  readonly home: string;
}

/**
 * Turns a location of the clients' table into a path of a machine; undefined when it begins with a
 * variable that is not set there.
 *
 * `~` is the home folder, `$CONFIG` the XDG configuration folder, `$SUPPORT` Apple's Application
 * Support, `$APPDATA` and `$LOCALAPPDATA` those of Windows; any other `$NAME` is an environment
 * variable. Locations are written with slashes.
 */
export function pathOn(machine: Machine, location: string): string | undefined {
  const [first = '', ...rest] = location.split('/');
  const base = first === '~' ? machine.home : baseOf(machine, first.slice(1));
  return base === undefined ? undefined : pathModule(machine).join(base, ...rest);
}

/** `node:path` of a platform. */
export function pathModule({ platform }: Pick<Machine, 'platform'>): typeof posix {
  return platform === 'win32' ? win32 : posix;
}

function baseOf(machine: Machine, variable: string): string | undefined {
  const { env, home } = machine;
  const path = pathModule(machine);
  // An empty variable counts as unset, as the XDG specification says.
  const set = (name: string) => env[name] || undefined;
  switch (variable) {
    case 'CONFIG':
      return set('XDG_CONFIG_HOME') ?? path.join(home, '.config');
    case 'SUPPORT':
      return path.join(home, 'Library', 'Application Support');
    case 'APPDATA':
      return set('APPDATA') ?? path.join(home, 'AppData', 'Roaming');
    case 'LOCALAPPDATA':
      return set('LOCALAPPDATA') ?? path.join(home, 'AppData', 'Local');
    default:
      return set(variable);
  }
}
