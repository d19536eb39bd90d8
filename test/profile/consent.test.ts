import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { generateKeyPem } from '../../core/trust/keys.ts';
import { RUNNER } from '../support/built-gateway.ts';
import { needs } from '../support/needs.ts';
import { type Outcome, portolan, portolanOutput } from '../support/portolan.ts';
import { containerEntry, type TestPublication, testPublication } from '../support/publication.ts';
import { KEYS, openTerminal, type Terminal } from '../support/terminal.ts';
import { mover, SETTINGS, tools } from './moving-catalog.ts';

/** Two versions of a server: the second may do more and offers more. */
let publication: TestPublication;
let env: NodeJS.ProcessEnv;
const signing = generateKeyPem();

beforeAll(async () => {
  publication = await testPublication();
  const layout = join(publication.folder, 'moving');
  const move = mover(publication, layout);
  await publication.write('beta', containerEntry('beta') + SETTINGS, tools('one', 'two'));
  await publication.write('gamma', containerEntry('gamma'), tools('three'));
  await move();
  const wider = containerEntry('beta', '1.1.0').replace(
    'network: none',
    'network: { allow: ["api.example.com:443"] }',
  );
  await publication.write('beta', wider + SETTINGS, tools('one', 'two', 'extra'));
  await move();
  env = home('author');
  await addCatalog();
  await run('add', 'beta@1.0.0', '--set', 'beta.folder=/srv', '--profile', 'team');
  await run('profile', 'export', 'team', '--output', at('old.yaml'));
  await run('update', 'beta@1.1.0', '--profile', 'team', '--yes');
  await run('profile', 'export', 'team', '--output', at('new.yaml'));
  await writeFile(at('team.key'), signing.privatePem);
  await writeFile(at('team.pub'), signing.publicPem);
  const target = `oci-layout:${at('pushed')}`;
  await run('profile', 'push', 'team', `${target}:new`, '--signing-key', 'team.key');
});
afterAll(() => publication[Symbol.asyncDispose]());
beforeEach(async () => {
  await rm(at('user'), { recursive: true, force: true });
  env = home('user');
  await addCatalog();
  await run('profile', 'import', 'old.yaml', 'team');
});

const at = (...parts: string[]) => join(publication.folder, ...parts);
const home = (name: string) => ({
  ...process.env,
  PORTOLAN_HOME: at(name),
  PORTOLAN_DEFAULT_CATALOG: 'none',
  PORTOLAN_PASSPHRASE: 'passphrase of tests',
});
const addCatalog = () =>
  run(
    ...['catalog', 'add', `oci-layout:${at('moving')}`],
    ...['--key', publication.publicKeyPath, '--name', 'mine'],
  );
const options = () => ({ env, cwd: publication.folder });
const attempt = (...args: string[]): Promise<Outcome> => portolan(args, options());
const run = (...args: string[]): Promise<string> => portolanOutput(args, options());
const shown = async () => JSON.parse(await run('profile', 'show', 'team', '--json'));
const locked = async () => (await shown()).lock.servers.beta.version;
const terminal = (...args: string[]): Terminal =>
  openTerminal([process.execPath, RUNNER, ...args], options());

/** A copy of an exported file with something else in it. */
async function altered(from: string, change: (text: string) => string): Promise<string> {
  const text = await readFile(at(from), 'utf8');
  const other = change(text);
  expect(other).not.toBe(text);
  await writeFile(at('altered.yaml'), other);
  return 'altered.yaml';
}

describe('a profile that takes the place of another', () => {
  it('shows versions, tools and permissions, and changes nothing without a yes', async () => {
    const before = await shown();
    for (const source of [
      ['import', 'new.yaml', 'team'],
      ['pull', `oci-layout:${at('pushed')}:new`, 'team', '--key', 'team.pub'],
    ]) {
      const dry = await attempt('profile', ...source, '--replace', '--dry-run');
      expect(dry).toMatchObject({ code: 0, stderr: '' });
      expect(dry.stdout).toContain('beta  1.0.0 -> 1.1.0');
      expect(dry.stdout).toContain('+ may reach api.example.com:443');
      expect(dry.stdout).toContain('+ tool extra');
      expect(dry.stdout).toContain('Nothing was written.');
      const refused = await attempt('profile', ...source, '--replace');
      expect(refused).toMatchObject({ code: 7 });
      expect(refused.stderr).toContain(
        'beta would be allowed or offer more than before, and nobody is there to ask; look at it with --dry-run, then agree with --yes. Nothing was changed',
      );
      expect(await shown()).toEqual(before);
      const json = await attempt('profile', ...source, '--replace', '--json');
      expect(JSON.parse(json.stdout).error).toMatchObject({ code: 'CONSENT_NEEDED', exitCode: 7 });
      const agreed = JSON.parse(await run('profile', ...source, '--replace', '--yes', '--json'));
      expect(agreed).toMatchObject({
        written: true,
        changes: { servers: [{ server: 'beta', change: 'changed', widens: true }] },
      });
      expect(await locked()).toBe('1.1.0');
      // Less than before needs nobody.
      const back = await attempt('profile', 'import', 'old.yaml', 'team', '--replace');
      expect(back).toMatchObject({ code: 0 });
      expect(back.stdout).toContain('- no longer reaches api.example.com:443');
      expect(await locked()).toBe('1.0.0');
    }
  });

  it.each([
    ['a setting', 'folder: /srv', 'folder: /', 'folder: /srv -> /'],
    ['an isolation', 'parameters:', 'isolation: bubblewrap\n    parameters:', 'isolation: as on'],
    [
      'a reference to a secret',
      'parameters:',
      'secrets: { token: op://a/b/c }\n    parameters:',
      'token: not set -> op://a/b/c',
    ],
  ])('asks for %s that is another one', async (_, from, to, told) => {
    const file = await altered('old.yaml', (text) => text.replace(from, to));
    const refused = await attempt('profile', 'import', file, 'team', '--replace');
    expect(refused).toMatchObject({ code: 7 });
    expect(refused.stdout).toContain(`! ${told}`);
  });

  it('asks for tools that were off and for servers that were not there', async () => {
    await run('tools', 'disable', 'beta', 'two', '--profile', 'team');
    const refused = await attempt('profile', 'import', 'old.yaml', 'team', '--replace');
    expect(refused).toMatchObject({ code: 7 });
    expect(refused.stdout).toContain('+ tool two');
    await run('profile', 'export', 'team', '--output', 'fewer.yaml');
    await run('tools', 'enable', 'beta', 'two', '--profile', 'team');
    const fewer = await run('profile', 'import', 'fewer.yaml', 'team', '--replace');
    expect(fewer).toContain('- tool two');
    await run('profile', 'import', 'old.yaml', 'team', '--replace', '--yes');
    const file = await altered('old.yaml', (text) =>
      text.replace('servers:\n', 'servers:\n  gamma: {}\n'),
    );
    const more = await attempt('profile', 'import', file, 'team', '--replace');
    expect(more).toMatchObject({ code: 7 });
    expect(more.stdout).toContain('gamma  1.0.0, not there before');
    expect(more.stdout).toContain('+ tool three');
    // What was agreed to is what is locked, whatever the catalog has at the first run.
    await run('profile', 'import', file, 'team', '--replace', '--yes');
    expect((await shown()).lock.servers.gamma.version).toBe('1.0.0');
    const gone = await run('profile', 'import', 'old.yaml', 'team', '--replace');
    expect(gone).toContain('gamma  is no longer there');
  });

  it('counts what cannot be compared as more', async () => {
    await run('catalog', 'rm', 'mine');
    const refused = await attempt('profile', 'import', 'new.yaml', 'team', '--replace');
    expect(refused).toMatchObject({ code: 7 });
    expect(refused.stdout).toContain('! what it may do cannot be read here');
    // The same profile again needs no catalog.
    expect(await attempt('profile', 'import', 'old.yaml', 'team', '--replace')).toMatchObject({
      code: 0,
    });
  });
});

describe.skipIf(needs('script').skip)('the question at a terminal', () => {
  const QUESTION = 'Replace the profile team, with what is marked with + and !?';

  it.each([
    ['y', 0, '1.1.0'],
    ['n', 7, '1.0.0'],
    // No is what an empty answer means, and what Ctrl-C means.
    [KEYS.enter, 7, '1.0.0'],
    [KEYS.ctrlC, 7, '1.0.0'],
  ])('before a replacement: %j ends with %i and %s', async (keys, code, version) => {
    await copyFile(at('new.yaml'), at('incoming.yaml'));
    const asked = terminal('profile', 'import', 'incoming.yaml', 'team', '--replace');
    await expect.poll(asked.text).toContain(QUESTION);
    expect(asked.text()).toContain('+ may reach api.example.com:443');
    asked.press(keys);
    expect(await asked.exited).toBe(code);
    expect(await locked()).toBe(version);
  });

  it.each([
    ['n', 7],
    [KEYS.enter, 7],
    [KEYS.ctrlC, 7],
    ['y', 0],
  ])('before a profile is removed: %j ends with %i', async (keys, code) => {
    const asked = terminal('profile', 'rm', 'team');
    await expect.poll(asked.text).toContain('Remove the profile team with 1 server?');
    asked.press(keys);
    expect(await asked.exited).toBe(code);
    const path = join(at('user'), 'config', 'profiles', 'team.yaml');
    expect(await readFile(path, 'utf8').then(Boolean, () => false)).toBe(code !== 0);
  });

  it.each([
    ['y', 0, '1.1.0'],
    ['n', 0, '1.0.0'],
    [KEYS.ctrlC, 7, '1.0.0'],
  ])('of an update: %j ends with %i and %s', async (keys, code, version) => {
    const path = join(at('user'), 'config', 'profiles', 'team.yaml');
    await writeFile(path, (await readFile(path, 'utf8')).replace(/ +version: 1.0.0\n/, ''));
    const asked = terminal('update', '--profile', 'team');
    await expect.poll(asked.text).toContain('Let beta do what is marked with + and !?');
    asked.press(keys);
    expect(await asked.exited).toBe(code);
    expect(await locked()).toBe(version);
    if (code === 0) {
      expect(asked.text()).toContain(keys === 'y' ? 'Locked beta 1.1.0.' : 'Left as before: beta.');
    }
  });
});
