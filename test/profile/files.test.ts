import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LockedServer } from '../../core/entry/types.generated.ts';
import type { Paths } from '../../gateway/paths.ts';
import {
  createProfile,
  editServer,
  removeProfile,
  setServer,
  switchTools,
  writeLock,
} from '../../gateway/profile/change-profile.ts';
import { lockFaults } from '../../gateway/profile/check-lock.ts';
import { editedProfile } from '../../gateway/profile/edit-profile.ts';
import { parseProfile } from '../../gateway/profile/parse-profile.ts';
import {
  listProfiles,
  type ProfilePlace,
  profilePlace,
  setCurrentProfile,
} from '../../gateway/profile/place.ts';
import { parseLock } from '../../gateway/profile/profile-lock.ts';
import { readProfile } from '../../gateway/profile/read-profile.ts';
import { switchedTools, toolRefusal } from '../../gateway/profile/tool-switch.ts';

let folder: string;
let paths: Paths;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-profile-'));
  paths = {
    config: join(folder, 'config'),
    cache: join(folder, 'cache'),
    state: join(folder, 'state'),
  };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const place = (given?: string): Promise<ProfilePlace> => profilePlace(given, paths, {});
const locked = (version: string): LockedServer => ({
  version,
  digest: `sha256:${'a'.repeat(64)}`,
  catalog: { source: 'oci://registry.example/catalog', number: 1 },
  signer: 'the key SHA256:00',
});

/** As people write them: comments everywhere, four columns. */
const WRITTEN = `# Our tools.
description: "Web team"   # quoted on purpose

servers:
    # Needs a token, see the wiki.
    github:
        version: 1.2.0 # do not move before May
        tools:
            disable:
                - delete_*   # dangerous
                - "merge"

    context7: {}
    # The last one.
    filesystem:
        parameters: { directories: [/srv/a, /srv/b] }
`;

describe('editing a profile', () => {
  it('changes what is asked for, and nothing else', () => {
    const edited = editedProfile(
      WRITTEN,
      [
        { keys: ['servers', 'github', 'version'], value: '1.3.0' },
        { keys: ['servers', 'context7', 'tools'], value: { enable: ['get_*'] } },
        { keys: ['servers', 'time'], value: {} },
      ],
      'profile.yaml',
    );
    expect(edited.split('\n')).toEqual([
      ...WRITTEN.split('\n')
        .slice(0, 6)
        .map((line) => line.replace('"Web team"   #', '"Web team" #')),
      '        version: 1.3.0 # do not move before May',
      '        tools:',
      '            disable:',
      '                - delete_* # dangerous',
      '                - "merge"',
      '',
      '    context7:',
      '        tools:',
      '            enable:',
      '                - get_*',
      '    # The last one.',
      '    filesystem:',
      '        parameters: { directories: [ /srv/a, /srv/b ] }',
      '    time: {}',
      '',
    ]);
  });

  it('keeps what is said about the items of a list, and how lists are indented', () => {
    const text = `servers:
  a:
    tools:
      disable:
      # Never.
      - delete_*
      - merge
      - push # for now
`;
    const edited = editedProfile(
      text,
      [{ keys: ['servers', 'a', 'tools', 'disable'], value: ['delete_*', 'push', 'new'] }],
      'p',
    );
    expect(edited).toBe(text.replace('      - merge\n', '').concat('      - new\n'));
  });

  it('removes a server with its own lines only, and leaves a file that can be read', () => {
    const edited = editedProfile(
      WRITTEN,
      [{ keys: ['servers', 'context7'], value: undefined }],
      'profile.yaml',
    );
    expect(edited).toContain('# The last one.');
    expect(edited).toContain('# Needs a token, see the wiki.');
    expect(Object.keys(parseProfile(edited, 'x').servers ?? {})).toEqual(['github', 'filesystem']);
    const all = ['github', 'filesystem'].map((name) => ({
      keys: ['servers', name],
      value: undefined,
    }));
    expect(parseProfile(editedProfile(edited, all, 'x'), 'x').servers).toEqual({});
  });

  it('refuses a broken file instead of mending it', () => {
    const edit = [{ keys: ['servers', 'time'], value: {} }];
    expect(() => editedProfile('servers:\n  a: [1,\n', edit, 'p.yaml')).toThrow(/p\.yaml:\d+:/);
    expect(() => editedProfile('', edit, 'p.yaml')).toThrow(/p\.yaml:1: is empty/);
  });
});

describe('a profile with a mistake', () => {
  const cases: Record<string, [text: string, message: RegExp]> = {
    'a misspelt field': [
      'servers:\n  github:\n    verison: 1.0.0\n',
      /^p:3: servers\.github\.verison is not a field of a profile; did you mean "version"\?/,
    ],
    'a misspelt field at the top': [
      'server: {}\n',
      /^p:1: server is not .* did you mean "servers"/,
    ],
    'isolation turned off': [
      'servers:\n  github:\n    isolation: none\n',
      /^p:3: servers\.github\.isolation must be container or bubblewrap; a profile cannot turn/,
    ],
    'a server that is a list': ['servers:\n  - github\n', /^p:2: servers must be a map of servers/],
    'a name that is no name': ['servers:\n  Git_Hub: {}\n', /^p:2: .* is no name of a server/],
    'half a file': ['servers:\n  github:\n    tools: {disable: [a\n', /^p:\d+: /],
    'an alias': ['servers:\n  a: &x {}\n  b: *x\n', /alias/],
    'a version that is a range': ['servers:\n  a: {version: ^1.0.0}\n', /one exact version/],
    'a map as a parameter': ['servers:\n  a: {parameters: {b: {c: 1}}}\n', /a list of texts/],
  };
  it.each(Object.entries(cases))('%s is told with its line', (_, [text, message]) => {
    expect(() => parseProfile(text, 'p')).toThrow(message);
  });

  it('never shows the value of a secret that was written into it', () => {
    const text = 'servers:\n  github:\n    secrets:\n      token: ghp_abcdef0123456789\n';
    expect(() => parseProfile(text, 'p')).toThrow(
      /^p:4: servers\.github\.secrets\.token is not a reference .*portolan secret set github\.token/,
    );
    try {
      parseProfile(text, 'p');
    } catch (error) {
      expect(String(error)).not.toContain('ghp_');
    }
  });

  it('takes empty maps as YAML writes them', () => {
    expect(parseProfile('servers:\n', 'p')).toEqual({ servers: {} });
    expect(parseProfile('servers:\n  github:\n', 'p')).toEqual({ servers: { github: {} } });
  });
});

describe('files', () => {
  it("are the user's own or those of a project, with a scope of their own", async () => {
    expect(await place('work')).toMatchObject({
      path: join(paths.config, 'profiles', 'work.yaml'),
      lockPath: join(paths.config, 'profiles', 'work.lock.json'),
      scope: 'work',
      project: false,
    });
    const one = await place(join(folder, 'a', 'portolan.yaml'));
    const other = await place(join(folder, 'b', '.portolan', 'profile.yaml'));
    expect(one).toMatchObject({ project: true, lockPath: join(folder, 'a', 'portolan.lock.json') });
    expect(one.scope).toMatch(/^project-a-[0-9a-f]{12}$/);
    expect(other.scope).toMatch(/^project-b-[0-9a-f]{12}$/);
    await expect(place('../x y')).resolves.toMatchObject({ project: true });
    await expect(place('no name')).rejects.toMatchObject({ code: 'PROFILE_NAME' });
  });

  it('are made, listed, chosen and removed', async () => {
    expect((await place()).name).toBe('default');
    await createProfile(await place('work'), paths, { profile: { description: 'Work' } });
    await expect(createProfile(await place('work'), paths)).rejects.toMatchObject({
      code: 'PROFILE_EXISTS',
    });
    await setCurrentProfile(await place('work'), paths);
    expect((await place()).name).toBe('work');
    expect((await profilePlace(undefined, paths, { PORTOLAN_PROFILE: 'other' })).name).toBe(
      'other',
    );
    const listed = await listProfiles(paths, {});
    expect(listed.map(({ place: { name }, current }) => [name, current])).toEqual([['work', true]]);
    await removeProfile(await place('work'), paths);
    await expect(readProfile(await place('work'), paths)).rejects.toMatchObject({
      code: 'PROFILE_UNKNOWN',
    });
    // A copy of what was removed is kept.
    const [kept = ''] = await readdir(join(paths.state, 'profile-backups'));
    expect(kept).not.toBe('');
  });

  it('are read again from a compiled copy, which no change of the file survives', async () => {
    const work = await place('work');
    await mkdir(join(paths.config, 'profiles'), { recursive: true });
    await writeFile(work.path, WRITTEN);
    const first = await readProfile(work, paths);
    const [compiled = ''] = await readdir(join(paths.cache, 'profiles'));
    expect(await readProfile(work, paths)).toEqual(first);
    // Damage is no error, and a hit is really taken.
    await writeFile(join(paths.cache, 'profiles', compiled), '{"description":"compiled"}');
    expect((await readProfile(work, paths)).profile).toEqual({ description: 'compiled' });
    await writeFile(join(paths.cache, 'profiles', compiled), '{');
    expect(await readProfile(work, paths)).toEqual(first);
    await writeFile(work.path, WRITTEN.replace('1.2.0', '1.4.0'));
    expect((await readProfile(work, paths)).profile.servers?.github?.version).toBe('1.4.0');
  });

  it('survive many writers at once', async () => {
    const work = await place('work');
    const names = Array.from({ length: 12 }, (_, index) => `server-${index}`);
    await Promise.all(names.map((name) => setServer(work, paths, name, {}, locked('1.0.0'))));
    const { profile, lock } = await readProfile(work, paths);
    expect(Object.keys(profile.servers ?? {}).sort()).toEqual([...names].sort());
    expect(Object.keys(lock.servers)).toEqual([...names].sort());
    await Promise.all(names.slice(1).map((name) => setServer(work, paths, name, undefined)));
    const after = await readProfile(work, paths);
    expect(Object.keys(after.profile.servers ?? {})).toEqual(['server-0']);
    expect(lockFaults(after)).toEqual([]);
  });

  it('say where profile and lock disagree', async () => {
    const work = await place('work');
    await setServer(work, paths, 'a', {}, locked('1.0.0'));
    await setServer(work, paths, 'b', {});
    await writeLock(work, paths, (lock) => ({
      ...lock,
      servers: { ...lock.servers, c: locked('1.0.0') },
    }));
    await editServer(work, paths, 'a', (before) => ({ ...before, version: '2.0.0' }));
    expect(lockFaults(await readProfile(work, paths))).toEqual([
      'the profile wants a 2.0.0, but 1.0.0 is locked',
      'b is not locked',
      'c is locked, but the profile does not have it',
    ]);
  });

  it('tell a lock that was merged badly from one that is no lock', async () => {
    expect(() => parseLock('<<<<<<< HEAD\n{}', 'p.lock.json')).toThrow(/marks of a merge conflict/);
    expect(() => parseLock('{"lockVersion":2,"servers":{}}', 'p')).toThrow(/lockVersion/);
    expect(parseLock(undefined, 'p').servers).toEqual({});
    await setServer(await place('work'), paths, 'a', {}, locked('1.0.0'));
    const text = await readFile((await place('work')).lockPath, 'utf8');
    expect(parseLock(text, 'p').servers.a).toEqual(locked('1.0.0'));
  });
});

describe('tool switches', () => {
  it('say why a tool is off, and how to switch it on', () => {
    const server = { tools: { enable: ['get_*'], disable: ['get_secret'] } };
    expect(toolRefusal(server, 's', 'get_issue', 'work')).toBeUndefined();
    expect(toolRefusal(server, 's', 'get_secret', 'work')).toContain('fits "get_secret"');
    expect(toolRefusal(server, 's', 'delete', 'work')).toContain(
      "portolan tools enable s 'delete' --profile work",
    );
    expect(toolRefusal({}, 's', 'anything', 'work')).toBeUndefined();
  });

  it('undo each other', () => {
    const off = switchedTools({}, ['a', 'b'], false);
    expect(off).toEqual({ disable: ['a', 'b'] });
    expect(switchedTools(off, ['a', 'b'], true)).toEqual({});
    expect(switchedTools({ enable: ['x'] }, ['y'], true)).toEqual({ enable: ['x', 'y'] });
    expect(switchedTools({ enable: ['x', 'y'] }, ['y'], false)).toEqual({
      enable: ['x', 'y'],
      disable: ['y'],
    });
  });

  it('leave no empty lists in the file', async () => {
    const work = await place('work');
    await setServer(work, paths, 'a', {});
    await switchTools(work, paths, 'a', ['one'], false);
    await switchTools(work, paths, 'a', ['one'], true);
    expect((await readProfile(work, paths)).profile).toEqual({ servers: { a: {} } });
  });
});
