import { readFile } from 'node:fs/promises';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { parsePublicKey } from '../../core/trust/keys.ts';
import type { TrustedSigner, TrustPolicy } from '../../core/trust/verify.ts';
import { trustedRootOf } from '../catalog/sources.ts';

/** How the command line says whose signature counts. */
export interface TrustOptions {
  readonly key?: readonly string[];
  readonly identity?: string;
  readonly issuer?: string;
  readonly trustedRoot?: string;
}

/**
 * Reads the trust options. Nothing is trusted by default for a source given by hand: a catalog
 * without a named signer is refused.
 */
export async function trustPolicyOf(options: TrustOptions): Promise<TrustPolicy> {
  const signers: TrustedSigner[] = [];
  for (const path of options.key ?? []) {
    signers.push({ kind: 'key', key: parsePublicKey(await readOptionFile(path, '--key'), path) });
  }
  if (options.identity || options.issuer) {
    if (!options.identity || !options.issuer) {
      throw new PortolanError(
        'usage',
        'TRUST_INCOMPLETE',
        '--identity and --issuer go together: the subject of the certificate and who vouched for it',
      );
    }
    signers.push({ kind: 'identity', identity: options.identity, issuer: options.issuer });
  }
  if (signers.length === 0) {
    throw new PortolanError(
      'usage',
      'TRUST_MISSING',
      "say whose signature counts: --key FILE with the catalog's public key, or --identity and --issuer",
    );
  }
  return { signers, trustedRoot: await trustedRootOf(signers, options.trustedRoot) };
}

/** A file that an option names. Throws `unreachable` / `FILE_UNREADABLE`. */
export async function readOptionFile(path: string, option: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new PortolanError(
      'unreachable',
      'FILE_UNREADABLE',
      `${option} ${path} cannot be read: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
