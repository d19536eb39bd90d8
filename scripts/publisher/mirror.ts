import { FRESHNESS_TAG } from '../../core/catalog/check-freshness.ts';
import { readFreshness } from '../../core/catalog/freshness.ts';
import { CATALOG_TAG, readCatalog } from '../../core/catalog/read-catalog.ts';
import { readServer } from '../../core/catalog/read-server.ts';
import type { PublishedCatalog } from '../../core/entry/types.generated.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Descriptor, Repository } from '../../core/oci/repository.ts';
import { BUNDLE_TYPE_PREFIX } from '../../core/trust/bundle.ts';
import { SIGN_PREDICATE } from '../../core/trust/statement.ts';
import { type TrustPolicy, verifyAttached } from '../../core/trust/verify.ts';
import { DOCKER_TAG } from './docker-catalog.ts';
import { forEachLimited } from './limited.ts';
import { CONCURRENCY } from './put-signed.ts';

/**
 * Copies a whole publication with its signatures: every version of every server, then the catalogs,
 * and the tag that makes them visible last. Each is verified before it is copied, so a mirror holds
 * nothing that its clients would refuse. What is there already is not sent again.
 *
 * Throws what readCatalog, readServer and the repositories throw.
 */
export async function mirror(
  from: Repository,
  to: Repository,
  policy: TrustPolicy,
): Promise<PublishedCatalog> {
  const { catalog, descriptor } = await readCatalog(from, policy);
  const versions = catalog.servers.flatMap(({ name, versions: all }) =>
    all.map((listed) => ({ name, listed })),
  );
  await forEachLimited(versions, CONCURRENCY, async ({ name, listed }) => {
    const server = await readServer(from, name, listed, policy);
    await copySigned(from, to, server.descriptor.digest);
    await to.putTag(`${name}_${listed.version}`, server.descriptor);
  });
  await copySigned(from, to, descriptor.digest);
  await to.putTag(`${CATALOG_TAG}-${catalog.number}`, descriptor);
  await to.putTag(CATALOG_TAG, descriptor);
  const docker = await from.resolveTag(DOCKER_TAG);
  if (docker) {
    const { descriptor: found } = await from.readManifest(docker.digest);
    await verifyAttached(from, found, policy);
    await copySigned(from, to, found.digest);
    await to.putTag(DOCKER_TAG, found);
  }
  const freshness = await from.resolveTag(FRESHNESS_TAG);
  if (freshness && (await readFreshness(from, policy))) {
    const copied = await copySigned(from, to, freshness.digest);
    await to.putTag(FRESHNESS_TAG, copied);
  }
  return catalog;
}

/**
 * A manifest with its blobs, and the bundles that are attached to it. With `only`, just the layers of
 * these media types, and the signatures without provenance and the like: what is left of an artifact
 * is still verified by its digest.
 */
export async function copySigned(
  from: Repository,
  to: Repository,
  digest: Digest,
  only?: ReadonlySet<string>,
): Promise<Descriptor> {
  const copied = await copyManifest(from, to, digest, only);
  for (const referrer of await from.referrers(digest)) {
    const { manifest } = await from.readManifest(referrer.digest);
    const isBundle = manifest.layers.some(({ mediaType }) =>
      mediaType.startsWith(BUNDLE_TYPE_PREFIX),
    );
    const says = manifest.annotations?.['dev.sigstore.bundle.predicateType'];
    const wanted = !only || says === undefined || says === SIGN_PREDICATE;
    if (isBundle && wanted) await copyManifest(from, to, referrer.digest);
  }
  return copied;
}

async function copyManifest(
  from: Repository,
  to: Repository,
  digest: Digest,
  only?: ReadonlySet<string>,
) {
  const { manifest, bytes } = await from.readManifest(digest);
  for (const blob of [manifest.config, ...manifest.layers]) {
    if (only && !only.has(blob.mediaType)) continue;
    if (await to.hasBlob(blob.digest)) continue;
    await to.putBlob(blob, () => from.streamBlob(blob));
  }
  return to.putManifest(bytes);
}
