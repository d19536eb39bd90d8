import { createHash } from 'node:crypto';
import { PortolanError } from '../errors.ts';
import type { Descriptor } from './repository.ts';

/**
 * Passes a blob's bytes on while hashing them; throws `unverified` as soon as there are too many,
 * or at the end when digest or size do not hold. A consumer must not act on the bytes before the end.
 */
export async function* hashing(
  source: AsyncIterable<Uint8Array>,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  where: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let count = 0;
  for await (const chunk of source) {
    count += chunk.byteLength;
    if (count > size) break;
    hash.update(chunk);
    yield chunk;
  }
  if (count !== size) {
    throw new PortolanError(
      'unverified',
      'SIZE_MISMATCH',
      `${where}: ${digest} has ${count > size ? 'more' : 'fewer'} than the ${size} bytes announced; it was altered or cut off, fetch it again`,
    );
  }
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== digest) {
    throw new PortolanError(
      'unverified',
      'DIGEST_MISMATCH',
      `${where}: content of ${digest} has the digest ${actual}; it was altered, do not use this source until its owner explains it`,
    );
  }
}
