import { canonicalBytes } from '../../core/entry/canonical.ts';
import type {
  CatalogConfig,
  CatalogServer,
  CatalogVersion,
  PublishedCatalog,
} from '../../core/entry/types.generated.ts';
import { type Artifact, packArtifact } from '../../core/oci/artifact.ts';
import { CATALOG_ARTIFACT, CATALOG_LAYER } from '../../core/oci/media-types.ts';
import type { PackedServer } from './pack-server.ts';

/** Where in its history a catalog stands. */
export interface CatalogPosition {
  /** First-parent commit count; only grows. */
  readonly number: number;
  readonly commit?: string;
  /** A development key signs. */
  readonly development: boolean;
  /** First publication of a server's version (RFC 3339, UTC), where it is known. */
  readonly dateOf?: (name: string) => string | undefined;
}

/** The catalog over packed servers, sorted by name. */
export function makeCatalog(
  config: CatalogConfig,
  servers: readonly PackedServer[],
  { number, commit, development, dateOf }: CatalogPosition,
): PublishedCatalog {
  return {
    formatVersion: 1,
    namespace: config.namespace,
    title: config.title,
    description: config.description,
    source: config.source,
    ...(config.site ? { site: config.site } : {}),
    ...(development ? { development: true } : {}),
    number,
    ...(commit ? { commit } : {}),
    categories: config.categories,
    servers: servers
      .map(
        ({ name, entry, artifact, summary }): CatalogServer => ({
          name,
          versions: [versionOf(entry, artifact, dateOf?.(name))],
          summary,
        }),
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** One line of the catalog: a version by digest. */
export function versionOf(
  entry: PackedServer['entry'],
  artifact: Artifact,
  publishedAt: string | undefined,
): CatalogVersion {
  return {
    version: entry.version,
    digest: artifact.descriptor.digest,
    size: artifact.descriptor.size,
    status: entry.status?.state ?? 'active',
    ...(publishedAt ? { publishedAt } : {}),
  };
}

/** The artifact that carries a catalog. */
export function packCatalog(catalog: PublishedCatalog): Artifact {
  return packArtifact(
    CATALOG_ARTIFACT,
    [{ title: 'catalog.json', mediaType: CATALOG_LAYER, bytes: canonicalBytes(catalog) }],
    { 'org.opencontainers.image.title': catalog.title },
  );
}
