import { createHash } from 'node:crypto';
import { asDigest, type Digest } from '../../core/oci/digest.ts';
import type { Repository } from '../../core/oci/repository.ts';
import { attachedBundles } from '../../core/trust/bundle.ts';

/** Who signed an artifact, in the words that a page shows. The gateway verifies; a page only tells. */
export interface Signature {
  /** none: unsigned; development: a key of one machine; key: a pinned key; keyless: an identity. */
  readonly kind: 'none' | 'development' | 'key' | 'keyless';
  /** SHA-256 of the public key (SPKI), hexadecimal, for keys. */
  readonly fingerprint?: string;
  /** Entry of the transparency log, for keyless signatures. */
  readonly logIndex?: string;
}

/** Facts of the first bundle that is attached to a manifest. */
export async function readSignature(
  repository: Repository,
  digest: Digest,
  development: boolean,
): Promise<Signature> {
  const subject = { mediaType: '', digest: asDigest(digest, repository.name), size: 0 };
  for await (const found of attachedBundles(repository, subject)) {
    if ('error' in found) continue;
    return signatureOf(found.bytes, development);
  }
  return { kind: 'none' };
}

function signatureOf(bundle: Uint8Array, development: boolean): Signature {
  const { verificationMaterial: material } = JSON.parse(Buffer.from(bundle).toString('utf8')) as {
    verificationMaterial: {
      publicKey?: { hint?: string };
      tlogEntries?: { logIndex?: string | number }[];
    };
  };
  if (material.publicKey) {
    // The hint is the base64 of the SHA-256 of the key in SPKI.
    const fingerprint = Buffer.from(material.publicKey.hint ?? '', 'base64').toString('hex');
    return { kind: development ? 'development' : 'key', fingerprint };
  }
  const [entry] = material.tlogEntries ?? [];
  return {
    kind: 'keyless',
    ...(entry?.logIndex === undefined ? {} : { logIndex: String(entry.logIndex) }),
  };
}

/** Digest of a text, shortened, for cache keys. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
