import { messageOf, PortolanError } from '../../core/errors.ts';
import { FORMAT, FORMAT_VERSION, type SealedFile } from './sealed-file.ts';
import { SCRYPT } from './vault-key.ts';

/** Reads the vault's file without opening it. Throws `malformed` / `VAULT_MALFORMED`. */
export function parseSealedFile(text: string, path: string): SealedFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(path, `is not JSON (${messageOf(error).split('\n')[0]?.slice(0, 80)})`);
  }
  if (!isRecord(value) || value.format !== FORMAT) throw malformed(path, 'is not a vault');
  if (value.version !== FORMAT_VERSION) {
    throw new PortolanError(
      'malformed',
      'VAULT_MALFORMED',
      `${path} has format version ${JSON.stringify(value.version)}, this Portolan reads ${FORMAT_VERSION}; update Portolan`,
    );
  }
  const fault = faultOf(value);
  if (fault) throw malformed(path, `has no valid ${fault}`);
  return value as unknown as SealedFile;
}

function faultOf(file: Record<string, unknown>): string | undefined {
  if (!isRecord(file.key)) return 'key';
  if (file.key.kind === 'passphrase') {
    const { N, r, p, salt } = file.key;
    // A weaker cost in a swapped file would give a typed passphrase away; a huge one would hang.
    const cost = Number(N);
    if (!Number.isInteger(Math.log2(cost)) || cost < SCRYPT.N || cost > 2 ** 20) return 'key.N';
    if (r !== SCRYPT.r || p !== SCRYPT.p) return 'key.r or key.p';
    if (!isBase64(salt, 16)) return 'key.salt';
  } else if (file.key.kind === 'keychain') {
    if (!/^[a-z0-9-]{1,64}$/.test(String(file.key.keychain))) return 'key.keychain';
    if (!/^[0-9a-f]{32}$/.test(String(file.key.id))) return 'key.id';
  } else {
    return 'key.kind';
  }
  if (!isBase64(file.salt, 16)) return 'salt';
  if (!isBase64(file.verifier, 32)) return 'verifier';
  if (!isBase64(file.seal, 32)) return 'seal';
  if (!Number.isSafeInteger(file.counter)) return 'counter';
  if (!isRecord(file.entries)) return 'entries';
  for (const [name, entry] of Object.entries(file.entries)) {
    const valid =
      isRecord(entry) &&
      Number.isSafeInteger(entry.revision) &&
      isBase64(entry.iv, 12) &&
      isBase64(entry.tag, 16) &&
      isBase64(entry.data);
    if (!valid) return `entry ${JSON.stringify(name.slice(0, 80))}`;
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Strict: the same bytes have one spelling, and no character is skipped. */
function isBase64(value: unknown, length?: number): boolean {
  if (typeof value !== 'string') return false;
  const bytes = Buffer.from(value, 'base64');
  return bytes.toString('base64') === value && (length === undefined || bytes.length === length);
}

function malformed(path: string, fact: string): PortolanError {
  return new PortolanError(
    'malformed',
    'VAULT_MALFORMED',
    `${path} ${fact}; restore it from a backup, or remove it and set the secrets again`,
  );
}
