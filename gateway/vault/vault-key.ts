import { randomBytes, scrypt } from 'node:crypto';
import { PortolanError } from '../../core/errors.ts';
import { findKeychain, type KeychainOptions, openKeychain } from './keychain/find.ts';
import type { Keychain } from './keychain/keychain.ts';

/** Where the vault's key comes from, as its file says; nothing in it is secret. */
export type KeyHeader =
  | {
      readonly kind: 'passphrase';
      readonly kdf: 'scrypt';
      readonly N: number;
      readonly r: number;
      readonly p: number;
      readonly salt: string;
    }
  | { readonly kind: 'keychain'; readonly keychain: string; readonly id: string };

/** Cost of a guess at the passphrase: 128 MiB and some tenths of a second (OWASP, 2024). */
export const SCRYPT = { N: 2 ** 17, r: 8, p: 1 } as const;

/**
 * Gives the passphrase, or undefined when there is nobody to ask. `create` is asked once for a new
 * vault: who prompts asks twice then, because a slip of the finger would lock the owner out.
 */
export type PassphraseSource = (purpose: 'create' | 'open') => Promise<string | undefined>;

export interface KeyOptions extends KeychainOptions {
  /** `keychain` and `passphrase` insist; `auto` takes a keychain when there is one. */
  readonly keep: 'auto' | 'keychain' | 'passphrase';
  readonly passphrase?: PassphraseSource;
}

export interface VaultKey {
  readonly header: KeyHeader;
  readonly key: Uint8Array;
}

/**
 * Makes the key of a new vault, and keeps it in the keychain if that is where it belongs. A keychain
 * that was not asked for and does not work, as on a server without a screen, gives way to a
 * passphrase.
 */
export async function createKey(options: KeyOptions): Promise<VaultKey> {
  let failure: unknown;
  const keychain = options.keep === 'passphrase' ? undefined : await findKeychain(options);
  if (keychain) {
    try {
      return await keepInKeychain(keychain);
    } catch (error) {
      if (options.keep === 'keychain' || options.keychain !== undefined) throw error;
      failure = error;
    }
  }
  if (options.keep === 'keychain') {
    throw new PortolanError(
      'unreachable',
      'KEYCHAIN_MISSING',
      'no keychain answers here; unlock it or install one (docs/guides/secrets.md), or use a passphrase',
    );
  }
  const passphrase = await ask(options, 'create').catch((error) => {
    throw failure ?? error;
  });
  const salt = randomBytes(16).toString('base64');
  const header: KeyHeader = { kind: 'passphrase', kdf: 'scrypt', ...SCRYPT, salt };
  return { header, key: await stretch(passphrase, header) };
}

async function keepInKeychain(keychain: Keychain): Promise<VaultKey> {
  const id = randomBytes(16).toString('hex');
  const key = randomBytes(32);
  await keychain.set(id, key.toString('hex'));
  if ((await keychain.get(id)) !== key.toString('hex')) {
    throw new PortolanError(
      'failed',
      'KEYCHAIN_FAILED',
      `the keychain ${keychain.name} does not give back what it was given; choose another one or a passphrase`,
    );
  }
  return { header: { kind: 'keychain', keychain: keychain.name, id }, key };
}

/** Gets the key of an existing vault. */
export async function fetchKey(header: KeyHeader, options: KeyOptions): Promise<Uint8Array> {
  if (header.kind === 'passphrase') return stretch(await ask(options, 'open'), header);
  const key = await openKeychain(header.keychain, options).get(header.id);
  if (key === undefined || !/^[0-9a-f]{64}$/.test(key)) {
    throw new PortolanError(
      'unreachable',
      'VAULT_LOCKED',
      `the keychain ${header.keychain} does not hold the key of this vault; unlock the keychain of the user who made it, or remove the vault and set the secrets again`,
    );
  }
  return Buffer.from(key, 'hex');
}

/** Removes a key that is not used any more from its keychain. */
export async function dropKey(header: KeyHeader, options: KeyOptions): Promise<void> {
  if (header.kind === 'keychain') await openKeychain(header.keychain, options).remove(header.id);
}

async function ask(options: KeyOptions, purpose: 'create' | 'open'): Promise<string> {
  const passphrase = await options.passphrase?.(purpose);
  if (passphrase) return passphrase;
  throw new PortolanError(
    'unreachable',
    'VAULT_LOCKED',
    purpose === 'open'
      ? 'the vault is locked and there is nobody to ask for its passphrase; set PORTOLAN_PASSPHRASE or a key command, or run in a terminal'
      : 'there is no keychain and no passphrase to keep secrets with; run in a terminal, set PORTOLAN_PASSPHRASE or a key command, or refer to a password manager',
  );
}

function stretch(
  passphrase: string,
  { N, r, p, salt }: Extract<KeyHeader, { kind: 'passphrase' }>,
): Promise<Uint8Array> {
  // The same passphrase typed on two keyboards may differ in composed characters.
  const text = passphrase.normalize('NFC');
  return new Promise((resolve, reject) =>
    scrypt(text, Buffer.from(salt, 'base64'), 32, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  );
}
