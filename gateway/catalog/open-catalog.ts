import { checkFreshness, type VerifiedFreshness } from '../../core/catalog/check-freshness.ts';
import { readFreshness } from '../../core/catalog/freshness.ts';
import { readCatalog, type VerifiedCatalog } from '../../core/catalog/read-catalog.ts';
import { readServer, type VerifiedServer } from '../../core/catalog/read-server.ts';
import type { CatalogServer, LockedServer } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import type { Repository } from '../../core/oci/repository.ts';
import type { TrustPolicy } from '../../core/trust/verify.ts';
import { type ConnectedSource, connectSource, type SourceOptions } from './connect-source.ts';
import { findVersion } from './find-version.ts';
import { judgeCopy, refuseOlder, unconfirmed } from './stand-in.ts';
import { acceptCatalog } from './state.ts';

/** An accepted catalog as a gateway serves from it; one that was recalled lists what is served. */
export interface ListedCatalog extends Pick<VerifiedCatalog, 'catalog' | 'descriptor'> {
  /** As the user gave it. */
  readonly source: string;
  /**
   * Gives a server of the catalog, verified; the newest version unless another is named. A locked
   * one is read by its digest, whether or not the catalog still lists it.
   */
  server(
    name: string,
    version?: string,
    locked?: Pick<LockedServer, 'version' | 'digest'>,
  ): Promise<VerifiedServer>;
}

/** A catalog source that was opened, verified and accepted. */
export interface OpenCatalog extends ListedCatalog, VerifiedCatalog {
  readonly repository: Repository;
  readonly freshness?: VerifiedFreshness;
  /** The source did not answer: this is what was fetched before, or came with the package. */
  readonly offline: boolean;
  /** It came with the package, and nothing was ever fetched. */
  readonly packaged: boolean;
  /** Why it is to be looked at only; absent where it may be run from. */
  readonly lookOnly?: string;
}

export interface OpenCatalogOptions extends SourceOptions {
  /** Where the newest catalog seen of each source is remembered. */
  readonly stateDir: string;
  /** The source, where somebody asked it already: an outage is then found out once. */
  readonly opened?: ConnectedSource | undefined;
  readonly now?: () => Date;
}

/**
 * Opens a catalog source, verifies it, and refuses it when it is older than one seen before or no
 * longer fresh. A registry that does not answer is replaced by what was fetched from it before or
 * came with the package, for as long as the freshness statement in that copy holds; after that it is
 * only for looking.
 *
 * Throws what readCatalog, acceptCatalog and checkFreshness throw, and `unreachable` /
 * `CATALOG_UNCONFIRMED` for a copy that is too old; `server` throws `usage` / `SERVER_UNKNOWN` for a
 * name or version that the catalog does not list, `forbidden` / `SERVER_WITHDRAWN` for a tombstone,
 * and what readServer throws.
 */
export async function openCatalog(
  source: string,
  policy: TrustPolicy,
  options: OpenCatalogOptions,
): Promise<OpenCatalog> {
  const { stateDir, look = false, log = () => {}, now = () => new Date() } = options;
  const { repository, cached } = options.opened ?? (await connectSource(source, options));
  const verified = await readCatalog(repository, policy);
  const early = cached?.standIn();
  if (early?.copy === 'packaged') await refuseOlder(verified, stateDir, source, early);
  await acceptCatalog(stateDir, source, verified, { now, remember: early?.copy !== 'packaged' });
  const freshness = await readFreshness(repository, policy);
  // Asked again: the network may have gone in between.
  const standIn = cached?.standIn();
  const { number } = verified.catalog;
  // A folder is as old as it is; only what comes over a network can be held back by someone.
  let lookOnly: string | undefined;
  if (standIn) {
    lookOnly = judgeCopy(standIn, { source, number, freshness, now: now() });
    if (lookOnly && !look) throw unconfirmed(lookOnly, standIn);
    if (lookOnly) log(lookOnly);
  } else if (cached) {
    checkFreshness(freshness, { number, digest: verified.descriptor.digest }, source, now());
  }
  const byName = new Map(verified.catalog.servers.map((server) => [server.name, server]));
  return {
    ...verified,
    source,
    repository,
    ...(freshness ? { freshness } : {}),
    offline: standIn !== undefined,
    packaged: standIn?.copy === 'packaged',
    ...(lookOnly ? { lookOnly } : {}),
    async server(name, version, locked) {
      const listed = locked
        ? findLocked(byName, name, locked)
        : findVersion(byName, name, version, source);
      const server = await readServer(repository, name, listed, policy);
      if (listed.status === 'withdrawn' || server.entry.status?.state === 'withdrawn') {
        const { reason, replacement } = server.entry.status ?? {};
        throw new PortolanError(
          'forbidden',
          'SERVER_WITHDRAWN',
          `${name} was withdrawn from ${source}: ${reason ?? 'no reason given'}${replacement ? `; use ${replacement} instead` : ''}`,
        );
      }
      return server;
    },
  };
}

/** The locked version; the tombstone of a server that was withdrawn since, whose reason is told. */
function findLocked(
  byName: ReadonlyMap<string, CatalogServer>,
  name: string,
  { version, digest }: Pick<LockedServer, 'version' | 'digest'>,
) {
  const versions = byName.get(name)?.versions ?? [];
  const [newest] = versions;
  if (newest?.status === 'withdrawn') return newest;
  const status = versions.find((item) => item.version === version)?.status ?? 'active';
  return { version, digest, status };
}
