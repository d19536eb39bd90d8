import type { Signature } from './signature.ts';

/** Who made a signature, as a value to filter by. */
export function signerOf({ kind, identity, fingerprint }: Signature): string {
  if (kind === 'keyless') return identity ?? kind;
  return kind === 'key' ? `key:${fingerprint?.slice(0, 16)}` : kind;
}
