import { join } from 'node:path';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { withFileLock } from '../../core/file-lock.ts';
import { addressKey, parseAddressKey, type SecretAddress } from './address.ts';
import { ensurePrivateFolder } from './private-files.ts';
import {
  KNOWN_PROVIDERS,
  providerOf,
  type ReferenceProviders,
  resolveReference,
} from './reference.ts';
import { openReferenceStore } from './reference-store.ts';
import {
  type CheckOptions,
  checkSecrets,
  revisionFor,
  type SecretScope,
  type SecretStatus,
  secretsFor,
} from './scope.ts';
import { openSealedStore } from './sealed-store.ts';
import type { KeyHeader, KeyOptions, PassphraseSource } from './vault-key.ts';
import { watchSecrets } from './watch.ts';

export interface VaultOptions {
  /** Folder of Portolan's configuration; the vault lives in `vault/` under it. */
  readonly home: string;
  /** Where the key of a new vault is kept; `auto` (a keychain when one answers) when absent. */
  readonly keep?: 'auto' | 'keychain' | 'passphrase';
  /** Name of the keychain for a new vault: secret-tool, security, docker-credential-NAME. */
  readonly keychain?: string;
  readonly passphrase?: PassphraseSource;
  /** The user's reference providers, by scheme. */
  readonly providers?: ReferenceProviders;
  readonly environment?: NodeJS.ProcessEnv;
  readonly platform?: NodeJS.Platform;
}

/** One stored secret, without its value. */
export interface SecretListing {
  readonly address: SecretAddress;
  readonly source: 'vault' | 'reference';
  /** Where the value is, when it is kept elsewhere. */
  readonly reference?: string;
}

/** Texts that Portolan keeps for itself (sign-ins), encrypted like secrets. */
export interface RecordStore {
  get(name: string): Promise<string | undefined>;
  /** Sets (text) or drops (undefined). */
  set(name: string, value: string | undefined): Promise<void>;
  names(): Promise<readonly string[]>;
  /** Runs an action that no other process runs under the same name at the same time. */
  exclusively<Result>(name: string, action: () => Promise<Result>): Promise<Result>;
}

export interface Vault {
  /** The value at exactly this address. Runs the password manager for a reference. */
  get(address: SecretAddress): Promise<string | undefined>;
  /** Keeps a value. Throws `usage` / `SECRET_INVALID` for one that no server could be given. */
  set(address: SecretAddress, value: string | Uint8Array): Promise<void>;
  /** Keeps a reference instead of a value. Throws `usage` / `REFERENCE_INVALID`. */
  setReference(address: SecretAddress, reference: string): Promise<void>;
  list(): Promise<readonly SecretListing[]>;
  /** Returns false when there was nothing at the address. */
  remove(address: SecretAddress): Promise<boolean>;
  /** What an entry declares and what of it is there; opens and asks nothing unless `fetch` is set. */
  check(
    entry: ServerEntry,
    scope: SecretScope,
    options?: CheckOptions,
  ): Promise<readonly SecretStatus[]>;
  /** The secrets that an entry declares, and no other. Missing ones are left out. */
  secretsFor(entry: ServerEntry, scope: SecretScope): Promise<Readonly<Record<string, string>>>;
  /** Changes exactly when a secret that the entry declares was set, replaced or removed. */
  revisionFor(entry: ServerEntry, scope: SecretScope): Promise<string>;
  /** Calls the listener with the addresses that changed, by whichever process. */
  watch(
    listener: (changed: readonly SecretAddress[]) => void,
    onError?: (error: unknown) => void,
  ): Promise<() => void>;
  /** Encrypts everything under another key, and uses that from now on. */
  rekey(keep: 'keychain' | 'passphrase', options?: Partial<KeyOptions>): Promise<void>;
  /** Where the key comes from; undefined before the first secret. */
  keyHeader(): Promise<KeyHeader | undefined>;
  readonly records: RecordStore;
}

const SECRET = 'secret/';
const RECORD = 'record/';
const LARGEST_SECRET = 64 * 1024;

/** Opens the vault of a configuration folder. Reads nothing and asks nothing until it is used. */
export function openVault(options: VaultOptions): Vault {
  const folder = join(options.home, 'vault');
  const environment = options.environment ?? process.env;
  const providers = { ...KNOWN_PROVIDERS, ...options.providers };
  const keyOptions: KeyOptions = {
    keep: options.keep ?? 'auto',
    keychain: options.keychain,
    passphrase: options.passphrase,
    environment,
    platform: options.platform ?? process.platform,
  };
  const sealed = openSealedStore(join(folder, 'secrets.json'), keyOptions);
  const references = openReferenceStore(join(folder, 'references.json'));
  const resolve = (reference: string) => resolveReference(reference, providers, environment);
  const afterWrite = new Set<() => Promise<void>>();
  const told = async () => {
    for (const look of afterWrite) await look();
  };

  const revisions = async (): Promise<ReadonlyMap<string, string>> => {
    const found = new Map<string, string>();
    for (const [name, revision] of await sealed.revisions()) {
      if (name.startsWith(SECRET)) found.set(name.slice(SECRET.length), `vault ${revision}`);
    }
    for (const [key, { revision }] of Object.entries(await references.all())) {
      found.set(key, `reference ${revision}`);
    }
    return found;
  };

  const get = async (address: SecretAddress) => {
    const key = addressKey(address);
    const stored = await references.get(key);
    return stored ? resolve(stored.reference) : sealed.get(SECRET + key);
  };
  const source = { get, revisions, resolve, environment };

  return {
    get,
    set: async (address, value) => {
      const key = addressKey(address);
      await sealed.change(new Map([[SECRET + key, secretText(address, value)]]));
      await references.change(key, undefined);
      await told();
    },
    setReference: async (address, reference) => {
      const key = addressKey(address);
      providerOf(reference, providers);
      await references.change(key, reference);
      if ((await sealed.revisions()).has(SECRET + key)) {
        await sealed.change(new Map([[SECRET + key, undefined]]));
      }
      await told();
    },
    list: async () => {
      const stored = await references.all();
      return [...(await revisions()).keys()].sort().flatMap((key): SecretListing[] => {
        const address = parseAddressKey(key);
        if (!address) return [];
        const reference = Object.hasOwn(stored, key) ? stored[key]?.reference : undefined;
        return reference === undefined
          ? [{ address, source: 'vault' }]
          : [{ address, source: 'reference', reference }];
      });
    },
    remove: async (address) => {
      const key = addressKey(address);
      const wasReference = await references.change(key, undefined);
      const wasValue = (await sealed.revisions()).has(SECRET + key);
      if (wasValue) await sealed.change(new Map([[SECRET + key, undefined]]));
      await told();
      return wasReference || wasValue;
    },
    check: (entry, scope, checkOptions) => checkSecrets(entry, scope, source, checkOptions),
    secretsFor: (entry, scope) => secretsFor(entry, scope, source),
    revisionFor: (entry, scope) => revisionFor(entry, scope, source),
    watch: async (listener, onError) => {
      await ensurePrivateFolder(folder);
      const watched = watchSecrets({ folder, revisions, onChange: listener, onError });
      await watched.ready;
      afterWrite.add(watched.look);
      return () => {
        afterWrite.delete(watched.look);
        watched.close();
      };
    },
    rekey: (keep, changed) => sealed.rekey({ ...keyOptions, ...changed, keep }),
    keyHeader: () => sealed.keyHeader(),
    records: {
      get: (name) => sealed.get(RECORD + name),
      set: (name, value) => sealed.change(new Map([[RECORD + name, value]])),
      names: async () =>
        [...(await sealed.revisions()).keys()].flatMap((name) =>
          name.startsWith(RECORD) ? [name.slice(RECORD.length)] : [],
        ),
      exclusively: async (name, action) => {
        if (!/^[a-z0-9-]+$/.test(name)) throw new TypeError(`no name for a lock: ${name}`);
        await ensurePrivateFolder(folder);
        return withFileLock(join(folder, `${name}.lock`), action, { patienceMs: 120_000 });
      },
    },
  };
}

function secretText({ server, name }: SecretAddress, value: string | Uint8Array): string {
  const invalid = (fact: string) =>
    new PortolanError(
      'usage',
      'SECRET_INVALID',
      `${server}.${name} was not set: the value ${fact}`,
    );
  let text: string;
  try {
    text =
      typeof value === 'string' ? value : new TextDecoder('utf-8', { fatal: true }).decode(value);
  } catch {
    throw invalid('is not UTF-8 text; encode it, for example with base64');
  }
  if (text === '') throw invalid('is empty; to remove the secret, use `portolan secret rm`');
  if (text.includes('\0')) throw invalid('holds a null character, which no server can be given');
  if (Buffer.byteLength(text) > LARGEST_SECRET) throw invalid('is larger than 64 KiB');
  return text;
}
