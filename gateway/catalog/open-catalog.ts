import { readCatalog, type VerifiedCatalog } from '../../core/catalog/read-catalog.ts';
import { readServer, type VerifiedServer } from '../../core/catalog/read-server.ts';
import type { CatalogServer } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { openRepository } from '../../core/oci/open.ts';
import type { Repository } from '../../core/oci/repository.ts';
import type { TrustPolicy } from '../../core/trust/verify.ts';
import { suggest } from '../cli/suggest.ts';
import { acceptCatalog } from './state.ts';

/** A catalog source that was opened, verified and accepted. */
export interface OpenCatalog extends VerifiedCatalog {
  /** As the user gave it. */
  readonly source: string;
  readonly repository: Repository;
  /** Reads and verifies a server of the catalog; the newest version unless another is named. */
  server(name: string, version?: string): Promise<VerifiedServer>;
}

/**
 * Opens a catalog source, verifies it, and refuses it when it is older than one seen before.
 *
 * Throws what readCatalog and acceptCatalog throw; `server` throws `usage` / `SERVER_UNKNOWN` for a
 * name or version that the catalog does not list, `forbidden` / `SERVER_WITHDRAWN` for a tombstone,
 * and what readServer throws.
 */
export async function openCatalog(
  source: string,
  policy: TrustPolicy,
  { stateDir }: { readonly stateDir: string },
): Promise<OpenCatalog> {
  const repository = await openRepository(source);
  const verified = await readCatalog(repository, policy);
  await acceptCatalog(stateDir, source, verified);
  const byName = new Map(verified.catalog.servers.map((server) => [server.name, server]));
  return {
    ...verified,
    source,
    repository,
    async server(name, version) {
      const listed = findVersion(byName, name, version, source);
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

function findVersion(
  byName: ReadonlyMap<string, CatalogServer>,
  name: string,
  version: string | undefined,
  source: string,
) {
  const server = byName.get(name);
  if (!server) {
    throw new PortolanError(
      'usage',
      'SERVER_UNKNOWN',
      `${source} has no server "${name}"${suggest(name, [...byName.keys()])}`,
    );
  }
  const listed = version
    ? server.versions.find((item) => item.version === version)
    : server.versions[0];
  if (!listed) {
    throw new PortolanError(
      'usage',
      'SERVER_UNKNOWN',
      `${name} has no version ${version}; it has ${server.versions.map((item) => item.version).join(', ')}`,
    );
  }
  return listed;
}
