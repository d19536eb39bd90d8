import { messageOf, PortolanError } from '../errors.ts';
import { layerOf } from '../oci/artifact.ts';
import { asDigest } from '../oci/digest.ts';
import { FRESHNESS_ARTIFACT, FRESHNESS_LAYER } from '../oci/media-types.ts';
import type { Repository } from '../oci/repository.ts';
import { type TrustPolicy, verifyAttached } from '../trust/verify.ts';
import { FRESHNESS_TAG, type Freshness, type VerifiedFreshness } from './check-freshness.ts';

/** How long a statement holds; it is renewed daily, so a few missed days do no harm. */
export const FRESHNESS_DAYS = 7;

/**
 * Reads and verifies the freshness statement of a repository; undefined when it has none. Dates are
 * not judged here: see checkFreshness. Throws as verifyAttached, and `malformed` /
 * `FRESHNESS_MALFORMED`.
 */
export async function readFreshness(
  repository: Repository,
  policy: TrustPolicy,
): Promise<VerifiedFreshness | undefined> {
  const tagged = await repository.resolveTag(FRESHNESS_TAG);
  if (!tagged) return undefined;
  const where = `${repository.name} ${FRESHNESS_TAG}`;
  const { manifest, descriptor } = await repository.readManifest(tagged.digest);
  const layer = layerOf(manifest, FRESHNESS_LAYER, where);
  if (manifest.artifactType !== FRESHNESS_ARTIFACT || !layer) {
    throw malformed(where, 'is not a freshness statement');
  }
  await verifyAttached(repository, descriptor, policy);
  const statement = parse(await repository.readBlob(layer, { maxBytes: 2 ** 16 }), where);
  return { ...statement, artifact: descriptor.digest };
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
