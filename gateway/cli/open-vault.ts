import { password } from '@clack/prompts';
import { PortolanError } from '../../core/errors.ts';
import { portolanPaths } from '../paths.ts';
import { passphraseFrom } from '../vault/passphrase.ts';
import { openVault, type Vault } from '../vault/vault.ts';
import { answered } from './answered.ts';

/** The user's vault. At a terminal its passphrase is asked for, without echo. */
export function openUserVault(): Vault {
  return openVault({
    home: portolanPaths().config,
    passphrase: passphraseFrom(
      process.stdin.isTTY
        ? {
            prompt: async (purpose) => {
              const first = await askHidden('Passphrase of the vault');
              if (purpose === 'open') return first;
              if ((await askHidden('The same passphrase again')) === first) return first;
              throw new PortolanError(
                'usage',
                'PASSPHRASE_DIFFERS',
                'the two passphrases differ; try again',
              );
            },
          }
        : {},
    ),
  });
}

/** Asks for a text that is not shown. Throws `forbidden` / `CANCELLED` on Ctrl-C. */
export function askHidden(message: string): Promise<string> {
  return answered(password({ message, output: process.stderr }));
}
