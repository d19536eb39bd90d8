import { join } from 'node:path';
import { hasErrno } from '../../core/errors.ts';
import { writeFileAtomic } from '../../core/files.ts';
import { generateKeyPem, parseSigningKey, type SigningKey } from '../../core/trust/keys.ts';
import { readSigningKey } from '../../core/trust/signing-key-file.ts';

/** A key to sign with, and whether it is only this machine's development key. */
export interface PublisherKey {
  readonly key: SigningKey;
  readonly development: boolean;
  /** File of the private key, for messages. */
  readonly path: string;
}

/**
 * The key to sign with: the file given (PKCS8 PEM, or a cosign.key whose password is in
 * COSIGN_PASSWORD), or the development key of this clone, which is made on
 * first use (`.portolan/dev.key`, mode 0600, beside `.portolan/dev.pub`).
 */
export async function loadPublisherKey(root: string, path?: string): Promise<PublisherKey> {
  if (path) return { key: await readSigningKey(path), development: false, path };
  const development = join(root, '.portolan', 'dev.key');
  try {
    return { key: await readSigningKey(development), development: true, path: development };
  } catch (error) {
    if (!hasErrno((error as Error).cause, 'ENOENT')) throw error;
  }
  const { privatePem, publicPem } = generateKeyPem();
  await writeFileAtomic(development, privatePem, { mode: 0o600 });
  await writeFileAtomic(join(root, '.portolan', 'dev.pub'), publicPem);
  return { key: parseSigningKey(privatePem, development), development: true, path: development };
}
