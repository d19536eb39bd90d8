import { join } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import type { Paths } from '../paths.ts';
import { lockMissing } from '../profile/lock-server.ts';
import { watchFiles } from '../profile/watch-files.ts';
import type { Gateway } from '../relay/gateway.ts';
import type { Upstream } from '../relay/upstream.ts';
import type { Vault } from '../vault/vault.ts';
import type { Served } from './run-selection.ts';
import type { Selection } from './upstreams.ts';

export interface FollowOptions {
  readonly paths: Paths;
  readonly served: Served;
  readonly upstreams: readonly Upstream[];
  readonly catalogs: CatalogSet;
  readonly gateway: Pick<Gateway, 'setUpstreams'>;
  readonly vault: Pick<Vault, 'watch'>;
  /** What is to be served now: reads the profile anew. */
  readonly load: () => Promise<Served>;
  readonly openCatalogs: (served: Served) => Promise<CatalogSet>;
  readonly select: (catalogs: CatalogSet, selection: Selection) => Promise<readonly Upstream[]>;
  /** Told what is served from now on. */
  readonly onServed: (served: Served) => void;
  readonly log: (line: string) => void;
}

/**
 * Follows the profile, its lock and the secrets while the gateway runs. What did not change keeps
 * running; what cannot be used leaves everything as it was, and is told. One change after the other.
 */
export async function followChanges(options: FollowOptions): Promise<() => Promise<void>> {
  const { paths, gateway, log, vault } = options;
  let { served, catalogs } = options;
  let known = signatures(options.upstreams);
  let closed = false;
  let queue: Promise<void> = Promise.resolve();
  let unwatch = () => {};

  const apply = async (upstreams: readonly Upstream[], why: string) => {
    const now = signatures(upstreams);
    const names = [...new Set([...known.keys(), ...now.keys()])];
    const changed = names.filter((name) => known.get(name) !== now.get(name));
    if (changed.length === 0 && [...known.keys()].join() === [...now.keys()].join()) return;
    await gateway.setUpstreams(upstreams);
    const words = changed.map((name) =>
      !known.has(name) ? `${name} added` : !now.has(name) ? `${name} removed` : `${name} changed`,
    );
    known = now;
    log(`${why}: ${words.join(', ') || 'another order'}`);
  };
  const inTurn = (what: string, work: () => Promise<void>) => {
    queue = queue.then(async () => {
      if (closed) return;
      await work().catch((error: unknown) =>
        log(`${what} cannot be used; going on as before: ${messageOf(error)}`),
      );
    });
    return queue;
  };
  const lock = async () => {
    if (!served.loaded) return;
    const names = await lockMissing(served.loaded, catalogs, paths);
    if (names.length > 0) log(`locked ${names.join(', ')} in ${served.loaded.place.lockPath}`);
  };
  const profileChanged = () =>
    inTurn('the profile as it is now', async () => {
      const next = await options.load();
      const same = JSON.stringify(next) === JSON.stringify(served);
      if (same) return;
      const opened = await options.openCatalogs(next);
      const upstreams = await options.select(opened, next.selection);
      const moved = next.loaded?.place.path !== served.loaded?.place.path;
      served = next;
      catalogs = opened;
      options.onServed(next);
      await apply(upstreams, `profile ${next.loaded?.place.name ?? ''}`.trim());
      if (moved) await watchProfile();
      await lock();
    });
  const watchProfile = async () => {
    unwatch();
    const { place } = served.loaded ?? {};
    if (!place) return;
    const files = [place.path, place.lockPath, join(paths.config, 'current-profile')];
    unwatch = await watchFiles(files, () => void profileChanged(), unwatchable);
  };
  const unwatchable = (error: unknown) =>
    log(`changes are not noticed until the next start: ${messageOf(error)}`);

  await watchProfile();
  void inTurn('the lock', lock);
  const forget = await vault
    .watch(
      () =>
        void inTurn('a secret as it is now', async () =>
          apply(await options.select(catalogs, served.selection), 'secrets'),
        ),
      unwatchable,
    )
    .catch((error: unknown) => {
      unwatchable(error);
      return () => {};
    });
  // Whatever changed between the start and the watch.
  void profileChanged();
  return async () => {
    closed = true;
    unwatch();
    forget();
    await queue;
  };
}

/** What a client or a server would notice, by server. */
function signatures(upstreams: readonly Upstream[]): ReadonlyMap<string, string> {
  return new Map(
    upstreams.map(({ name, fingerprint, offer }) => [name, `${fingerprint} ${offer ?? ''}`]),
  );
}
