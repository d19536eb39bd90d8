import { PortolanError } from '../errors.ts';
import { readCapped } from './body.ts';
import type { Client } from './client.ts';
import { type Digest, hexOf } from './digest.ts';
import { INDEX_TYPE, MAX_MANIFEST_BYTES, parseIndex } from './manifest.ts';
import { getManifest, putManifest, typeOf } from './manifests.ts';
import { nextPage } from './pages.ts';
import type { Descriptor } from './repository.ts';
import { serialised } from './serialise.ts';

const MAX_REFERRERS = 1000;
const TRIES = 12;
/** Other writers read and write in about the time that we do; they get some times that to finish. */
const SETTLE_FACTOR = 3;
const SETTLE_MIN_MS = 40;
const SETTLE_MAX_MS = 3000;

/**
 * The manifests that name `digest` as their subject: from the referrers API, or from the fallback
 * tag where the registry has none. Neither list is filtered by type: cosign writes entries without
 * one, so only the referrer's own manifest tells what it is.
 */
export async function readReferrers(
  client: Client,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[]> {
  const listed = await fromApi(client, digest, signal);
  const all = listed ?? (await readFallback(client, digest, signal))?.listed ?? [];
  return [...new Map(all.map((item) => [item.digest, item])).values()].slice(0, MAX_REFERRERS);
}

/** Undefined when the registry does not have the API. */
async function fromApi(
  client: Client,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[] | undefined> {
  const all: Descriptor[] = [];
  let page: string | URL | undefined = `referrers/${digest}`;
  while (page && all.length < MAX_REFERRERS) {
    const path: string | URL = page;
    const read: ApiPage | undefined = await client.ask(
      // Registries without the API answer in several ways; 404 is the one of the spec.
      { path, headers: { Accept: INDEX_TYPE }, accept: [200, 400, 404, 405, 406, 501], signal },
      async (response, url) => {
        const where = `${client.name} referrers of ${digest}`;
        const bytes = await readCapped(response, MAX_MANIFEST_BYTES, where);
        if (response.status !== 200 || typeOf(response) !== INDEX_TYPE) return undefined;
        return { listed: parseIndex(bytes, where).manifests, next: nextPage(response, url) };
      },
    );
    if (!read) return all.length > 0 ? all : undefined;
    all.push(...read.listed);
    page = read.listed.length > 0 ? read.next : undefined;
  }
  return all;
}

interface ApiPage {
  readonly listed: readonly Descriptor[];
  readonly next: URL | undefined;
}

interface Fallback {
  readonly listed: readonly Descriptor[];
  /** The index as it was written, with the fields of other tools that we do not know. */
  readonly raw: Record<string, unknown> & { readonly manifests: readonly unknown[] };
}

/** The fallback tag of a subject (distribution spec, "Referrers Tag Schema"). */
function tagOf(digest: Digest): string {
  return `sha256-${hexOf(digest)}`;
}

async function readFallback(
  client: Client,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<Fallback | undefined> {
  const where = `${client.name}:${tagOf(digest)}`;
  try {
    const { bytes } = await getManifest(client, tagOf(digest), signal ? { signal } : {});
    const { manifests } = parseIndex(bytes, where);
    return { listed: manifests, raw: JSON.parse(new TextDecoder().decode(bytes)) };
  } catch (error) {
    if (error instanceof PortolanError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * Adds a referrer to its subject's fallback tag. Registries have no compare-and-swap, so writers
 * that read the same list overwrite each other. Therefore: one writer at a time in this process;
 * and after each write a pause and another look. Whatever was ever seen in the list and is gone is
 * written again, our own entry or another's, until a look finds all of it.
 */
export async function addToFallback(
  client: Client,
  subject: Digest,
  entry: Descriptor,
  signal: AbortSignal | undefined,
): Promise<void> {
  await serialised(`${client.base.href} ${subject}`, async () => {
    const seen = new Map<string, unknown>([[entry.digest, entry]]);
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const begun = performance.now();
      const found = await readFallback(client, subject, signal);
      const present = new Set<string>(found?.listed.map((item) => item.digest));
      found?.listed.forEach((item, index) => {
        if (!seen.has(item.digest)) seen.set(item.digest, found.raw.manifests[index]);
      });
      const lost = [...seen].filter(([digest]) => !present.has(digest)).map(([, item]) => item);
      if (lost.length === 0) return;
      const index = {
        ...(found?.raw ?? { schemaVersion: 2, mediaType: INDEX_TYPE }),
        manifests: [...(found?.raw.manifests ?? []), ...lost],
      };
      await writeFallback(client, subject, index, signal);
      await settle(performance.now() - begun, attempt);
    }
    throw new PortolanError(
      'failed',
      'REFERRER_LOST',
      `${client.name}: other writers keep replacing the list of referrers of ${subject}; run it again when they are done`,
    );
  });
}

async function writeFallback(
  client: Client,
  subject: Digest,
  index: unknown,
  signal: AbortSignal | undefined,
) {
  const bytes = new TextEncoder().encode(JSON.stringify(index));
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new PortolanError(
      'failed',
      'REFERRERS_FULL',
      `${client.name}: the list of referrers of ${subject} would grow beyond ${MAX_MANIFEST_BYTES} bytes; remove old ones`,
    );
  }
  await putManifest(client, tagOf(subject), INDEX_TYPE, bytes, signal);
}

/** Waits longer after each lost race, and never as long as another writer does. */
async function settle(tookMs: number, attempt: number): Promise<void> {
  const base = Math.max(SETTLE_MIN_MS, tookMs * SETTLE_FACTOR) * (1 + attempt / 2);
  const ms = Math.min(SETTLE_MAX_MS, base * (1 + Math.random()));
  await new Promise((resolve) => setTimeout(resolve, ms));
}
