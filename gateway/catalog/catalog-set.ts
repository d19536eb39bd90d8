import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import type { CatalogServer, LockedServer } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { suggest } from '../cli/suggest.ts';
import type { ListedCatalog } from './open-catalog.ts';

/** Several catalogs as one: the first that has a server wins, in the user's order. */
export interface CatalogSet<Catalog extends ListedCatalog = ListedCatalog> {
  readonly catalogs: readonly Catalog[];
  /** Every server once, with the catalog that it comes from. */
  all(): readonly { readonly catalog: Catalog; readonly server: CatalogServer }[];
  /** The catalog and its line for a server. Throws `usage` / `SERVER_UNKNOWN`. */
  find(name: string): { readonly catalog: Catalog; readonly server: CatalogServer };
  /**
   * The catalog that a server is read from: for a locked one the catalog that it was locked from,
   * when that is open. Throws `usage` / `SERVER_UNKNOWN`.
   */
  catalogOf(name: string, locked?: LockedServer): Catalog;
  /** Reads and verifies a server; see OpenCatalog.server. */
  server(name: string, version?: string, locked?: LockedServer): Promise<VerifiedServer>;
}

export function catalogSet<Catalog extends ListedCatalog>(
  catalogs: readonly Catalog[],
): CatalogSet<Catalog> {
  const byName = new Map<string, { catalog: Catalog; server: CatalogServer }>();
  for (const catalog of catalogs) {
    for (const server of catalog.catalog.servers) {
      if (!byName.has(server.name)) byName.set(server.name, { catalog, server });
    }
  }
  const find = (name: string) => {
    const found = byName.get(name);
    if (found) return found;
    const where = catalogs.map(({ source }) => source).join(' and ');
    throw new PortolanError(
      'usage',
      'SERVER_UNKNOWN',
      `${where} ${catalogs.length > 1 ? 'have' : 'has'} no server "${name}"${suggest(name, [...byName.keys()])}`,
    );
  };
  const catalogOf = (name: string, locked?: LockedServer) =>
    catalogs.find(({ source }) => source === locked?.catalog.source) ?? find(name).catalog;
  return {
    catalogs,
    all: () => [...byName.values()],
    find,
    catalogOf,
    async server(name, version, locked) {
      const catalog = catalogOf(name, locked);
      try {
        return await catalog.server(name, version, locked);
      } catch (error) {
        if (!locked || !(error instanceof PortolanError) || error.code !== 'NOT_FOUND') throw error;
        throw new PortolanError(
          'unreachable',
          'LOCK_UNAVAILABLE',
          `${catalog.source} does not hold ${name} ${locked.version} as it is locked (${locked.digest}, from ${locked.catalog.source}); add that catalog with \`portolan catalog add\`, or move on with \`portolan update ${name}\``,
          { cause: error },
        );
      }
    },
  };
}
