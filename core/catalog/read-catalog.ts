import { parseCatalog } from '../entry/parse.ts';
import type { PublishedCatalog } from '../entry/types.generated.ts';
import { PortolanError } from '../errors.ts';
import { layerOf } from '../oci/artifact.ts';
import { CATALOG_ARTIFACT, CATALOG_LAYER } from '../oci/media-types.ts';
import type { Descriptor, Repository } from '../oci/repository.ts';
import { type Evidence, type TrustPolicy, verifyAttached } from '../trust/verify.ts';

export const CATALOG_TAG = 'catalog';
const MAX_CATALOG_BYTES = 64 * 2 ** 20;

/** A catalog whose signature held. */
export interface VerifiedCatalog {
  readonly catalog: PublishedCatalog;
  readonly descriptor: Descriptor;
  readonly evidence: Evidence;
}

/**
 * Reads and verifies the catalog of a repository.
 *
 * Throws `unreachable` / `CATALOG_MISSING` when the repository has none, and all that
 * verifyAttached, the repository and the parser throw.
 */
export async function readCatalog(
  repository: Repository,
  policy: TrustPolicy,
  options: { readonly tag?: string } = {},
): Promise<VerifiedCatalog> {
  const tag = options.tag ?? CATALOG_TAG;
  const tagged = await repository.resolveTag(tag);
  if (!tagged) {
    throw new PortolanError(
      'unreachable',
      'CATALOG_MISSING',
      `${repository.name} has no tag "${tag}"; it holds no Portolan catalog, check the address`,
    );
  }
  const { manifest, descriptor } = await repository.readManifest(tagged.digest);
  const where = `${repository.name} ${tag}`;
  if (manifest.artifactType !== CATALOG_ARTIFACT) {
    throw new PortolanError(
      'malformed',
      'CATALOG_MALFORMED',
      `${where} is of type ${manifest.artifactType}, not ${CATALOG_ARTIFACT}`,
    );
  }
  const evidence = await verifyAttached(repository, descriptor, policy);
  const layer = layerOf(manifest, CATALOG_LAYER, where);
  if (!layer) {
    throw new PortolanError('malformed', 'CATALOG_MALFORMED', `${where} has no catalog layer`);
  }
  const bytes = await repository.readBlob(layer, { maxBytes: MAX_CATALOG_BYTES });
  return { catalog: parseCatalog(bytes, where), descriptor, evidence };
}
