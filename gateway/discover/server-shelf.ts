import { PortolanError } from '../../core/errors.ts';
import { counted } from '../../core/text.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import type { Gateway } from '../relay/gateway.ts';
import type { Upstream } from '../relay/upstream.ts';
import { buildIndex } from './rank.ts';

/** Servers that can be found, added and removed while the gateway runs. */
export interface ServerShelf {
  find(query: string, limit: number): readonly FoundServer[];
  /** Connects a server; says what it offers. Throws PortolanError when it may or can not. */
  add(name: string): Promise<string>;
  /** Disconnects a server. Throws `usage` / `SERVER_UNKNOWN` or `forbidden` / `SERVERS_FIXED`. */
  remove(name: string): Promise<string>;
  /** Other servers than before are connected by themselves; those that clients added stay. */
  replace(upstreams: readonly Upstream[]): Promise<void>;
}

export interface FoundServer {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly connected: boolean;
}

export interface ShelfOptions {
  readonly catalogs: CatalogSet;
  readonly gateway: Pick<Gateway, 'setUpstreams'>;
  /** The servers at the start. */
  readonly upstreams: readonly Upstream[];
  /** Whether the policy lets a server be found. */
  readonly allowed: (name: string, source: string) => boolean;
  /** Verifies and configures a server as `portolan run` would; policy and settings included. */
  readonly select: (name: string) => Promise<Upstream>;
  /** Why nothing can be added or removed. */
  readonly fixed?: string;
  readonly onChange: (event: 'server-added' | 'server-removed', upstream: Upstream) => void;
}

/** The catalogs as a shelf. Changes come one after the other, so none is lost. */
export function serverShelf(options: ShelfOptions): ServerShelf {
  const { catalogs, gateway, allowed } = options;
  const connected = new Map(options.upstreams.map((upstream) => [upstream.name, upstream]));
  const added = new Set<string>();
  const removed = new Set<string>();
  const active = () =>
    catalogs
      .all()
      .filter(({ server }) => server.versions[0]?.status === 'active')
      .filter(({ catalog, server }) => allowed(server.name, catalog.source));
  const index = buildIndex(active(), ({ server: { name, summary } }) => [
    [name, 4],
    [summary.title, 3],
    [summary.tags.join(' '), 2],
    [summary.categories.join(' '), 2],
    [summary.tools.join(' '), 1],
    [summary.description, 1],
  ]);
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    if (options.fixed !== undefined) {
      const text = `the servers cannot be changed here: ${options.fixed}`;
      return Promise.reject(new PortolanError('forbidden', 'SERVERS_FIXED', text));
    }
    const result = queue.then(work);
    queue = result.catch(() => {});
    return result;
  };
  const apply = () => gateway.setUpstreams([...connected.values()]);

  return {
    find: (query, limit) =>
      index.search(query, limit).map(({ item: { server } }) => ({
        name: server.name,
        title: server.summary.title,
        description: server.summary.description,
        connected: connected.has(server.name),
      })),
    add: (name) =>
      inTurn(async () => {
        if (connected.has(name)) return `${name} is connected already.`;
        const upstream = await options.select(name);
        connected.set(upstream.name, upstream);
        added.add(upstream.name);
        removed.delete(upstream.name);
        await apply();
        options.onChange('server-added', upstream);
        const tools = upstream.signed?.tools.length;
        return `${name} is connected${tools === undefined ? '' : ` and offers ${counted(tools, 'tool')}`}; find_tools finds them.`;
      }),
    remove: (name) =>
      inTurn(async () => {
        const upstream = connected.get(name);
        if (!upstream) {
          const names = [...connected.keys()].join(', ');
          throw new PortolanError(
            'usage',
            'SERVER_UNKNOWN',
            `${name} is not connected; connected are ${names || 'none'}`,
          );
        }
        connected.delete(name);
        added.delete(name);
        removed.add(name);
        await apply();
        options.onChange('server-removed', upstream);
        return `${name} is disconnected.`;
      }),
    replace: (upstreams) =>
      inTurn(async () => {
        const next = new Map(
          upstreams
            .filter(({ name }) => !removed.has(name))
            .map((upstream) => [upstream.name, upstream]),
        );
        for (const name of added) {
          if (next.has(name)) continue;
          // Its secrets may be other ones now; what cannot be had anew stays as it is.
          const before = connected.get(name);
          const upstream = await options.select(name).catch(() => before);
          if (upstream) next.set(name, upstream);
        }
        connected.clear();
        for (const [name, upstream] of next) connected.set(name, upstream);
        await apply();
      }),
  };
}
