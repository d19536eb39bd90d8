import { createHash, X509Certificate } from 'node:crypto';
import { asDigest, type Digest } from '../../core/oci/digest.ts';
import type { Repository } from '../../core/oci/repository.ts';
import { attachedBundles } from '../../core/trust/bundle.ts';

/** Who signed an artifact, in the words that a page shows. The gateway verifies; a page only tells. */
export interface Signature {
  /** none: unsigned; development: a key of one machine; key: a pinned key; keyless: an identity. */
  readonly kind: 'none' | 'development' | 'key' | 'keyless';
  /** SHA-256 of the public key (SPKI), hexadecimal, for keys. */
  readonly fingerprint?: string;
  /** Who signed, as the certificate says, for keyless signatures. */
  readonly identity?: string;
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

/** What a Sigstore bundle says about who made it. */
export function signatureOf(bundle: Uint8Array, development: boolean): Signature {
  const { verificationMaterial: material } = JSON.parse(Buffer.from(bundle).toString('utf8')) as {
    verificationMaterial: {
      publicKey?: { hint?: string };
      certificate?: { rawBytes?: string };
      tlogEntries?: { logIndex?: string | number }[];
    };
  };
  if (material.publicKey) {
    // The hint is the base64 of the SHA-256 of the key in SPKI.
    const fingerprint = Buffer.from(material.publicKey.hint ?? '', 'base64').toString('hex');
    return { kind: development ? 'development' : 'key', fingerprint };
  }
  const [entry] = material.tlogEntries ?? [];
  const identity = identityOf(material.certificate?.rawBytes);
  return {
    kind: 'keyless',
    ...(identity ? { identity } : {}),
    ...(entry?.logIndex === undefined ? {} : { logIndex: String(entry.logIndex) }),
  };
}

/** The subject that the certificate was issued to: an address of a workflow, or an e-mail address. */
function identityOf(certificate: string | undefined): string | undefined {
  if (!certificate) return undefined;
  try {
    const { subjectAltName = '' } = new X509Certificate(Buffer.from(certificate, 'base64'));
    return /^(?:URI|email):"?([^",]+)/.exec(subjectAltName)?.[1];
  } catch {
    // A page only tells; the gateway refuses such a bundle.
    return undefined;
  }
}

/** Digest of a text, shortened, for cache keys. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
