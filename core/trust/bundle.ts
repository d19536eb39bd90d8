import {
  type BundleWithDsseEnvelope,
  bundleFromJSON,
  isBundleWithDsseEnvelope,
} from '@sigstore/bundle';
import { canonicalBytes } from '../entry/canonical.ts';
import { messageOf, PortolanError } from '../errors.ts';
import { digestOf } from '../oci/digest.ts';
import { EMPTY_BLOB, EMPTY_DESCRIPTOR, MANIFEST_TYPE } from '../oci/manifest.ts';
import type { Descriptor, Repository } from '../oci/repository.ts';
import { BUNDLE_TYPE } from './bundle-type.ts';

export { BUNDLE_TYPE };
/** Bundles of every version share this start; cosign's own fallback entries carry nothing else. */
export const BUNDLE_TYPE_PREFIX = 'application/vnd.dev.sigstore.bundle';
const MAX_BUNDLE_BYTES = 2 ** 20;

/** Reads a Sigstore bundle with a DSSE envelope. Throws `malformed` / `BUNDLE_MALFORMED`. */
export function parseBundle(bytes: Uint8Array, where: string): BundleWithDsseEnvelope {
  try {
    const bundle = bundleFromJSON(
      JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)),
    );
    if (!isBundleWithDsseEnvelope(bundle)) throw new Error('it holds no DSSE envelope');
    if (bundle.content.dsseEnvelope.signatures.length !== 1) {
      throw new Error('its envelope does not have exactly one signature');
    }
    return bundle;
  } catch (error) {
    throw new PortolanError(
      'malformed',
      'BUNDLE_MALFORMED',
      `${where}: not a Sigstore bundle: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** Stores a bundle as a referrer of its subject, in the shape that cosign 3 reads. */
export async function attachBundle(
  repository: Repository,
  subject: Descriptor,
  bundle: Uint8Array,
  details: { readonly predicateType: string; readonly annotations?: Record<string, string> },
): Promise<Descriptor> {
  const layer: Descriptor = {
    mediaType: BUNDLE_TYPE,
    digest: digestOf(bundle),
    size: bundle.byteLength,
  };
  await repository.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB);
  await repository.putBlob(layer, bundle);
  const { mediaType, digest, size } = subject;
  return repository.putManifest(
    canonicalBytes({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      artifactType: BUNDLE_TYPE,
      config: EMPTY_DESCRIPTOR,
      layers: [layer],
      subject: { mediaType, digest, size },
      annotations: {
        ...details.annotations,
        'dev.sigstore.bundle.content': 'dsse-envelope',
        'dev.sigstore.bundle.predicateType': details.predicateType,
      },
    }),
  );
}

/**
 * The bundles attached to a manifest, in turn. Anyone who can write to the repository can attach
 * anything, so what is no bundle is passed over, and a broken one comes as its error.
 */
export async function* attachedBundles(
  repository: Repository,
  subject: Descriptor,
): AsyncGenerator<
  | { readonly where: string; readonly bytes: Uint8Array }
  | { readonly where: string; readonly error: unknown }
> {
  for (const referrer of await repository.referrers(subject.digest)) {
    const where = `${repository.name} referrer ${referrer.digest}`;
    try {
      const { manifest } = await repository.readManifest(referrer.digest);
      const layers = manifest.layers.filter((layer) =>
        layer.mediaType.startsWith(BUNDLE_TYPE_PREFIX),
      );
      const [layer] = layers;
      if (!layer || layers.length > 1) continue;
      yield { where, bytes: await repository.readBlob(layer, { maxBytes: MAX_BUNDLE_BYTES }) };
    } catch (error) {
      yield { where, error };
    }
  }
}
