import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { openVault } from '../../gateway/vault/vault.ts';
import { needs } from '../support/needs.ts';
import { NO_ENVIRONMENT, program, temporaryFolder } from './support.ts';

const TOKEN = { profile: 'work', server: 'github', name: 'token' };

/** A docker-credential helper as small as its protocol: one file for each server URL. */
const HELPER = `
const { readFileSync, writeFileSync, unlinkSync, readdirSync, appendFileSync } = require('node:fs');
const { createHash } = require('node:crypto');
const folder = __dirname + '/kept/';
appendFileSync(__dirname + '/arguments', process.argv.slice(2).join(' ') + '\\n');
const input = readFileSync(0, 'utf8');
const file = (url) => folder + createHash('sha256').update(url.trim()).digest('hex');
const notFound = () => { console.log('credentials not found in native keychain'); process.exit(1); };
const actions = {
  store: () => writeFileSync(file(JSON.parse(input).ServerURL), input),
  get: () => { try { process.stdout.write(readFileSync(file(input), 'utf8')); } catch { notFound(); } },
  erase: () => { try { unlinkSync(file(input)); } catch { notFound(); } },
  list: () => console.log('{}'),
};
actions[process.argv[2]]();
`;

async function withHelper() {
  const home = await temporaryFolder();
  await mkdir(join(home, 'kept'));
  await program(home, 'docker-credential-tests', HELPER);
  const environment = { PATH: [home, process.env.PATH].join(delimiter) };
  const open = (keychain: string | undefined = 'docker-credential-tests') =>
    openVault({ home, keychain, environment });
  return { home, open };
}

describe('a docker-credential helper', () => {
  test('keeps the key of the vault, and no argument ever holds it', async () => {
    const { home, open } = await withHelper();
    await open().set(TOKEN, 'ghp_one');
    // The vault's file remembers its keychain: nothing needs to be said to open it.
    expect(await open('secret-tool').get(TOKEN)).toBe('ghp_one');
    const [kept = ''] = await readdir(join(home, 'kept'));
    const { Secret } = JSON.parse(await readFile(join(home, 'kept', kept), 'utf8'));
    expect(Secret).toMatch(/^[0-9a-f]{64}$/);
    expect(await readFile(join(home, 'vault/secrets.json'), 'utf8')).not.toContain(Secret);
    const words = new Set((await readFile(join(home, 'arguments'), 'utf8')).trim().split(/\s+/));
    expect([...words].sort()).toEqual(['get', 'list', 'store']);
  });

  test('gives the key back when the vault moves to a passphrase', async () => {
    const { home, open } = await withHelper();
    const vault = open();
    await vault.set(TOKEN, 'ghp_one');
    await vault.rekey('passphrase', { passphrase: async () => 'correct horse' });
    expect(await readdir(join(home, 'kept'))).toEqual([]);
    const passphrase = async () => 'correct horse';
    const moved = openVault({ home, passphrase, environment: NO_ENVIRONMENT });
    expect(await moved.get(TOKEN)).toBe('ghp_one');
  });

  test('without the key says which keychain should have it', async () => {
    const { home, open } = await withHelper();
    await open().set(TOKEN, 'ghp_one');
    await program(
      home,
      'docker-credential-tests',
      `
      console.log('credentials not found in native keychain'); process.exit(1);`,
    );
    await expect(open().get(TOKEN)).rejects.toMatchObject({
      code: 'VAULT_LOCKED',
      message: expect.stringContaining('docker-credential-tests'),
    });
  });

  test('that fails never has its output in the error', async () => {
    const { home, open } = await withHelper();
    await open().set(TOKEN, 'ghp_one');
    await program(
      home,
      'docker-credential-tests',
      `
      console.log('{"Secret": "leak'); console.error('leak');`,
    );
    const error = await open()
      .get(TOKEN)
      .catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'KEYCHAIN_FAILED' });
    const { stack, cause } = error as Error;
    expect(`${stack} ${cause}`).not.toContain('leak');
  });

  test('that was asked for and is not there is an error, not another store', async () => {
    const { open } = await withHelper();
    await expect(open('docker-credential-absent').set(TOKEN, 'x')).rejects.toMatchObject({
      code: 'KEYCHAIN_FAILED',
    });
    await expect(open('/bin/sh').set(TOKEN, 'x')).rejects.toMatchObject({
      code: 'KEYCHAIN_UNKNOWN',
    });
  });
});

test('without any keychain and with a terminal, a passphrase is asked for', async () => {
  const asked: string[] = [];
  const passphrase = async (purpose: string) => {
    asked.push(purpose);
    return 'correct horse';
  };
  const home = await temporaryFolder();
  const environment = { PATH: home };
  await openVault({ home, passphrase, environment, platform: 'linux' }).set(TOKEN, 'one');
  expect(await openVault({ home, passphrase, environment }).get(TOKEN)).toBe('one');
  expect(asked).toEqual(['create', 'open']);
});

test('a keychain that nobody asked for and that takes nothing gives way to a passphrase', async () => {
  const home = await temporaryFolder();
  await program(
    home,
    'docker-credential-secretservice',
    `process.exit(process.argv[2] === 'list' ? 0 : 1);`,
  );
  const options = { home, environment: { PATH: home }, platform: 'linux' as const };
  await expect(openVault(options).set(TOKEN, 'one')).rejects.toMatchObject({
    code: 'KEYCHAIN_FAILED',
  });
  const passphrase = async () => 'correct horse';
  await expect(
    openVault({ ...options, passphrase, keep: 'keychain' }).set(TOKEN, 'one'),
  ).rejects.toMatchObject({ code: 'KEYCHAIN_FAILED' });
  const vault = openVault({ ...options, passphrase });
  await vault.set(TOKEN, 'one');
  expect(await vault.keyHeader()).toMatchObject({ kind: 'passphrase' });
});

describe.skipIf(needs('dbus-run-session', 'gnome-keyring-daemon', 'secret-tool').skip)(
  'the Secret Service of a desktop session',
  () => {
    test('keeps the key of the vault, and loses it when the vault moves away', async () => {
      const home = await temporaryFolder();
      const runtime = join(home, 'run');
      await mkdir(runtime, { mode: 0o700 });
      const script = `
        printf 'login password' | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
        daemon=$!
        trap 'kill $daemon' EXIT
        # Asked in another way, the bus would start a second, locked daemon.
        owned='--print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner'
        until dbus-send $owned string:org.freedesktop.secrets | grep -q true; do sleep 0.1; done
        "$NODE" "$CHILD" "$HOME"`;
      const { stdout } = await promisify(execFile)(
        'dbus-run-session',
        ['--', 'bash', '-c', script],
        {
          env: {
            PATH: process.env.PATH,
            HOME: home,
            XDG_RUNTIME_DIR: runtime,
            XDG_DATA_HOME: join(home, 'data'),
            NODE: process.execPath,
            CHILD: join(import.meta.dirname, 'keychain.child.ts'),
          },
          timeout: 60_000,
        },
      );
      expect(JSON.parse(stdout)).toEqual({
        value: 'kept by the session',
        header: {
          kind: 'keychain',
          keychain: 'secret-tool',
          id: expect.stringMatching(/^[0-9a-f]{32}$/),
        },
        movedValue: 'kept by the session',
        afterDrop: 'VAULT_LOCKED',
      });
    }, 60_000);
  },
);
