import { createPrivateKey, scryptSync } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { messageOf, PortolanError } from '../errors.ts';

const PEM =
  /-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----([\s\S]+?)-----END ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----/;

/**
 * Decrypts a cosign.key into PKCS8 PEM. The file is JSON in PEM armour: scrypt derives the key of a
 * NaCl secretbox that holds the PKCS8 DER.
 *
 * Throws `malformed` / `KEY_MALFORMED`, `forbidden` / `KEY_PASSWORD` for a wrong password.
 */
export function decryptCosignKey(pem: string, password: string, where: string): string {
  const { salt, nonce, ciphertext, cost } = parse(pem, where);
  const key = scryptSync(password, salt, 32, { ...cost, maxmem: 256 * 2 ** 20 });
  let der: Uint8Array;
  try {
    der = xsalsa20poly1305(key, nonce).decrypt(ciphertext);
  } catch (error) {
    throw new PortolanError(
      'forbidden',
      'KEY_PASSWORD',
      `${where} cannot be decrypted: the password in COSIGN_PASSWORD is wrong, or the file is damaged`,
      { cause: error },
    );
  }
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }).export({
    type: 'pkcs8',
    format: 'pem',
  }) as string;
}

function parse(pem: string, where: string) {
  try {
    const armoured = PEM.exec(pem)?.[1] ?? '';
    const value = JSON.parse(Buffer.from(armoured, 'base64').toString()) as {
      kdf: { name: string; params: { N: number; r: number; p: number }; salt: string };
      cipher: { name: string; nonce: string };
      ciphertext: string;
    };
    const { N, r, p } = value.kdf.params;
    if (value.kdf.name !== 'scrypt' || value.cipher.name !== 'nacl/secretbox') {
      throw new Error(`it uses ${value.kdf.name} and ${value.cipher.name}`);
    }
    // A file that asks for gigabytes of memory is no key of cosign's.
    if (!(N <= 2 ** 18 && r <= 16 && p <= 4)) throw new Error('its scrypt cost is too high');
    return {
      salt: Buffer.from(value.kdf.salt, 'base64'),
      nonce: Buffer.from(value.cipher.nonce, 'base64'),
      ciphertext: Buffer.from(value.ciphertext, 'base64'),
      cost: { N, r, p },
    };
  } catch (error) {
    throw new PortolanError(
      'malformed',
      'KEY_MALFORMED',
      `${where} is not a cosign.key: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
