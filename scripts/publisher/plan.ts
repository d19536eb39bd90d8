import { canonicalJson } from '../../core/entry/canonical.ts';
import type {
  CatalogConfig,
  CatalogServer,
  CatalogVersion,
  PublishedCatalog,
} from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { type CatalogPosition, makeCatalog, versionOf } from './make-catalog.ts';
import type { PackedServer } from './pack-server.ts';

/** What a publication will do. */
export interface PublicationPlan {
  /** Versions that the repository does not have yet. */
  readonly added: readonly PackedServer[];
  /** The catalog as it will be. */
  readonly catalog: PublishedCatalog;
  /** False when the published catalog already says all this. */
  readonly changed: boolean;
}

/**
 * Compares the registry with what is published. Versions are immutable and never vanish.
 *
 * Throws `forbidden` with `VERSION_REUSED` (content changed under a published version),
 * `ENTRY_DELETED` (no tombstone), `NUMBER_NOT_GROWN` (this checkout is older than what is
 * published), or `NAMESPACE_CHANGED`.
 */
export function planPublication(
  config: CatalogConfig,
  packed: readonly PackedServer[],
  position: CatalogPosition,
  previous: PublishedCatalog | undefined,
): PublicationPlan {
  const before = new Map(previous?.servers.map((server) => [server.name, server]));
  refuseDeletions(packed, before);
  const added: PackedServer[] = [];
  const fresh = makeCatalog(config, packed, position);
  const packedByName = new Map(packed.map((server) => [server.name, server]));
  const servers = fresh.servers.map((server): CatalogServer => {
    const source = packedByName.get(server.name) as PackedServer;
    const old = before.get(server.name)?.versions ?? [];
    const merged = mergeVersions(source, old, position);
    if (merged.isNew) added.push(source);
    return { ...server, versions: merged.versions };
  });
  const catalog: PublishedCatalog = { ...fresh, servers };
  const changed = !previous || contentOf(previous) !== contentOf(catalog);
  if (previous && changed) refuseRegression(previous, catalog);
  return { added, catalog: changed || !previous ? catalog : previous, changed };
}

function mergeVersions(
  { name, entry, artifact }: PackedServer,
  old: readonly CatalogVersion[],
  position: CatalogPosition,
): { versions: CatalogVersion[]; isNew: boolean } {
  const published = old.find(({ version }) => version === entry.version);
  if (published && published.digest !== artifact.descriptor.digest) {
    throw new PortolanError(
      'forbidden',
      'VERSION_REUSED',
      `registry/servers/${name}: version ${entry.version} is published as ${published.digest} and has other content now (${artifact.descriptor.digest}); a published version never changes, raise \`version\``,
    );
  }
  if (published) {
    // The registry's version comes first even after a step back to an older one.
    return { versions: [published, ...old.filter((item) => item !== published)], isNew: false };
  }
  const listed = versionOf(entry, artifact, position.dateOf?.(name));
  return { versions: [listed, ...old], isNew: true };
}

function refuseDeletions(
  packed: readonly PackedServer[],
  before: ReadonlyMap<string, CatalogServer>,
): void {
  const names = new Set(packed.map(({ name }) => name));
  const gone = [...before.keys()].filter((name) => !names.has(name));
  if (gone.length === 0) return;
  throw new PortolanError(
    'forbidden',
    'ENTRY_DELETED',
    `published entries are missing from the registry: ${gone.slice(0, 5).join(', ')}${gone.length > 5 ? ` and ${gone.length - 5} more` : ''}; bring them back with status.state: withdrawn and a reason, so that their users learn why`,
  );
}

function refuseRegression(previous: PublishedCatalog, next: PublishedCatalog): void {
  if (previous.namespace !== next.namespace) {
    throw new PortolanError(
      'forbidden',
      'NAMESPACE_CHANGED',
      `the repository holds a catalog of ${previous.namespace}, not of ${next.namespace}; publish to a repository of its own`,
    );
  }
  if (next.number <= previous.number) {
    throw new PortolanError(
      'forbidden',
      'NUMBER_NOT_GROWN',
      `catalog ${previous.number} is published and this checkout gives ${next.number}; its number is the first-parent commit count: publish from the newest commit with its full history`,
    );
  }
}

/** What a catalog says, without where in its history it stands. */
function contentOf({ number: _number, commit: _commit, ...content }: PublishedCatalog): string {
  return canonicalJson(content);
}
