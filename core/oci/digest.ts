import { hash } from 'node:crypto';
import { PortolanError } from '../errors.ts';

/** `sha256:` and 64 lowercase hexadecimal digits: the only algorithm that is accepted. */
export type Digest = `sha256:${string}`;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && DIGEST.test(text);
}

/**
 * Checks that a text is a digest before it becomes part of a path or a URL.
 * Threat: `sha256:../../x` in a manifest would walk out of the layout directory.
 */
export function asDigest(text: unknown, where: string): Digest {
  if (isDigest(text)) return text;
  throw new PortolanError(
    'malformed',
    'DIGEST_MALFORMED',
    `${where}: ${JSON.stringify(text)} is not a sha256 digest (sha256: and 64 hexadecimal digits)`,
  );
}

/** Digest of bytes. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${hash('sha256', bytes)}`;
}

/** The hexadecimal part. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** Throws `unverified` / `DIGEST_MISMATCH` unless the bytes have the digest (and size) expected. */
export function verifyBytes(
  bytes: Uint8Array,
  expected: { readonly digest: Digest; readonly size?: number },
  where: string,
): void {
  if (expected.size !== undefined && bytes.byteLength !== expected.size) {
    throw new PortolanError(
      'unverified',
      'SIZE_MISMATCH',
      `${where}: ${expected.digest} has ${bytes.byteLength} bytes where ${expected.size} were announced; it was altered or cut off, fetch it again`,
    );
  }
  const actual = digestOf(bytes);
  if (actual !== expected.digest) {
    throw new PortolanError(
      'unverified',
      'DIGEST_MISMATCH',
      `${where}: content of ${expected.digest} has the digest ${actual}; it was altered, do not use this source until its owner explains it`,
    );
  }
}
