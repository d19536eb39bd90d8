import { readFile } from 'node:fs/promises';
import type { IdentityProvider } from '@sigstore/sign';
import type { CatalogConfig } from '../../core/entry/types.generated.ts';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { parsePublicKey } from '../../core/trust/keys.ts';
import { keySigner } from '../../core/trust/sign.ts';
import { MAX_SUBJECTS } from '../../core/trust/statement.ts';
import type { TrustedSigner, TrustPolicy } from '../../core/trust/verify.ts';
import { SIGNED_TOGETHER, type SigningOptions } from './put-signed.ts';
import { loadPublisherKey } from './signing-key.ts';

/** How the command line says who signs. */
export interface SigningChoice {
  readonly keyless: boolean;
  readonly key: string | undefined;
  readonly fulcioUrl: string | undefined;
  readonly rekorUrl: string | undefined;
  readonly tsaUrl: string | undefined;
  readonly trustedRoot: string | undefined;
}

/**
 * The signer, and whose signatures on what is published already count: those that catalog.yaml
 * names, and with a local key its own.
 */
export async function chooseSigning(
  config: CatalogConfig,
  choice: SigningChoice,
  identity?: IdentityProvider,
): Promise<SigningOptions & { policy: TrustPolicy }> {
  const { signers: declared, trustedRoot } = await trustOf(config, {
    key: undefined,
    trustedRoot: choice.trustedRoot,
  });
  if (choice.keyless) {
    if (!declared.some(({ kind }) => kind === 'identity')) {
      throw new PortolanError(
        'usage',
        'SIGNER_MISSING',
        'registry/catalog.yaml names no identity under signers; add the workflow that signs, so that clients can check it',
      );
    }
    const { fulcioUrl, rekorUrl, tsaUrl } = choice;
    // Loaded here: the clients of Sigstore's services are the largest part of the publisher.
    const { CIContextProvider, keylessSigner } = await import('../../core/trust/keyless.ts');
    return {
      sign: keylessSigner(identity ?? new CIContextProvider('sigstore'), {
        ...(fulcioUrl ? { fulcioUrl } : {}),
        ...(rekorUrl ? { rekorUrl } : {}),
        ...(tsaUrl ? { tsaUrl } : {}),
      }),
      batchSize: MAX_SUBJECTS,
      development: false,
      policy: { signers: declared, trustedRoot },
    };
  }
  const { key, development } = await loadPublisherKey('.', choice.key);
  return {
    sign: keySigner(key),
    batchSize: SIGNED_TOGETHER,
    development,
    policy: { signers: [{ kind: 'key', key }, ...declared], trustedRoot },
  };
}

/**
 * Whose signatures count: those of the public key in a file, or those that catalog.yaml names.
 * Throws `unreachable` / `KEY_MISSING`, `malformed` / `KEY_MALFORMED`.
 */
export async function trustOf(
  config: CatalogConfig,
  {
    key,
    trustedRoot,
  }: { readonly key: string | undefined; readonly trustedRoot: string | undefined },
): Promise<TrustPolicy & { readonly trustedRoot: unknown }> {
  const root: unknown = JSON.parse(
    await readFile(
      trustedRoot ?? new URL('../../core/trust/trusted-root.generated.json', import.meta.url),
      'utf8',
    ),
  );
  if (key) {
    const pem = await readFile(key).catch((error: unknown) => {
      throw new PortolanError(
        'unreachable',
        'KEY_MISSING',
        `the public key ${key} cannot be read: ${messageOf(error)}`,
        { cause: error },
      );
    });
    return { signers: [{ kind: 'key', key: parsePublicKey(pem, key) }], trustedRoot: root };
  }
  const signers = (config.signers ?? []).map(
    (signer): TrustedSigner =>
      'publicKey' in signer
        ? { kind: 'key', key: parsePublicKey(signer.publicKey, 'registry/catalog.yaml signers') }
        : { kind: 'identity', ...signer },
  );
  return { signers, trustedRoot: root };
}
