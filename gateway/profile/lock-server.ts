import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import type { LockedServer, ProfileLock } from '../../core/entry/types.generated.ts';
import { digestOf } from '../../core/oci/digest.ts';
import { LOCK_LAYER } from '../../core/oci/media-types.ts';
import { describeSigner } from '../../core/trust/verify.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import type { OpenCatalog } from '../catalog/open-catalog.ts';
import type { Paths } from '../paths.ts';
import { writeLock } from './change-profile.ts';
import { lockedParts, pinnedServer } from './pinned-server.ts';
import { lockedIn } from './profile-lock.ts';
import { profileContext } from './profile-selection.ts';
import { type LoadedProfile, serversOf } from './read-profile.ts';

/** The lock entry of a verified server. */
export async function lockServer(
  { entry, tools, descriptor, evidence, readLayer }: VerifiedServer,
  { source, catalog }: Pick<OpenCatalog, 'source' | 'catalog'>,
): Promise<LockedServer> {
  const npmLock = entry.npm && (await readLayer(LOCK_LAYER));
  return {
    version: entry.version,
    digest: descriptor.digest,
    ...lockedParts(entry, tools),
    ...(npmLock && { npmLock: digestOf(npmLock) }),
    catalog: { source, number: catalog.number },
    signer: describeSigner(evidence.signer),
  };
}

/**
 * Locks the servers of a profile that are not locked yet, at what a run of it uses now. Returns
 * their names. What cannot be read is left for the run to tell.
 */
export async function lockMissing(
  loaded: LoadedProfile,
  catalogs: CatalogSet,
  paths: Paths,
): Promise<readonly string[]> {
  const context = profileContext(loaded);
  const missing = serversOf(loaded.profile).filter(([name]) => !lockedIn(loaded.lock, name));
  if (missing.length === 0) return [];
  const found = new Map<string, LockedServer>();
  for (const [name] of missing) {
    const server = await pinnedServer(catalogs, name, context).catch(() => undefined);
    if (server) found.set(name, await lockServer(server, catalogs.catalogOf(name)));
  }
  if (found.size === 0) return [];
  await writeLock(loaded.place, paths, (lock): ProfileLock => {
    // Whoever locked one of them meanwhile knew better.
    return { ...lock, servers: { ...Object.fromEntries(found), ...lock.servers } };
  });
  return [...found.keys()];
}
