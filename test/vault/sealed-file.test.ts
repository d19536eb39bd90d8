import { chmod, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SecretAddress } from '../../gateway/vault/address.ts';
import { passphraseFrom } from '../../gateway/vault/passphrase.ts';
import { changeFile, deriveKeys, emptyFile, openEntry } from '../../gateway/vault/sealed-file.ts';
import { openVault, type Vault } from '../../gateway/vault/vault.ts';
import { NO_ENVIRONMENT, program, temporaryFolder } from './support.ts';

const A: SecretAddress = { profile: 'work', server: 'github', name: 'a' };
const B: SecretAddress = { ...A, name: 'b' };

function open(home: string, passphrase = 'correct horse'): Vault {
  return openVault({
    home,
    keep: 'passphrase',
    passphrase: async () => passphrase,
    environment: NO_ENVIRONMENT,
  });
}

// biome-ignore lint/suspicious/noExplicitAny: tampering goes past every type
type Loose = any;

let intact = '';
beforeAll(async () => {
  const home = await mkdtemp(join(tmpdir(), 'portolan-sealed-'));
  const vault = open(home);
  await vault.set(A, 'value of a');
  await vault.set(B, 'value of b');
  intact = await readFile(join(home, 'vault/secrets.json'), 'utf8');
  await rm(home, { recursive: true });
});

/** A vault whose file is the intact one after a change. */
async function changed(change: (file: Loose) => unknown): Promise<Vault> {
  const file = JSON.parse(intact);
  change(file);
  return withText(JSON.stringify(file));
}

async function withText(text: string): Promise<Vault> {
  const home = await temporaryFolder();
  const vault = open(home);
  // Making the folder through the vault gives it the mode that it must have.
  (await vault.watch(() => {}))();
  await writeFile(join(home, 'vault/secrets.json'), text, { mode: 0o600 });
  return vault;
}

const entryOf = (file: Loose, name: string) => file.entries[`secret/work/github/${name}`];

describe('the file', () => {
  test('shows names and parameters but no value', () => {
    expect(intact).not.toMatch(/value of/);
    expect(intact).not.toContain(Buffer.from('value of a').toString('base64'));
    const file = JSON.parse(intact);
    expect(file).toMatchObject({ format: 'portolan-vault', version: 1 });
    expect(file.key).toMatchObject({ kdf: 'scrypt', N: 131072, r: 8, p: 1 });
    expect(Object.keys(file.entries)).toEqual(['secret/work/github/a', 'secret/work/github/b']);
  });

  test('opens unchanged in another place', async () => {
    const vault = await withText(intact);
    expect([await vault.get(A), await vault.get(B)]).toEqual(['value of a', 'value of b']);
  });

  test('says that a passphrase is wrong, and takes the right one afterwards', async () => {
    const home = await temporaryFolder();
    await open(home).set(A, 'one');
    const typed = ['wrong', 'correct horse'];
    const vault = openVault({
      home,
      passphrase: async () => typed.shift(),
      environment: NO_ENVIRONMENT,
    });
    await expect(vault.get(A)).rejects.toMatchObject({
      kind: 'forbidden',
      code: 'VAULT_KEY_WRONG',
    });
    expect(await vault.get(A)).toBe('one');
    expect(typed).toEqual([]);
  });

  test.each<[string, (file: Loose) => unknown]>([
    [
      'a value that was swapped with another',
      (file) => {
        const a = { ...entryOf(file, 'a') };
        Object.assign(entryOf(file, 'a'), entryOf(file, 'b'));
        Object.assign(entryOf(file, 'b'), a);
      },
    ],
    [
      'a value that was changed',
      (file) => {
        const bytes = Buffer.from(entryOf(file, 'a').data, 'base64');
        bytes[0] = (bytes[0] ?? 0) ^ 1;
        entryOf(file, 'a').data = bytes.toString('base64');
      },
    ],
    ['a dropped value', (file) => delete file.entries['secret/work/github/b']],
    [
      'a renamed value',
      (file) => {
        file.entries['secret/work/gitlab/a'] = entryOf(file, 'a');
      },
    ],
    [
      'another revision',
      (file) => {
        entryOf(file, 'a').revision += 1;
      },
    ],
    [
      'another counter',
      (file) => {
        file.counter = 0;
      },
    ],
    [
      'another seal',
      (file) => {
        file.seal = Buffer.alloc(32).toString('base64');
      },
    ],
  ])('is refused as tampered with %s, for reading and writing', async (_, change) => {
    const vault = await changed(change);
    const refusal = { kind: 'unverified', code: 'VAULT_TAMPERED' };
    await expect(vault.get(A)).rejects.toMatchObject(refusal);
    await expect(vault.set(B, 'new')).rejects.toMatchObject(refusal);
  });

  test('keeps values bound to their names even under a seal made by who knows the key', async () => {
    const key = Buffer.alloc(32, 7);
    const header = { kind: 'keychain', keychain: 'security', id: '0'.repeat(32) } as const;
    const empty = emptyFile(header, key);
    const keys = deriveKeys(key, empty.salt);
    const file = changeFile(empty, keys, new Map([['x', 'of x']]));
    expect(openEntry(file, keys, 'x', 'p')).toBe('of x');
    const moved = { ...file, entries: { y: file.entries.x as NonNullable<typeof file.entries.x> } };
    expect(() => openEntry(moved, keys, 'y', 'p')).toThrow(/changed by something other/);
  });

  test.each<[string, (file: Loose) => unknown, RegExp]>([
    [
      'a weaker key derivation',
      (file) => {
        file.key.N = 1024;
      },
      /key\.N/,
    ],
    [
      'a key derivation that would hang',
      (file) => {
        file.key.N = 2 ** 30;
      },
      /key\.N/,
    ],
    [
      'a foreign kind of key',
      (file) => {
        file.key.kind = 'none';
      },
      /key\.kind/,
    ],
    [
      'a keychain that is a path',
      (file) => {
        file.key = { kind: 'keychain', keychain: '../evil', id: '0'.repeat(32) };
      },
      /key\.keychain/,
    ],
    [
      'a value that is not base64',
      (file) => {
        entryOf(file, 'a').data = '!!';
      },
      /entry/,
    ],
    [
      'a short nonce',
      (file) => {
        entryOf(file, 'a').iv = 'AAAA';
      },
      /entry/,
    ],
    [
      'a later version',
      (file) => {
        file.version = 2;
      },
      /update Portolan/,
    ],
    [
      'another format',
      (file) => {
        file.format = 'x';
      },
      /not a vault/,
    ],
  ])('is refused as malformed with %s', async (_, change, message) => {
    const vault = await changed(change);
    const error = await vault.get(A).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ kind: 'malformed', code: 'VAULT_MALFORMED' });
    expect((error as Error).message).toMatch(message);
  });

  test('is refused as malformed when it was cut off', async () => {
    const vault = await withText(intact.slice(0, intact.length / 2));
    await expect(vault.get(A)).rejects.toMatchObject({ code: 'VAULT_MALFORMED' });
  });

  test('is refused when others may read it, with the command that closes it', async () => {
    const home = await temporaryFolder();
    const path = join(home, 'vault/secrets.json');
    await open(home).set(A, 'one');
    await chmod(path, 0o640);
    const error = await open(home)
      .get(A)
      .catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ kind: 'forbidden', code: 'SECRETS_EXPOSED' });
    expect((error as Error).message).toContain(`chmod 600 ${path}`);
    await chmod(path, 0o600);
    expect(await open(home).get(A)).toBe('one');
    await chmod(join(home, 'vault'), 0o755);
    await expect(open(home).set(A, 'two')).rejects.toMatchObject({ code: 'SECRETS_EXPOSED' });
  });

  test('is refused when it is a symbolic link', async () => {
    const home = await temporaryFolder();
    const path = join(home, 'vault/secrets.json');
    await open(home).set(A, 'one');
    await rename(path, join(home, 'elsewhere.json'));
    await symlink(join(home, 'elsewhere.json'), path);
    await expect(open(home).get(A)).rejects.toThrow(/symbolic link/);
  });
});

describe('the key', () => {
  test('changes with the passphrase; the old one opens nothing any more', async () => {
    const home = await temporaryFolder();
    const vault = open(home);
    await vault.set(A, 'one');
    await vault.rekey('passphrase', { passphrase: async () => 'battery staple' });
    await vault.set(B, 'two');
    const now = open(home, 'battery staple');
    expect([await now.get(A), await now.get(B)]).toEqual(['one', 'two']);
    await expect(open(home).get(A)).rejects.toMatchObject({ code: 'VAULT_KEY_WRONG' });
  });

  test('comes from the environment, else a command, else a person', async () => {
    const folder = await temporaryFolder();
    const command = await program(folder, 'key', `console.log('from the command');`);
    const prompt = async () => 'from a person';
    const ask = (environment: NodeJS.ProcessEnv, keyCommand?: string[]) =>
      passphraseFrom({ environment, keyCommand, prompt })('open');
    expect(await ask({ PORTOLAN_PASSPHRASE: 'from the environment' }, [command])).toBe(
      'from the environment',
    );
    expect(await ask({}, [command])).toBe('from the command');
    expect(await ask({})).toBe('from a person');
    const failing = await program(folder, 'failing', `console.log('half a key'); process.exit(2);`);
    const error = await ask({}, [failing]).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'KEY_COMMAND_FAILED' });
    expect((error as Error).message).not.toContain('half a key');
  });
});
