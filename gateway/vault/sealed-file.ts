import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { canonicalJson } from '../../core/entry/canonical.ts';
import { PortolanError } from '../../core/errors.ts';
import type { KeyHeader } from './vault-key.ts';

export const FORMAT = 'portolan-vault';
export const FORMAT_VERSION = 1;

/** One value under AES-256-GCM; binary members in base64. */
export interface SealedEntry {
  /** Number of the write that set it; grows over the whole file. */
  readonly revision: number;
  readonly iv: string;
  readonly data: string;
  readonly tag: string;
}

/**
 * The vault's file. Names are readable, values are not. Every value is bound to its name and
 * revision (AAD), and `seal` (HMAC-SHA256) covers the whole file, so that a value cannot be moved
 * to another name, brought back or dropped. An old copy of the whole file stays valid: that cannot
 * be seen from the file alone.
 */
export interface SealedFile {
  readonly format: typeof FORMAT;
  readonly version: typeof FORMAT_VERSION;
  readonly key: KeyHeader;
  /** Salt of the keys that are derived from the vault's key. */
  readonly salt: string;
  /** Derived from the key: tells a wrong key from a changed file. */
  readonly verifier: string;
  /** Number of writes. */
  readonly counter: number;
  readonly entries: Readonly<Record<string, SealedEntry>>;
  readonly seal: string;
}

/** Keys derived from the vault's 32-byte key with HKDF-SHA256, one for each use. */
export interface FileKeys {
  readonly entries: Buffer;
  readonly seal: Buffer;
  readonly verifier: Buffer;
}

export function deriveKeys(key: Uint8Array, salt: string): FileKeys {
  const derive = (use: string) =>
    Buffer.from(hkdfSync('sha256', key, Buffer.from(salt, 'base64'), `${FORMAT} 1 ${use}`, 32));
  return { entries: derive('entries'), seal: derive('seal'), verifier: derive('verifier') };
}

/** A new file without entries. */
export function emptyFile(header: KeyHeader, key: Uint8Array): SealedFile {
  const salt = randomBytes(16).toString('base64');
  const keys = deriveKeys(key, salt);
  return {
    format: FORMAT,
    version: FORMAT_VERSION,
    key: header,
    salt,
    verifier: keys.verifier.toString('base64'),
    counter: 0,
    entries: {},
    seal: '',
  };
}

/**
 * Checks that a key fits and that nothing was changed. Throws `forbidden` / `VAULT_KEY_WRONG` or
 * `unverified` / `VAULT_TAMPERED`; a changed salt or verifier looks like a wrong key.
 */
export function verifyFile(file: SealedFile, keys: FileKeys, path: string): void {
  if (!equal(file.verifier, keys.verifier)) {
    const fact =
      file.key.kind === 'passphrase'
        ? `the passphrase does not open ${path}; try again`
        : `the key in the keychain does not open ${path}; restore the file that belongs to this keychain`;
    throw new PortolanError('forbidden', 'VAULT_KEY_WRONG', fact);
  }
  if (!equal(file.seal, sealOf(file, keys))) throw tampered(path);
}

/** Returns the file with values set (text) or dropped (undefined), and sealed again. */
export function changeFile(
  file: SealedFile,
  keys: FileKeys,
  changes: ReadonlyMap<string, string | undefined>,
): SealedFile {
  const revision = file.counter + 1;
  const entries = { ...file.entries };
  for (const [name, value] of changes) {
    if (value === undefined) delete entries[name];
    else entries[name] = sealEntry(name, revision, value, keys);
  }
  const changed = { ...file, counter: revision, entries };
  return { ...changed, seal: sealOf(changed, keys).toString('base64') };
}

/** The value of an entry of a verified file; undefined when there is none. */
export function openEntry(
  file: SealedFile,
  keys: FileKeys,
  name: string,
  path: string,
): string | undefined {
  const entry = Object.hasOwn(file.entries, name) ? file.entries[name] : undefined;
  if (!entry) return undefined;
  try {
    const cipher = createDecipheriv('aes-256-gcm', keys.entries, Buffer.from(entry.iv, 'base64'), {
      authTagLength: 16,
    });
    cipher.setAAD(boundTo(name, entry.revision));
    cipher.setAuthTag(Buffer.from(entry.tag, 'base64'));
    const data = Buffer.from(entry.data, 'base64');
    return Buffer.concat([cipher.update(data), cipher.final()]).toString('utf8');
  } catch {
    throw tampered(path);
  }
}

function sealEntry(name: string, revision: number, value: string, keys: FileKeys): SealedEntry {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keys.entries, iv);
  cipher.setAAD(boundTo(name, revision));
  const data = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return {
    revision,
    iv: iv.toString('base64'),
    data: data.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
  };
}

function boundTo(name: string, revision: number): Buffer {
  return Buffer.from(canonicalJson([FORMAT, FORMAT_VERSION, name, revision]));
}

function sealOf(file: SealedFile, keys: FileKeys): Buffer {
  const { seal: _, ...covered } = file;
  return createHmac('sha256', keys.seal).update(canonicalJson(covered)).digest();
}

function equal(text: string, expected: Buffer): boolean {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}

function tampered(path: string): PortolanError {
  return new PortolanError(
    'unverified',
    'VAULT_TAMPERED',
    `${path} was changed by something other than Portolan, or damaged; restore it from a backup, or remove it and set the secrets again`,
  );
}
