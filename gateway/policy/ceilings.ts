import { realpath } from 'node:fs/promises';
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import type { ResolvedEntry } from '../../core/entry/resolve.ts';
import type { Policy, ServerEntry } from '../../core/entry/types.generated.ts';

/** A ceiling that a server exceeds. */
export interface Excess {
  readonly rule: string;
  readonly why: string;
}

/** The first ceiling that a server with its settings exceeds. */
export async function overLimits(
  limits: Policy['limits'],
  entry: ServerEntry,
  resolved: ResolvedEntry,
): Promise<Excess | undefined> {
  if (!limits) return undefined;
  return (
    overNetwork(limits.network, entry, resolved) ??
    (entry.remote ? undefined : overResources(limits.resources, entry, resolved)) ??
    (await overVolumes(limits.volumes, entry, resolved))
  );
}

type Limits = NonNullable<Policy['limits']>;

function overNetwork(
  allowed: Limits['network'],
  { name, remote }: ServerEntry,
  { network, url }: ResolvedEntry,
): Excess | undefined {
  if (!allowed) return undefined;
  const wanted = [...network, ...(remote ? [hostOf(url ?? remote.url)] : [])];
  const over = wanted.find(
    ({ host, port }) => !allowed.some((pattern) => isWithin(pattern, host, port)),
  );
  return (
    over && { rule: 'limits.network', why: `${name} the connection to ${over.host}:${over.port}` }
  );
}

/** Whether everything that `host` covers is covered by the pattern; `*` covers no literal address. */
function isWithin(pattern: string, host: string, port: number): boolean {
  const colon = pattern.lastIndexOf(':');
  const [limit, limitPort] = [pattern.slice(0, colon), pattern.slice(colon + 1)];
  if (limitPort !== '*' && Number(limitPort) !== port) return false;
  const name = host.toLowerCase();
  if (limit === name) return true;
  if (isIP(name.replace(/^\[|\]$/g, ''))) return false;
  if (limit === '*') return true;
  return limit.startsWith('*.') && name.endsWith(limit.slice(1));
}

function hostOf(url: string): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname, port: Number(port || (protocol === 'http:' ? 80 : 443)) };
}

function overResources(
  limits: Limits['resources'],
  { name }: ServerEntry,
  { resources }: ResolvedEntry,
): Excess | undefined {
  if (!limits) return undefined;
  for (const kind of ['memory', 'cpus', 'pids', 'tmp'] as const) {
    const limit = limits[kind];
    if (limit === undefined) continue;
    const most = typeof limit === 'string' ? bytesOf(limit) : limit;
    if (resources[kind] > most) {
      const wanted =
        typeof limit === 'string' ? `${Math.ceil(resources[kind] / 2 ** 20)}m` : resources[kind];
      return { rule: `limits.resources.${kind}`, why: `${name} ${kind} ${wanted}, over ${limit}` };
    }
  }
  return undefined;
}

async function overVolumes(
  limits: Limits['volumes'],
  { name }: ServerEntry,
  { volumes }: ResolvedEntry,
): Promise<Excess | undefined> {
  const { access = 'read-write', paths } = limits ?? {};
  const roots = paths && (await Promise.all(paths.map((path) => real(expand(path)))));
  for (const volume of volumes) {
    if (access === 'none' || (access === 'read-only' && volume.access === 'read-write')) {
      return {
        rule: 'limits.volumes.access',
        why: `${name} the volume ${volume.source} (${volume.access})`,
      };
    }
    // Links are resolved on both sides, so that one inside an allowed folder leads nowhere else.
    const source = await real(volume.source);
    if (roots && !roots.some((root) => isInside(root, source))) {
      return { rule: 'limits.volumes.paths', why: `${name} the volume ${volume.source}` };
    }
  }
  return undefined;
}

function expand(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

async function real(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && resolve(root, way) === path);
}

function bytesOf(text: string): number {
  return Number(text.slice(0, -1)) * (text.endsWith('g') ? 2 ** 30 : 2 ** 20);
}
