import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { type Digest, hexOf } from '../../core/oci/digest.ts';
import { openLayout } from '../../core/oci/layout.ts';
import type { Repository } from '../../core/oci/repository.ts';

/** A repository read through a local copy. */
export interface CachedRepository extends Repository {
  /** What stood in for the remote side, once that did not answer; undefined while it answers. */
  readonly standIn: () => StandIn | undefined;
}

/** What was fetched before, or what came with the package. */
export interface StandIn {
  readonly copy: 'fetched' | 'packaged';
  readonly outage: Error;
}

/** Where a copy is from, to follow what it is of. */
export function originOf(copy: StandIn['copy']): string {
  return copy === 'packaged' ? 'came with Portolan' : 'was fetched before';
}

/**
 * Reads a remote repository through an OCI layout in `folder`. Content is asked for by digest, so
 * the copy needs no trust: each read recomputes the digest, and what does not hold is fetched again.
 * Tags and referrers change, so they are asked for each time; when the remote side does not answer,
 * the ones seen last stand in, and signatures are verified as always. Where nothing was fetched yet,
 * the copy in the package stands in; content is taken from it whenever it has the digest.
 */
export async function cachedRepository(
  remote: Repository,
  folder: string,
  {
    log = () => {},
    packaged = async () => undefined,
  }: {
    readonly log?: (line: string) => void;
    /** The copy in the package; read at most once. */
    readonly packaged?: () => Promise<Repository | undefined>;
  } = {},
): Promise<CachedRepository> {
  const local = await openLayout(folder, { create: true });
  let standIn: StandIn | undefined;
  const current = (): StandIn | undefined => standIn;
  let shipped: Promise<Repository | undefined> | undefined;
  const packagedCopy = () => {
    shipped ??= packaged();
    return shipped;
  };

  /** Asks the remote side, and the copy when there is no answer. */
  async function online<T>(
    ask: () => Promise<T>,
    fallback: (copy: Repository, why: Error) => Promise<T>,
  ): Promise<T> {
    if (standIn) return fallback(await copyOf(standIn), standIn.outage);
    try {
      return await ask();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      // Another question, asked at the same time, found out first.
      const known = current();
      if (known) return fallback(await copyOf(known), known.outage);
      const fetched = (await local.tags()).length > 0;
      // Never fetched, and nothing in the package: the network is the news.
      if (!fetched && !(await packagedCopy())) throw error;
      standIn = { copy: fetched ? 'fetched' : 'packaged', outage: error as Error };
      log(
        `${remote.name} does not answer (${messageOf(error)}); going on with what ${originOf(standIn.copy)}`,
      );
      return fallback(await copyOf(standIn), standIn.outage);
    }
  }

  async function copyOf({ copy }: StandIn): Promise<Repository> {
    return (copy === 'packaged' && (await packagedCopy())) || local;
  }

  /** Content from the package, where it has it; undefined where it does not. */
  async function fromPackage<T>(read: (copy: Repository) => Promise<T>): Promise<T | undefined> {
    try {
      const copy = await packagedCopy();
      return copy && (await read(copy));
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error;
      if (error.code !== 'NOT_FOUND') log(messageOf(error));
      return undefined;
    }
  }

  /** Takes content from the copy, or from the remote side into the copy. */
  async function through<T>(
    digest: Digest,
    read: (copy: Repository) => Promise<T>,
    fetch: () => Promise<T>,
  ): Promise<T> {
    try {
      return await read(local);
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error;
      // Altered or cut off: out of the way, so that the truth can take its place.
      if (error.code !== 'NOT_FOUND') {
        log(`the cached content ${digest} is damaged; it is fetched again`);
        await rm(join(folder, 'blobs', 'sha256', hexOf(digest)), { force: true });
      }
      return (await fromPackage(read)) ?? fetch().catch((why) => missing(digest, why));
    }
  }

  /** Without a network it matters less why it failed than what is not there. */
  function missing(digest: Digest, why: Error): never {
    if (!standIn || !isUnreachable(why)) throw why;
    throw new PortolanError(
      'unreachable',
      'REGISTRY_UNREACHABLE',
      `${digest} of ${remote.name} is needed, is not among what ${originOf(standIn.copy)}, and the registry does not answer (${messageOf(why)}); check the network`,
      { cause: why },
    );
  }

  const keep = (work: () => Promise<unknown>) =>
    // A full disk must not stop a server whose content was fetched and verified.
    work().catch((error) => log(`the cache in ${folder} cannot be written: ${messageOf(error)}`));

  return {
    ...remote,
    standIn: current,
    async resolveTag(tag, options) {
      return online(
        async () => {
          const found = await remote.resolveTag(tag, options);
          // The copy has it already: most tags stay where they are for a day or longer.
          if (found && (await local.resolveTag(tag))?.digest !== found.digest) {
            const { bytes } = await remote.readManifest(found.digest, options);
            await keep(async () => local.putTag(tag, await local.putManifest(bytes)));
          }
          return found;
        },
        (copy) => copy.resolveTag(tag, options),
      );
    },
    readManifest: (digest, options) =>
      through(
        digest,
        (copy) => copy.readManifest(digest, options),
        async () => {
          const read = await remote.readManifest(digest, options);
          await keep(() => local.putManifest(read.bytes));
          return read;
        },
      ),
    readBlob: (descriptor, options) =>
      through(
        descriptor.digest,
        (copy) => copy.readBlob(descriptor, options),
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
        async (_, why) => {
          const fetched = await local.referrers(digest, options);
          if (fetched.length > 0) return fetched;
          const known = await fromPackage((copy) => copy.referrers(digest, options));
          // A signature that was never fetched is not one that is missing.
          if (!known?.length) throw why;
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
