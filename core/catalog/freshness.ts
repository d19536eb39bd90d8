import { canonicalBytes } from '../entry/canonical.ts';
import { messageOf, PortolanError } from '../errors.ts';
import { type Artifact, layerOf, packArtifact } from '../oci/artifact.ts';
import { asDigest, type Digest } from '../oci/digest.ts';
import { FRESHNESS_ARTIFACT, FRESHNESS_LAYER } from '../oci/media-types.ts';
import type { Repository } from '../oci/repository.ts';
import { type TrustPolicy, verifyAttached } from '../trust/verify.ts';

export const FRESHNESS_TAG = 'freshness';
/** How long a statement holds; it is renewed daily, so a few missed days do no harm. */
export const FRESHNESS_DAYS = 7;
/** How far apart clocks may be, in ms. */
const CLOCK_TOLERANCE_MS = 10 * 60_000;

/**
 * Says which catalog is the newest, and until when that may be believed. Without it, whoever stands
 * between a client and the registry could serve an old catalog for ever (freeze attack; compare the
 * timestamp role of The Update Framework). Dates are RFC 3339 in UTC.
 */
export interface Freshness {
  readonly number: number;
  /** Digest of the catalog artifact. */
  readonly digest: Digest;
  readonly issued: string;
  readonly expires: string;
}

/** The artifact that carries a freshness statement. */
export function packFreshness(freshness: Freshness): Artifact {
  return packArtifact(FRESHNESS_ARTIFACT, [
    { title: 'freshness.json', mediaType: FRESHNESS_LAYER, bytes: canonicalBytes(freshness) },
  ]);
}

/**
 * Reads and verifies the freshness statement of a repository; undefined when it has none. Dates are
 * not judged here: see checkFreshness. Throws as verifyAttached, and `malformed` /
 * `FRESHNESS_MALFORMED`.
 */
export async function readFreshness(
  repository: Repository,
  policy: TrustPolicy,
): Promise<Freshness | undefined> {
  const tagged = await repository.resolveTag(FRESHNESS_TAG);
  if (!tagged) return undefined;
  const where = `${repository.name} ${FRESHNESS_TAG}`;
  const { manifest, descriptor } = await repository.readManifest(tagged.digest);
  const layer = layerOf(manifest, FRESHNESS_LAYER, where);
  if (manifest.artifactType !== FRESHNESS_ARTIFACT || !layer) {
    throw malformed(where, 'is not a freshness statement');
  }
  await verifyAttached(repository, descriptor, policy);
  return parse(await repository.readBlob(layer, { maxBytes: 2 ** 16 }), where);
}

/**
 * Judges a statement against the clock and the catalog that came with it.
 *
 * Throws `untrusted` with `FRESHNESS_MISSING`, `CATALOG_STALE` (expired, or the catalog is older than
 * the statement says), or `CLOCK_WRONG` (issued in the future).
 */
export function checkFreshness(
  freshness: Freshness | undefined,
  catalog: { readonly number: number; readonly digest: string },
  where: string,
  now: Date = new Date(),
): void {
  // Threat: who holds back newer catalogs leaves the statement out, too.
  if (!freshness) {
    throw new PortolanError(
      'untrusted',
      'FRESHNESS_MISSING',
      `${where} has no freshness statement (tag "${FRESHNESS_TAG}"), so a source that holds back newer catalogs would not be noticed; its owner renews it with \`npm run publish -- --freshness\`, and a mirror must copy it`,
    );
  }
  if (Date.parse(freshness.issued) > now.getTime() + CLOCK_TOLERANCE_MS) {
    throw new PortolanError(
      'untrusted',
      'CLOCK_WRONG',
      `${where}: its freshness statement is from ${freshness.issued}, but the clock here says ${now.toISOString()}; set the clock right`,
    );
  }
  if (Date.parse(freshness.expires) < now.getTime()) {
    throw new PortolanError(
      'untrusted',
      'CATALOG_STALE',
      `${where}: its freshness statement expired on ${freshness.expires}; the source is no longer kept up to date, or someone holds back newer catalogs`,
    );
  }
  if (freshness.number > catalog.number) {
    throw new PortolanError(
      'untrusted',
      'CATALOG_STALE',
      `${where} serves catalog ${catalog.number}, but catalog ${freshness.number} exists; someone holds back the newer one, or a publication is under way: try again in a minute`,
    );
  }
  if (freshness.number === catalog.number && freshness.digest !== catalog.digest) {
    throw new PortolanError(
      'untrusted',
      'CATALOG_FORKED',
      `${where} serves another catalog ${catalog.number} than its freshness statement names; ask its owner`,
    );
  }
}

function parse(bytes: Uint8Array, where: string): Freshness {
  let value: Partial<Record<keyof Freshness, unknown>>;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) ?? {};
  } catch (error) {
    throw malformed(where, `is not JSON: ${messageOf(error)}`);
  }
  const { number, digest, issued, expires } = value;
  if (
    !Number.isSafeInteger(number) ||
    Number.isNaN(Date.parse(String(issued))) ||
    Number.isNaN(Date.parse(String(expires)))
  ) {
    throw malformed(where, 'lacks number, issued or expires');
  }
  return {
    number: number as number,
    digest: asDigest(digest, where),
    issued: String(issued),
    expires: String(expires),
  };
}

function malformed(where: string, fact: string): PortolanError {
  return new PortolanError('malformed', 'FRESHNESS_MALFORMED', `${where} ${fact}`);
}
