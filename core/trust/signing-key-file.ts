import { readFile } from 'node:fs/promises';
import { messageOf, PortolanError } from '../errors.ts';
import { parseSigningKey, type SigningKey } from './keys.ts';

const COSIGN_KEY = /-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----/;

/**
 * Reads a private key: PKCS8 PEM, or a cosign.key whose password is in COSIGN_PASSWORD.
 * Throws `unreachable` / `KEY_MISSING`, and what parsing and decrypting throw.
 */
export async function readSigningKey(path: string): Promise<SigningKey> {
  let pem: Buffer;
  try {
    pem = await readFile(path);
  } catch (error) {
    throw new PortolanError(
      'unreachable',
      'KEY_MISSING',
      `the signing key ${path} cannot be read: ${messageOf(error)}`,
      { cause: error },
    );
  }
  const text = pem.toString('utf8');
  if (!COSIGN_KEY.test(text)) return parseSigningKey(text, path);
  const { decryptCosignKey } = await import('./cosign-key.ts');
  return parseSigningKey(decryptCosignKey(text, process.env.COSIGN_PASSWORD ?? '', path), path);
}
