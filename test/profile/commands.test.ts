import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Outcome, portolan, portolanOutput } from '../support/portolan.ts';
import { containerEntry, type TestPublication, testPublication } from '../support/publication.ts';
import { mover, SETTINGS, tools } from './moving-catalog.ts';

/** A catalog that moves on: each publication keeps what was there before. */
let publication: TestPublication;
let layout: string;
let env: NodeJS.ProcessEnv;
let move: () => Promise<void>;

beforeAll(async () => {
  publication = await testPublication();
  layout = join(publication.folder, 'moving');
  move = mover(publication, layout);
  await publication.write('beta', containerEntry('beta') + SETTINGS, tools('one', 'two'));
  await publication.write('gamma', containerEntry('gamma'), tools('three'));
  await move();
});
afterAll(() => publication[Symbol.asyncDispose]());

beforeEach(async () => {
  const home = join(publication.folder, 'home');
  await rm(home, { recursive: true, force: true });
  env = { ...process.env, PORTOLAN_HOME: home, PORTOLAN_DEFAULT_CATALOG: 'none' };
  const key = publication.publicKeyPath;
  await run('catalog', 'add', `oci-layout:${layout}`, '--key', key, '--name', 'mine');
});

const attempt = (...args: string[]): Promise<Outcome> =>
  portolan(args, { env, cwd: publication.folder });

const run = (...args: string[]): Promise<string> =>
  portolanOutput(args, { env, cwd: publication.folder });

const shown = async (...args: string[]) =>
  JSON.parse(await run('profile', 'show', ...args, '--json'));

it('a server that the policy refuses is not added', async () => {
  const path = join(String(env.PORTOLAN_HOME), 'config', 'policy.yaml');
  await writeFile(path, 'servers: {deny: [gamma]}\n');
  expect(await attempt('add', 'gamma')).toMatchObject({
    code: 7,
    stderr: expect.stringMatching(/the user's policy refuses .*gamma[\s\S]*POLICY_REFUSED/),
  });
  expect((await attempt('profile', 'show')).stderr).toContain('PROFILE_UNKNOWN');
});

describe('adding a server', () => {
  it('makes the default profile, and says what is missing and what to do', async () => {
    expect((await attempt('run')).stderr).toContain('fill a profile with `portolan add SERVER`');
    const text = await run('add', 'beta', 'gamma');
    expect(text).toContain('needs the secret token (Token of beta)');
    expect(text).toContain('portolan set beta.folder=VALUE');
    expect(text).toContain('portolan secret set beta.token');
    expect(text).toContain('It offers 2 tools.');
    expect(text).toContain('gamma 1.0.0 is added to the profile default');
    expect(text).toContain('It may touch nothing outside its box.');
    expect(text).toContain('Next: portolan client connect');
    const { lock, faults } = await shown();
    expect(faults).toEqual([]);
    expect(lock.servers.beta).toMatchObject({
      version: '1.0.0',
      digest: expect.stringMatching(/^sha256:/),
      tools: expect.stringMatching(/^sha256:/),
      image: `sha256:${'b'.repeat(64)}`,
      catalog: { source: `oci-layout:${layout}`, number: 1 },
      signer: expect.stringContaining('the key SHA256:'),
    });
    expect((await attempt('add', 'beta')).stderr).toContain('SERVER_EXISTS');
  });

  it('changes nothing when one of several cannot be added, or to look only', async () => {
    expect((await attempt('add', 'gamma', 'gama')).stderr).toContain('did you mean "gamma"');
    await run('add', 'gamma', '--dry-run');
    expect((await attempt('profile', 'show')).stderr).toContain('PROFILE_UNKNOWN');
  });

  it('keeps values of the right type, and secrets out', async () => {
    await run('add', 'beta', '--set', 'beta.folder=/srv', '--set', 'beta.depth=3');
    expect((await shown()).profile.servers.beta.parameters).toEqual({ folder: '/srv', depth: 3 });
    expect((await attempt('set', 'beta.depth=0')).stderr).toContain('must be at least 1');
    expect((await attempt('set', 'beta.token=x')).stderr).toContain('SECRET_IN_ARGUMENT');
    expect((await attempt('set', 'alpha.x=1')).stderr).toContain('SERVER_NOT_IN_PROFILE');
    await run('set', 'beta.folder=/mnt', '--unset', 'beta.depth');
    expect((await shown()).profile.servers.beta.parameters).toEqual({ folder: '/mnt' });
  });

  it('sets what keeps a server in its box, and never turns it off', async () => {
    env = { ...env, PORTOLAN_SECRET_BETA__TOKEN: 'for this process' };
    await run('add', 'gamma', '--isolation', 'container');
    await run('add', 'beta');
    const isolations = async () => {
      const { servers } = (await shown()).profile;
      return [servers.beta.isolation, servers.gamma.isolation];
    };
    expect(await isolations()).toEqual([undefined, 'container']);
    const path = join(String(env.PORTOLAN_HOME), 'config', 'profiles', 'default.yaml');
    await writeFile(path, `# mine\n${await readFile(path, 'utf8')}`);
    expect(
      await run('set', '--isolation', 'beta=bubblewrap', '--isolation', 'gamma=auto'),
    ).toContain('beta runs with bubblewrap only');
    expect(await isolations()).toEqual(['bubblewrap', undefined]);
    expect(await readFile(path, 'utf8')).toContain('# mine');
    // `inspect` shows what a start would do.
    const plan = await attempt('inspect', 'beta', '--set', 'beta.folder=/srv', '--json');
    expect(`${plan.stdout}${plan.stderr}`).toContain('bubblewrap');
    const both = JSON.parse(
      await run('set', 'beta.folder=/srv', '--isolation', 'beta=container', '--json'),
    );
    expect(both).toEqual({
      parameters: { beta: { folder: '/srv' } },
      references: {},
      isolation: { beta: 'container' },
    });
    const before = await readFile(path, 'utf8');
    for (const [mode, told] of [
      ['beta=none', 'it cannot turn isolation off'],
      ['beta=vm', 'SETTING_INVALID'],
      ['beta', 'is not SERVER=MODE'],
      ['delta=container', 'SERVER_NOT_IN_PROFILE'],
    ] as const) {
      const refused = await attempt('set', 'beta.folder=/x', '--isolation', mode);
      expect(refused).toMatchObject({ code: 2 });
      expect(refused.stderr).toContain(told);
    }
    expect((await attempt('add', 'gamma', '--isolation', 'none')).code).toBe(2);
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(await run('profile', 'ls')).toContain('2 servers');
    await run('remove', 'beta');
    expect(await run('profile', 'ls')).toMatch(/1 server /);
  });

  it('keeps references to a password manager, and no secret', async () => {
    await run('add', 'beta', '--set', 'beta.folder=/srv');
    const reference = 'beta.token=op://Work/Beta/token?x=1';
    expect(await run('set', '--reference', reference, 'beta.depth=2')).toContain(
      'beta.token comes from a password manager',
    );
    expect((await shown()).profile.servers.beta).toEqual({
      parameters: { folder: '/srv', depth: 2 },
      secrets: { token: 'op://Work/Beta/token?x=1' },
    });
    expect(await run('secret', 'check', 'beta')).toMatch(/beta\.token +profile/);
    for (const [text, code] of [
      ['beta.token=hush', 'REFERENCE_INVALID'],
      ['beta.tokn=op://a/b', 'SECRET_UNKNOWN'],
      ['hush', 'SETTING_MALFORMED'],
    ] as const) {
      const refused = await attempt('set', 'beta.depth=3', '--reference', text);
      expect(refused).toMatchObject({ code: 2 });
      expect(refused.stderr).toContain(code);
      expect(refused.stderr).not.toContain('hush');
    }
    await run('set', '--unset', 'beta.token', '--unset', 'beta.depth');
    expect((await shown()).profile.servers.beta).toEqual({ parameters: { folder: '/srv' } });
  });

  it('shows what a server offers before it is set up', async () => {
    await run('add', 'beta');
    const tools = JSON.parse(await run('tools', 'ls', 'beta', '--json'));
    expect(tools.map(({ name }: { name: string }) => name)).toEqual(['one', 'two']);
    expect(await run('tools', 'show', 'beta', 'one')).toContain('Does one.');
    expect(await run('prompts', 'ls', 'beta')).toContain('offers no prompts');
    // A secret that is missing does not matter to what a start would run.
    const plan = await attempt('inspect', 'beta', '--set', 'beta.folder=/srv');
    expect(plan.stderr).not.toContain('SETTING_MISSING');
    await run('tools', 'disable', 'beta', 'two');
    expect(await run('tools', 'ls', 'beta')).not.toContain('two');
    const config = join(String(env.PORTOLAN_HOME), 'config', 'policy.yaml');
    await writeFile(config, 'servers: { deny: [beta] }\n');
    const refused = await attempt('tools', 'ls', 'beta');
    expect(refused).toMatchObject({ code: 7 });
    expect(refused.stderr).toContain('POLICY_REFUSED');
    await rm(config);
    expect((await attempt('tools', 'call', 'beta', 'one')).stderr).toContain('SETTING_MISSING');
  });

  it('suggests what was meant', async () => {
    await run('add', 'gamma');
    for (const [args, meant] of [
      [['remove', 'gama'], 'gamma'],
      [['update', 'gama'], 'gamma'],
      [['set', '--isolation', 'gama=container'], 'gamma'],
      [['tools', 'disable', 'gama', 'three'], 'gamma'],
      [['profile', 'use', 'defalt'], 'default'],
      [['catalog', 'rm', 'mien'], 'mine'],
      [['secret', 'set', 'beta.tokn', '--stdin'], 'token'],
    ] as const) {
      const refused = await attempt(...args);
      expect(refused).toMatchObject({ code: 2 });
      expect(refused.stderr).toContain(`did you mean "${meant}"?`);
    }
  });

  it('takes no secret as an argument, and does not repeat it', async () => {
    for (const args of [['beta.token=hush'], ['beta.token', 'hush'], ['hush', 'x', 'y']]) {
      const refused = await attempt('secret', 'set', ...args, '--stdin');
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toContain('SECRET_IN_ARGUMENT');
      if (args[0] !== 'hush') expect(refused.stderr).not.toContain('hush');
    }
    expect(await run('secret', 'ls')).toContain('Nothing is stored.');
  });

  it('works on the file of a project, whose secrets are its own', async () => {
    await mkdir(join(publication.folder, 'web'), { recursive: true });
    await rm(join(publication.folder, 'web', 'portolan.yaml'), { force: true });
    const text = await run('add', 'beta', '--profile', 'web/portolan.yaml');
    expect(text).toContain('portolan secret set beta.token --profile web/portolan.yaml');
    expect(await readFile(join(publication.folder, 'web', 'portolan.lock.json'), 'utf8')).toContain(
      '"beta"',
    );
    const set = await portolan(['secret', 'set', 'beta.token', '--stdin'], { env, stdin: 'mine' });
    expect(set.code).toBe(0);
    // A repository of somebody else must not be given what was set for a profile of one's own.
    const check = await attempt('secret', 'check', '--profile', 'web/portolan.yaml');
    expect(check).toMatchObject({ code: 1 });
    expect(check.stdout).toContain('MISSING');
    expect(check.stdout).toContain('--profile web/portolan.yaml');
  });
});

describe('a catalog that moves on', () => {
  beforeAll(async () => {
    await publication.write(
      'beta',
      containerEntry('beta', '1.1.0').replace(
        'network: none',
        'network: { allow: ["api.example.com:443"] }',
      ) + SETTINGS,
      tools('one', 'two', 'extra'),
    );
    await publication.write(
      'gamma',
      containerEntry('gamma', '1.0.1').replace('exists only', 'lives only'),
      tools('three'),
    );
  });

  it('leaves what is locked alone, until the user agrees to more', async () => {
    env = { ...env, PORTOLAN_SECRET_BETA__TOKEN: 'for this process' };
    // As it was before: version 1.0.0 of both is locked.
    await run('add', 'beta@1.0.0', 'gamma@1.0.0', '--set', 'beta.folder=/srv');
    const path = join(String(env.PORTOLAN_HOME), 'config', 'profiles', 'default.yaml');
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll(/ +version: 1.0.0\n/g, ''));
    await move();
    const before = (await shown()).lock.servers;
    expect(JSON.parse(await run('tools', 'ls', 'beta', '--json')).length).toBe(2);
    const dry = await run('update', '--dry-run');
    expect(dry).toContain('beta  1.0.0 -> 1.1.0');
    expect(dry).toContain('+ may reach api.example.com:443');
    expect(dry).toContain('+ tool extra');
    expect(dry).toContain('gamma  1.0.0 -> 1.0.1\n  asks for nothing new, offers the same tools');
    const refused = await attempt('update');
    expect(refused).toMatchObject({ code: 7 });
    expect(refused.stderr).toContain('beta would be allowed or offer more');
    expect((await shown()).lock.servers).toEqual(before);
    // What asks for nothing new needs nobody.
    expect(await run('update', 'gamma')).toContain('Locked gamma 1.0.1.');
    expect(await run('update', '--yes')).toContain('Locked beta 1.1.0.');
    expect(JSON.parse(await run('tools', 'ls', 'beta', '--json')).length).toBe(3);
    expect(await run('update')).toContain('Everything is as new as the profile allows.');
    expect(await run('update', 'beta@1.0.0')).toContain('(kept from now on)');
    expect(await run('update')).toContain('Everything is as new');
    expect((await shown()).profile.servers.beta.version).toBe('1.0.0');
    // A kept version is let go by a command too, and asks as any step does.
    expect(await attempt('update', 'beta@latest')).toMatchObject({ code: 7 });
    const follows = await run('update', 'beta@latest', '--yes');
    expect(follows).toContain('beta  1.0.0 -> 1.1.0 (follows new versions from now on)');
    expect((await shown()).profile.servers.beta.version).toBeUndefined();
    expect((await shown()).lock.servers.beta.version).toBe('1.1.0');
    expect(await run('update', 'beta@latest')).toContain('Everything is as new');
  });

  it('keeps what was set through an update', async () => {
    await run('add', 'gamma@1.0.0');
    await run('tools', 'disable', 'gamma', 'three');
    await run('update', 'gamma@1.0.1');
    expect(await run('profile', 'show')).toContain('without three');
  });

  it('is no way around the lock: another version in the file waits for an update', async () => {
    await run('add', 'gamma@1.0.0');
    const path = join(String(env.PORTOLAN_HOME), 'config', 'profiles', 'default.yaml');
    await writeFile(path, (await readFile(path, 'utf8')).replace('1.0.0', '1.0.1'));
    expect((await attempt('tools', 'ls', 'gamma')).stderr).toContain('LOCK_OUTDATED');
    for (const args of [
      ['run', '--frozen'],
      ['update', '--frozen'],
    ]) {
      const frozen = await attempt(...args);
      expect(frozen).toMatchObject({ code: 2 });
      expect(frozen.stderr).toContain('the profile wants gamma 1.0.1, but 1.0.0 is locked');
    }
    await run('update');
    expect(await run('update', '--frozen')).toContain('agree');
  });

  it('refuses a lock whose parts do not belong together', async () => {
    await run('add', 'beta', '--set', 'beta.folder=/srv');
    const path = join(String(env.PORTOLAN_HOME), 'config', 'profiles', 'default.lock.json');
    const lock = await readFile(path, 'utf8');
    await writeFile(path, lock.replace('b'.repeat(64), 'c'.repeat(64)));
    expect(await attempt('tools', 'ls', 'beta')).toMatchObject({ code: 5 });
    await writeFile(
      path,
      lock.replace(/"digest": "sha256:[0-9a-f]{64}"/, `"digest": "sha256:${'d'.repeat(64)}"`),
    );
    const gone = await attempt('tools', 'ls', 'beta');
    expect(gone).toMatchObject({ code: 4 });
    expect(gone.stderr).toContain('LOCK_UNAVAILABLE');
  });
});

describe('profiles', () => {
  it('are made, listed, used and removed; PORTOLAN_PROFILE wins', async () => {
    await run('profile', 'create', 'work', '--description', 'Work', '--catalogs', 'mine', '--use');
    await run('add', 'gamma');
    await run('add', 'gamma', '--profile', 'home');
    await writeFile(join(String(env.PORTOLAN_HOME), 'config', 'profiles', 'bad.yaml'), 'a: [');
    const list = await run('profile', 'ls');
    expect(list).toContain('* work');
    expect(list).toContain('  bad   BROKEN');
    expect((await shown()).profile).toMatchObject({ description: 'Work', catalogs: ['mine'] });
    expect((await shown('home')).name).toBe('home');
    env = { ...env, PORTOLAN_PROFILE: 'home' };
    expect((await shown()).name).toBe('home');
    expect((await attempt('profile', 'create', 'x', '--catalogs', 'nope')).stderr).toContain(
      'CATALOG_UNKNOWN',
    );
    env = { ...env, PORTOLAN_PROFILE: '' };
    expect((await attempt('profile', 'rm', 'work')).stderr).toContain('CONSENT_NEEDED');
    expect((await attempt('profile', 'rm', 'worm')).stderr).toContain('PROFILE_UNKNOWN');
    expect((await shown('work')).name).toBe('work');
    await run('profile', 'rm', 'work', '--yes');
    expect((await attempt('profile', 'use', 'work')).stderr).toContain('there are: bad, home');
    await run('remove', 'gamma', '--profile', 'home');
    expect((await shown('home')).lock.servers).toEqual({});
  });
});
