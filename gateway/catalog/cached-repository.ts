import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { type Digest, hexOf } from '../../core/oci/digest.ts';
import { openLayout } from '../../core/oci/layout.ts';
import type { Repository } from '../../core/oci/repository.ts';

/** A repository read through a local copy. */
export interface CachedRepository extends Repository {
  /** True once the remote side did not answer and the copy stood in for it. */
  readonly isOffline: () => boolean;
}

/**
 * Reads a remote repository through an OCI layout in `folder`. Content is asked for by digest, so
 * the copy needs no trust: each read recomputes the digest, and what does not hold is fetched again.
 * Tags and referrers change, so they are asked for each time; when the remote side does not answer,
 * the ones seen last stand in, and signatures are verified as always.
 */
export async function cachedRepository(
  remote: Repository,
  folder: string,
  log: (line: string) => void = () => {},
): Promise<CachedRepository> {
  const local = await openLayout(folder, { create: true });
  let outage: Error | undefined;

  /** Asks the remote side, and the copy when there is no answer. */
  async function online<T>(
    ask: () => Promise<T>,
    fallback: (why: Error) => Promise<T>,
  ): Promise<T> {
    if (outage) return fallback(outage);
    try {
      return await ask();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      // Never fetched: there is nothing to go on with, and the network is the news.
      if ((await local.tags()).length === 0) throw error;
      outage = error as Error;
      log(
        `${remote.name} does not answer (${messageOf(error)}); going on with what was fetched before`,
      );
      return fallback(outage);
    }
  }

  /** Takes content from the copy, or from the remote side into the copy. */
  async function through<T>(
    digest: Digest,
    read: () => Promise<T>,
    fetch: () => Promise<T>,
  ): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error;
      // Altered or cut off: out of the way, so that the truth can take its place.
      if (error.code !== 'NOT_FOUND') {
        log(`the cached content ${digest} is damaged; it is fetched again`);
        await rm(join(folder, 'blobs', 'sha256', hexOf(digest)), { force: true });
      }
      return fetch();
    }
  }

  const keep = (work: () => Promise<unknown>) =>
    // A full disk must not stop a server whose content was fetched and verified.
    work().catch((error) => log(`the cache in ${folder} cannot be written: ${messageOf(error)}`));

  return {
    ...remote,
    isOffline: () => outage !== undefined,
    async resolveTag(tag, options) {
      return online(
        async () => {
          const found = await remote.resolveTag(tag, options);
          if (found) {
            const { bytes } = await remote.readManifest(found.digest, options);
            await keep(async () => local.putTag(tag, await local.putManifest(bytes)));
          }
          return found;
        },
        () => local.resolveTag(tag, options),
      );
    },
    readManifest: (digest, options) =>
      through(
        digest,
        () => local.readManifest(digest, options),
        async () => {
          const read = await remote.readManifest(digest, options);
          await keep(() => local.putManifest(read.bytes));
          return read;
        },
      ),
    readBlob: (descriptor, options) =>
      through(
        descriptor.digest,
        () => local.readBlob(descriptor, options),
        async () => {
          const bytes = await remote.readBlob(descriptor, options);
          await keep(() => local.putBlob(descriptor, bytes));
          return bytes;
        },
      ),
    referrers: (digest, options) =>
      online(
        async () => {
          const found = await remote.referrers(digest, options);
          for (const { digest: referrer } of found.slice(0, MAX_KEPT)) {
            if (await local.hasBlob(referrer)) continue;
            const { bytes } = await remote.readManifest(referrer, options);
            await keep(() => local.putManifest(bytes));
          }
          return found;
        },
        async (why) => {
          const known = await local.referrers(digest, options);
          // A signature that was never fetched is not one that is missing.
          if (known.length === 0) throw why;
          return known;
        },
      ),
  };
}

/** Signatures that are kept for offline use; junk that others attach is not hoarded. */
const MAX_KEPT = 16;

/** A refused certificate or redirect is no missing network: it may be an attack, and is told. */
const PASSING = new Set(['REGISTRY_UNREACHABLE', 'REGISTRY_ERROR', 'RATE_LIMITED']);

function isUnreachable(error: unknown): boolean {
  return error instanceof PortolanError && PASSING.has(error.code);
}
