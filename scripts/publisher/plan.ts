import { isDeepStrictEqual } from 'node:util';
import type {
  CatalogConfig,
  CatalogServer,
  CatalogVersion,
  PublishedCatalog,
} from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { type CatalogLine, type CatalogPosition, makeCatalog } from './make-catalog.ts';

/** What a publication will do. */
export interface PublicationPlan {
  /** Versions that the repository does not have yet. */
  readonly added: readonly CatalogLine[];
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
  lines: readonly CatalogLine[],
  position: CatalogPosition,
  previous: PublishedCatalog | undefined,
): PublicationPlan {
  const before = new Map(previous?.servers.map((server) => [server.name, server]));
  refuseDeletions(lines, before);
  const fresh = makeCatalog(config, lines, position);
  const added = lines.filter(({ name, listed }) => isNew(name, listed, before.get(name)));
  const servers = fresh.servers.map((server): CatalogServer => {
    const old = before.get(server.name)?.versions ?? [];
    const [newest] = server.versions;
    const published = old.find(({ version }) => version === newest?.version);
    if (!published) return { ...server, versions: [...server.versions, ...old] };
    // The registry's version comes first even after a step back to an older one.
    return { ...server, versions: [published, ...old.filter((item) => item !== published)] };
  });
  const catalog: PublishedCatalog = { ...fresh, servers };
  const changed = !previous || !isDeepStrictEqual(contentOf(previous), contentOf(catalog));
  if (previous && changed) refuseRegression(previous, catalog);
  return { added, catalog: changed || !previous ? catalog : previous, changed };
}

function isNew(name: string, listed: CatalogVersion, old: CatalogServer | undefined): boolean {
  const published = old?.versions.find(({ version }) => version === listed.version);
  if (published && published.digest !== listed.digest) {
    throw new PortolanError(
      'forbidden',
      'VERSION_REUSED',
      `registry/servers/${name}: version ${listed.version} is published as ${published.digest} and has other content now (${listed.digest}); a published version never changes, raise \`version\``,
    );
  }
  return !published;
}

function refuseDeletions(
  lines: readonly CatalogLine[],
  before: ReadonlyMap<string, CatalogServer>,
): void {
  const names = new Set(lines.map(({ name }) => name));
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
function contentOf({ number: _number, commit: _commit, ...content }: PublishedCatalog) {
  return content;
}
