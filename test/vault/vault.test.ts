import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { environmentName, type SecretAddress, SHARED } from '../../gateway/vault/address.ts';
import { declaredSecret } from '../../gateway/vault/scope.ts';
import { openVault, type VaultOptions } from '../../gateway/vault/vault.ts';
import { addKeychain, entryWith, keychainIn, program, temporaryFolder } from './support.ts';

const TOKEN: SecretAddress = { profile: 'work', server: 'github', name: 'token' };
const github = entryWith('github', [
  { name: 'token', url: 'https://example.com/tokens' },
  { name: 'extra', required: false },
]);

async function vaultIn(home: string, options: Partial<VaultOptions> = {}) {
  await addKeychain(home);
  const { keychain, environment } = keychainIn(home);
  return openVault({
    home,
    keychain,
    ...options,
    environment: { ...environment, ...options.environment },
  });
}

describe('values', () => {
  test('are kept, read back by another process, listed without value and removed', async () => {
    const home = await temporaryFolder();
    const vault = await vaultIn(home);
    expect(await vault.get(TOKEN)).toBeUndefined();
    await vault.set(TOKEN, 'ghp_one');
    await vault.set({ ...TOKEN, name: 'extra' }, new TextEncoder().encode('zwölf\n'));

    const other = await vaultIn(home);
    expect(await other.get(TOKEN)).toBe('ghp_one');
    expect(await other.get({ ...TOKEN, name: 'extra' })).toBe('zwölf\n');
    const list = await other.list();
    expect(list.map(({ address }) => address.name)).toEqual(['extra', 'token']);
    expect(JSON.stringify(list)).not.toContain('ghp_one');

    expect(await other.remove(TOKEN)).toBe(true);
    expect(await other.remove(TOKEN)).toBe(false);
    expect(await vault.get(TOKEN)).toBeUndefined();
  });

  test('live in files and folders that only the owner may read', async () => {
    const home = await temporaryFolder();
    await (await vaultIn(home)).set(TOKEN, 'ghp_one');
    expect((await stat(join(home, 'vault'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(home, 'vault/secrets.json'))).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['empty', '', /is empty/],
    ['a null character', 'a\0b', /null character/],
    ['not UTF-8', new Uint8Array([0xff, 0xfe]), /UTF-8/],
    ['too large', 'x'.repeat(70_000), /larger than 64 KiB/],
  ])('are refused when they are %s', async (_, value, message) => {
    const vault = await vaultIn(await temporaryFolder());
    await expect(vault.set(TOKEN, value)).rejects.toThrow(message);
  });

  test('cannot be set without a keychain and without a passphrase, and the error says what to do', async () => {
    const vault = await vaultIn(await temporaryFolder(), { keep: 'passphrase' });
    await expect(vault.set(TOKEN, 'ghp_one')).rejects.toMatchObject({
      code: 'VAULT_LOCKED',
      message: expect.stringContaining('PORTOLAN_PASSPHRASE'),
    });
  });

  test.each([
    [{ ...TOKEN, profile: '../x' }],
    [{ ...TOKEN, server: 'git/hub' }],
    [{ ...TOKEN, name: 'to/ken' }],
    [{ ...TOKEN, server: 'GitHub' }],
  ])('are refused at the address %j', async (address) => {
    const vault = await vaultIn(await temporaryFolder());
    await expect(vault.set(address, 'x')).rejects.toMatchObject({ code: 'SECRET_ADDRESS' });
  });
});

describe('scope', () => {
  test('a server is given what its entry declares, from its profile, and nothing else', async () => {
    const vault = await vaultIn(await temporaryFolder());
    await vault.set(TOKEN, 'of work');
    await vault.set({ ...TOKEN, profile: 'home' }, 'of home');
    await vault.set({ ...TOKEN, server: 'gitlab' }, 'of gitlab');
    await vault.set({ ...TOKEN, name: 'undeclared' }, 'not declared');
    expect(await vault.secretsFor(github, { profile: 'work' })).toEqual({ token: 'of work' });
    expect(await vault.secretsFor(github, { profile: 'home' })).toEqual({ token: 'of home' });
    expect(await vault.secretsFor(github, { profile: 'else' })).toEqual({});
  });

  test("a shared secret reaches every profile, and a profile's own one wins", async () => {
    const vault = await vaultIn(await temporaryFolder());
    await vault.set({ ...TOKEN, profile: SHARED }, 'shared');
    await vault.set(TOKEN, 'of work');
    expect(await vault.secretsFor(github, { profile: 'work' })).toEqual({ token: 'of work' });
    expect(await vault.secretsFor(github, { profile: 'home' })).toEqual({ token: 'shared' });
  });

  test('a variable of the environment wins, and cannot be claimed by a server of a similar name', async () => {
    const environment = { [environmentName('a-b', 'c')]: 'of a-b' };
    const vault = await vaultIn(await temporaryFolder(), { environment });
    await vault.set({ profile: 'work', server: 'a-b', name: 'c' }, 'kept');
    const honest = entryWith('a-b', [{ name: 'c' }]);
    const greedy = entryWith('a', [{ name: 'b_c' }]);
    expect(await vault.secretsFor(honest, { profile: 'work' })).toEqual({ c: 'of a-b' });
    expect(await vault.secretsFor(greedy, { profile: 'work' })).toEqual({});
  });

  test('a name that the entry does not declare is refused with the names that it does', () => {
    expect(declaredSecret(github, 'token').name).toBe('token');
    expect(() => declaredSecret(github, 'tokn')).toThrow(/declares token, extra/);
  });

  test('check says what is missing, where the rest comes from, and opens nothing', async () => {
    const home = await temporaryFolder();
    const vault = await vaultIn(home);
    expect(await vault.check(github, { profile: 'work' })).toMatchObject([
      {
        name: 'token',
        required: true,
        origin: undefined,
        remedy:
          'get it from https://example.com/tokens, then run `portolan secret set github.token` or set PORTOLAN_SECRET_GITHUB__TOKEN',
      },
      { name: 'extra', required: false, origin: undefined },
    ]);
    await vault.set(TOKEN, 'ghp_one');
    const locked = await vaultIn(home);
    await rm(join(home, 'docker-credential-tests'));
    await expect(locked.get(TOKEN)).rejects.toMatchObject({ code: 'TOOL_MISSING' });
    const [token] = await locked.check(github, { profile: 'work' });
    expect(token).toMatchObject({ origin: 'vault' });
    expect(token).not.toHaveProperty('remedy');
  });
});

describe('references', () => {
  const echo = `
    const [reference] = process.argv.slice(2);
    if (reference.endsWith('/missing')) { console.log('half a secret'); console.error('half a secret'); process.exit(3); }
    if (reference.endsWith('/slow')) setTimeout(() => {}, 60_000);
    else process.stdout.write('value of ' + reference + ' ' + (process.env.PORTOLAN_PASSPHRASE ?? 'none') + '\\n\\n');
  `;

  async function withProvider() {
    const home = await temporaryFolder();
    const command = await program(home, 'manager', echo);
    const providers = { op: { command, args: ['{reference}'], timeout: 1 } };
    const environment = { PORTOLAN_PASSPHRASE: 'correct horse' };
    return vaultIn(home, { providers, environment });
  }

  test('are kept as references and resolved when a server needs them', async () => {
    const vault = await withProvider();
    await vault.setReference(TOKEN, 'op://work/github/token');
    expect(await vault.list()).toEqual([
      { address: TOKEN, source: 'reference', reference: 'op://work/github/token' },
    ]);
    expect((await vault.check(github, { profile: 'work' }))[0]?.origin).toBe('reference');
    // One line ending is the program's, the second one is the secret's; Portolan's own variables stay here.
    expect(await vault.get(TOKEN)).toBe('value of op://work/github/token none\n');
  });

  test('replace a value and are replaced by one', async () => {
    const vault = await withProvider();
    await vault.set(TOKEN, 'ghp_one');
    await vault.setReference(TOKEN, 'op://work/github/token');
    expect(await vault.get(TOKEN)).toContain('value of op:');
    await vault.set(TOKEN, 'ghp_two');
    expect(await vault.get(TOKEN)).toBe('ghp_two');
    expect(await vault.list()).toHaveLength(1);
  });

  test('of a profile win over what is kept', async () => {
    const vault = await withProvider();
    await vault.set(TOKEN, 'ghp_one');
    const scope = { profile: 'work', references: { token: 'op://team/github/token' } };
    expect((await vault.secretsFor(github, scope)).token).toContain('op://team/github/token');
    expect((await vault.check(github, scope))[0]?.origin).toBe('profile');
  });

  test('fail with the exit code and without a word of the output', async () => {
    const vault = await withProvider();
    await vault.setReference(TOKEN, 'op://work/missing');
    const error = await vault.get(TOKEN).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'REFERENCE_FAILED' });
    expect(String((error as Error).stack)).toMatch(/code 3/);
    expect(String((error as Error).stack)).not.toContain('half a secret');
  });

  test('that fail are found by a check that fetches, and by no other', async () => {
    const vault = await withProvider();
    await vault.setReference(TOKEN, 'op://work/missing');
    await vault.setReference({ ...TOKEN, name: 'extra' }, 'op://work/extra');
    const scope = { profile: 'work' };
    expect((await vault.check(github, scope))[0]).not.toHaveProperty('problem');
    const [token, extra] = await vault.check(github, scope, { fetch: true });
    expect(token?.problem).toMatch(/ended with code 3 for op:\/\/work\/missing/);
    expect(extra).not.toHaveProperty('problem');
  });

  test('are given up after their time', async () => {
    const vault = await withProvider();
    await vault.setReference(TOKEN, 'op://work/slow');
    await expect(vault.get(TOKEN)).rejects.toMatchObject({ code: 'TOOL_TIMEOUT' });
  });

  test.each([
    'nope://x',
    'ghp_pasted_secret',
    'vault:-o=x#f',
    'vault:secret/x',
    'op://a\nb',
    'pass:',
  ])('%j is refused without showing it', async (reference) => {
    const vault = await vaultIn(await temporaryFolder());
    const error = await vault.setReference(TOKEN, reference).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'REFERENCE_INVALID' });
    expect((error as Error).message).not.toContain('pasted');
  });
});

describe('rotation', () => {
  test('the revision of a server changes with its own secrets only', async () => {
    const vault = await vaultIn(await temporaryFolder());
    const scope = { profile: 'work' };
    const revision = () => vault.revisionFor(github, scope);
    const first = await revision();
    await vault.set({ ...TOKEN, server: 'gitlab' }, 'other server');
    await vault.set({ ...TOKEN, profile: 'home' }, 'other profile');
    await vault.records.set('sign-in', 'record');
    expect(await revision()).toBe(first);
    await vault.set(TOKEN, 'one');
    const second = await revision();
    expect(second).not.toBe(first);
    await vault.set(TOKEN, 'one');
    expect(await revision()).not.toBe(second);
    await vault.remove(TOKEN);
    expect(await revision()).toBe(first);
  });

  test('a watcher hears of changes of this and of other processes, once each', async () => {
    const home = await temporaryFolder();
    const here = await vaultIn(home);
    const there = await vaultIn(home);
    await here.set({ ...TOKEN, name: 'extra' }, 'known before');
    const heard: string[] = [];
    const hear = Promise.withResolvers<void>();
    const stop = await here.watch((changed) => {
      heard.push(...changed.map(({ server, name }) => `${server}.${name}`));
      if (heard.length === 3) hear.resolve();
    });
    await here.set(TOKEN, 'one');
    expect(heard).toEqual(['github.token']);
    await there.set({ ...TOKEN, server: 'gitlab' }, 'two');
    while (heard.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await there.remove(TOKEN);
    await hear.promise;
    expect(heard).toEqual(['github.token', 'gitlab.token', 'github.token']);
    stop();
    await here.set(TOKEN, 'three');
    expect(heard).toHaveLength(3);
  });
});
