import type { Paths } from '../paths.ts';
import type { Vault } from '../vault/vault.ts';

/** The user's vault, loaded when the first server with a secret needs it. */
export function openVaultOnce({ config }: Pick<Paths, 'config'>): () => Promise<Vault> {
  let vault: Promise<Vault> | undefined;
  return () => {
    vault ??= open(config);
    return vault;
  };
}

async function open(home: string): Promise<Vault> {
  const [{ openVault }, { passphraseFrom }] = await Promise.all([
    import('../vault/vault.ts'),
    import('../vault/passphrase.ts'),
  ]);
  return openVault({ home, passphrase: passphraseFrom({}) });
}
