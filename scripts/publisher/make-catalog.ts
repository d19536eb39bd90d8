import { canonicalBytes } from '../../core/entry/canonical.ts';
import type {
  CatalogConfig,
  CatalogServer,
  CatalogSummary,
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
  /** Names of the entries that differ from those of a commit; undefined when it cannot be told. */
  readonly changedSince?: (commit: string) => Promise<ReadonlySet<string> | undefined>;
}

/** What the catalog says of the newest version of a server. */
export interface CatalogLine {
  readonly name: string;
  readonly listed: CatalogVersion;
  readonly summary: CatalogSummary;
}

/** The line of a packed server, without its date. */
export function lineOf({ name, entry, artifact, summary }: PackedServer): CatalogLine {
  return {
    name,
    listed: {
      version: entry.version,
      digest: artifact.descriptor.digest,
      size: artifact.descriptor.size,
      status: entry.status?.state ?? 'active',
    },
    summary,
  };
}

/** The same line with the date of publication, where it is known. */
export function dated(line: CatalogLine, { dateOf }: Pick<CatalogPosition, 'dateOf'>): CatalogLine {
  const publishedAt = dateOf?.(line.name);
  return publishedAt ? { ...line, listed: { ...line.listed, publishedAt } } : line;
}

/** The catalog over the newest versions, sorted by name. */
export function makeCatalog(
  config: CatalogConfig,
  lines: readonly CatalogLine[],
  { number, commit, development }: CatalogPosition,
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
    servers: lines
      .map(({ name, listed, summary }): CatalogServer => ({ name, versions: [listed], summary }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
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
