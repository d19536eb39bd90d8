import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
} from 'node:crypto';
import { messageOf, PortolanError } from '../errors.ts';

/** A public key that signatures are checked with. */
export interface VerificationKey {
  readonly key: KeyObject;
  /** base64 of sha256 over the SPKI DER: how a bundle names the key that made it. */
  readonly hint: string;
  /** `SHA256:` and hexadecimal, for people. */
  readonly fingerprint: string;
}

/** A private key that signs, with the public key that belongs to it. */
export interface SigningKey extends VerificationKey {
  readonly publicPem: string;
  sign(data: Uint8Array): Buffer;
}

/** A new Ed25519 key, PKCS8 PEM. Ed25519 signatures are deterministic, so builds are repeatable. */
export function generateKeyPem(): { readonly privatePem: string; readonly publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
}

/**
 * Reads a private key: PKCS8 PEM (Ed25519 or P-256). `where` names the file in errors.
 * Throws `malformed` / `KEY_MALFORMED`.
 */
export function parseSigningKey(pem: string | Buffer, where: string): SigningKey {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch (error) {
    throw keyError(where, `is not a private key in PEM (PKCS8): ${messageOf(error)}`, error);
  }
  checkType(privateKey, where);
  const publicKey = createPublicKey(privateKey);
  // null: Ed25519 hashes by itself; P-256 goes with SHA-256, as Sigstore has it.
  const algorithm = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return {
    ...describeKey(publicKey),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    sign: (data) => signBytes(algorithm, data, privateKey),
  };
}

/** Reads a public key: SPKI PEM (Ed25519 or P-256). Throws `malformed` / `KEY_MALFORMED`. */
export function parsePublicKey(pem: string | Buffer, where: string): VerificationKey {
  // Node would derive a public key from a private one; a private key here is a mistake worth telling.
  if (String(pem).includes('PRIVATE KEY')) {
    throw keyError(where, 'holds a private key; give the public key that belongs to it');
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    throw keyError(where, `is not a public key in PEM (SPKI): ${messageOf(error)}`, error);
  }
  checkType(key, where);
  return describeKey(key);
}

function describeKey(key: KeyObject): VerificationKey {
  const digest = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
  return { key, hint: digest.toString('base64'), fingerprint: `SHA256:${digest.toString('hex')}` };
}

function checkType(key: KeyObject, where: string): void {
  const type = key.asymmetricKeyType;
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (type === 'ed25519' || (type === 'ec' && curve === 'prime256v1')) return;
  throw keyError(
    where,
    `is a key of type ${type}${curve ? ` (${curve})` : ''}; use Ed25519 or P-256`,
  );
}

function keyError(where: string, fact: string, cause?: unknown): PortolanError {
  return new PortolanError('malformed', 'KEY_MALFORMED', `${where} ${fact}`, { cause });
}
