import { realpathSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { ResolvedVolume } from '../entry/resolve.ts';
import { messageOf, PortolanError } from '../errors.ts';

/** Where this machine keeps things; passed in so that tests can describe another machine. */
export interface Places {
  readonly home: string;
  readonly current: string;
  /** Explicitly allowed by the user or an organisation. */
  readonly allowed: readonly string[];
}

/** Folders that hold credentials wherever they lie. */
const CREDENTIALS = new Set([
  '.ssh',
  '.gnupg',
  '.aws',
  '.azure',
  '.kube',
  '.docker',
  '.password-store',
]);

/** Places of the system that the current folder does not make available. */
const SYSTEM = /^\/(bin|boot|dev|etc|lib\w*|opt|proc|root|run|sbin|sys|usr|var)(\/|$)/;

/** Folders below which a volume may lie; never these folders themselves. */
const SHARED = ['/tmp', '/mnt', '/media', '/srv', '/data', '/Volumes'];

/** Where a volume must not appear inside: it would replace parts of the box. */
const INSIDE = /^\/(bin|boot|dev|etc|lib\w*|opt\/portolan|proc|run|sbin|sys|usr)?(\/|$)/;

/**
 * Resolves the volumes of a server to real paths and refuses what an entry must never see. The
 * rule is an allow-list: a path is fine only below a folder where people keep their work.
 *
 * Throws `usage` / `VOLUME_MISSING` or `forbidden` / `VOLUME_FORBIDDEN`.
 */
export function resolveVolumes(
  server: string,
  volumes: readonly ResolvedVolume[],
  places: Places,
): ResolvedVolume[] {
  return volumes.map((volume, index) => {
    const field = `${server}: permissions.volumes[${index}]`;
    if (!isAbsolute(volume.source)) {
      throw new PortolanError(
        'usage',
        'VOLUME_MISSING',
        `${field}: ${JSON.stringify(volume.source)} is not an absolute path; set the whole path`,
      );
    }
    const source = realPath(field, volume.source);
    const fault = faultOf(source, places) ?? faultOfTarget(volume.target);
    if (fault) {
      throw new PortolanError(
        'forbidden',
        'VOLUME_FORBIDDEN',
        `${field}: ${volume.source}${source === volume.source ? '' : ` (really ${source})`} ${fault}; choose a folder that holds only what the server needs, or allow this one with --allow-path`,
      );
    }
    return { ...volume, source };
  });
}

/** The places of the current process. */
export function currentPlaces(allowed: readonly string[] = []): Places {
  return { home: homedir(), current: process.cwd(), allowed };
}

function realPath(field: string, path: string): string {
  try {
    const real = realpathSync.native(path);
    const kind = statSync(real);
    if (kind.isFile() || kind.isDirectory()) return real;
    // Sockets above all: the engine's own would hand over the machine.
    throw new PortolanError(
      'forbidden',
      'VOLUME_FORBIDDEN',
      `${field}: ${path} is neither a file nor a folder; sockets and devices are never mounted`,
    );
  } catch (error) {
    if (error instanceof PortolanError) throw error;
    throw new PortolanError(
      'usage',
      'VOLUME_MISSING',
      `${field}: ${path} cannot be read (${messageOf(error)}); create it or set another path`,
      { cause: error },
    );
  }
}

function faultOf(source: string, places: Places): string | undefined {
  const home = realOr(places.home);
  if (contains(source, home)) return 'is or contains the home folder';
  const secret = source.split(sep).find((part) => CREDENTIALS.has(part));
  if (secret) return `lies in ${secret}, which holds credentials`;
  if (places.allowed.some((path) => contains(realOr(path), source))) return undefined;
  if (contains(home, source)) {
    const [first = ''] = relative(home, source).split(sep);
    if (first.startsWith('.')) return `lies in ~/${first}, where programs keep their settings`;
    if (['Library', 'AppData'].includes(first))
      return `lies in ~/${first}, which belongs to programs`;
    return undefined;
  }
  const current = realOr(places.current);
  if (!SYSTEM.test(current) && !contains(current, home) && contains(current, source)) {
    return undefined;
  }
  const roots = [...SHARED, tmpdir()].map(realOr);
  if (roots.some((root) => root !== source && contains(root, source))) return undefined;
  const drive = /^([A-Za-z]:)\\./.exec(source)?.[1];
  if (drive && drive.toLowerCase() !== (process.env.SystemDrive ?? 'C:').toLowerCase()) {
    return undefined;
  }
  return 'is not below the home folder, the current folder, /tmp, /mnt, /media, /srv, /data or /Volumes';
}

function faultOfTarget(target: string): string | undefined {
  if (INSIDE.test(join('/', target).replaceAll('\\', '/'))) {
    return `would appear at ${target}, which belongs to the system inside`;
  }
  return /[\0\r\n]/.test(target) ? 'has a line break in its name' : undefined;
}

/** Whether `inner` is `outer` or lies below it. */
function contains(outer: string, inner: string): boolean {
  const path = relative(outer, inner);
  return path === '' || (path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path));
}

function realOr(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return resolve(path);
  }
}
