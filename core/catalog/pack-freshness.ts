import { canonicalBytes } from '../entry/canonical.ts';
import { type Artifact, packArtifact } from '../oci/artifact.ts';
import { FRESHNESS_ARTIFACT, FRESHNESS_LAYER } from '../oci/media-types.ts';
import type { Freshness } from './check-freshness.ts';

/** The artifact that carries a freshness statement. */
export function packFreshness(freshness: Freshness): Artifact {
  return packArtifact(FRESHNESS_ARTIFACT, [
    { title: 'freshness.json', mediaType: FRESHNESS_LAYER, bytes: canonicalBytes(freshness) },
  ]);
}
