import type { Paths } from '../paths.ts';
import { findKeychain } from '../vault/keychain/find.ts';
import { openVault } from '../vault/vault.ts';
import { type Check, faultOf } from './check.ts';

/** Where the key of the vault is, or would be for a new one. Opens nothing and asks nobody. */
export async function checkSecrets(
  { config }: Paths,
  environment: NodeJS.ProcessEnv,
): Promise<readonly Check[]> {
  const name = 'Secrets';
  try {
    const header = await openVault({ home: config }).keyHeader();
    if (header?.kind === 'passphrase') {
      const unattended =
        environment.PORTOLAN_PASSPHRASE ||
        environment.PORTOLAN_PASSPHRASE_FILE ||
        environment.PORTOLAN_KEY_COMMAND;
      return [
        {
          name,
          ok: true,
          text: `the vault has a passphrase${unattended ? ', which the environment gives' : ''}`,
          ...(!unattended && {
            remedy:
              'clients cannot be asked for it: set PORTOLAN_PASSPHRASE or a key command where they start the gateway (docs/guides/secrets.md)',
          }),
        },
      ];
    }
    const keychain = await findKeychain({
      environment,
      platform: process.platform,
      timeout: 5_000,
      ...(header && { keychain: header.keychain }),
    });
    if (keychain) return [{ name, ok: true, text: `the vault's key is kept by ${keychain.name}` }];
    return [
      {
        name,
        ok: true,
        text: 'no keychain answers, so that a new vault gets a passphrase',
        remedy: KEYCHAIN[process.platform] ?? 'install docker-credential-* for this system',
      },
    ];
  } catch (error) {
    return [faultOf(name, error, 'see docs/guides/secrets.md, and docs/errors.md')];
  }
}

const KEYCHAIN: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'unlock the desktop’s keyring, or install libsecret-tools',
  darwin: 'unlock the login keychain',
  win32: 'install docker-credential-wincred',
};
