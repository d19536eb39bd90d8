import { createHash } from 'node:crypto';

/** When names get their server in front: only on a collision, always, or never. */
export type PrefixMode = 'auto' | 'always' | 'never';

/** Something that one server calls by one name. */
export interface Named {
  readonly server: string;
  readonly name: string;
}

/**
 * The names that clients see, in the order of the input. With `auto`, a name that only one server
 * uses stays as it is and the others become `server__name`. The result depends on the input only,
 * not on which server answered first. With `never`, the first server keeps a disputed name and the
 * others get undefined: they cannot be called.
 */
export function publicNames(entries: readonly Named[], mode: PrefixMode): (string | undefined)[] {
  const servers = new Map<string, Set<string>>();
  for (const { name, server } of entries) {
    const users = servers.get(name);
    if (users) users.add(server);
    else servers.set(name, new Set([server]));
  }
  const keepsName = ({ name }: Named) =>
    mode === 'never' || (mode === 'auto' && servers.get(name)?.size === 1);
  const taken = new Set<string>();
  const names: (string | undefined)[] = new Array(entries.length).fill(undefined);
  // Names that stay as they are come first, so that no made-up name can take one of them.
  for (const [index, entry] of entries.entries()) {
    if (!keepsName(entry) || taken.has(entry.name)) continue;
    names[index] = entry.name;
    taken.add(entry.name);
  }
  if (mode === 'never') return names;
  for (const [index, entry] of entries.entries()) {
    if (keepsName(entry)) continue;
    const name = prefixed(entry, taken);
    names[index] = name;
    taken.add(name);
  }
  return names;
}

const LONGEST = 64;

/** `server__name` of letters, digits, `_` and `-`; a hash tells apart what that makes equal. */
function prefixed(entry: Named, taken: ReadonlySet<string>): string {
  const plain = `${entry.server}__${entry.name}`;
  const clean = plain.replace(/[^A-Za-z0-9_-]/g, '_');
  if (clean === plain && clean.length <= LONGEST && !taken.has(clean)) return clean;
  const hash = createHash('sha256').update(plain).digest('hex').slice(0, 8);
  return `${clean.slice(0, LONGEST - 9)}_${hash}`;
}

const RESOURCE_PREFIX = 'portolan://';

/** The URI under which a client reaches a resource that several servers offer under one URI. */
export function prefixedUri(server: string, uri: string): string {
  return `${RESOURCE_PREFIX}${server}/${uri}`;
}

/** The server and the original URI of a URI made by `prefixedUri`; undefined for any other. */
export function parsePrefixedUri(uri: string): { server: string; uri: string } | undefined {
  if (!uri.startsWith(RESOURCE_PREFIX)) return undefined;
  const slash = uri.indexOf('/', RESOURCE_PREFIX.length);
  if (slash < 0) return undefined;
  return { server: uri.slice(RESOURCE_PREFIX.length, slash), uri: uri.slice(slash + 1) };
}
