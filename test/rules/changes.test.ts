import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toLine } from '../../scripts/registry/format-findings.ts';
import { entryChanges, validateChanges } from '../../scripts/rules/run.ts';
import {
  edit,
  type Files,
  GOOD,
  json,
  NPM,
  REMOTE,
  registryOf,
  TOOLS,
  writeFiles,
} from './support.ts';

function git(folder: string, ...args: string[]) {
  const who = [
    '-c',
    'user.name=Test',
    '-c',
    'user.email=test@example.com',
    '-c',
    'commit.gpgsign=false',
  ];
  return execFileSync('git', [...who, ...args], { cwd: folder, encoding: 'utf8' }).trim();
}

/** A real Git repository with the good registry committed on `main`, and a branch checked out. */
function repository(): string {
  const registry = registryOf(GOOD);
  const root = dirname(registry);
  git(root, 'init', '--quiet', '--initial-branch=main');
  git(root, 'add', '.');
  git(root, 'commit', '--quiet', '-m', 'Start');
  git(root, 'checkout', '--quiet', '-b', 'change');
  return registry;
}

function commit(registry: string, files: Files) {
  writeFiles(registry, files);
  git(dirname(registry), 'add', '.');
  git(dirname(registry), 'commit', '--quiet', '-m', 'Change');
}

async function findings(registry: string, base = 'main') {
  return (await validateChanges(registry, base)).findings.map((finding) =>
    toLine(finding).replace('registry/servers/', ''),
  );
}

const yaml = 'servers/weather/server.yaml';
const words = edit(NPM, 'Tells the weather', 'Says the weather');

it('looks at changed entries only, committed or not, and takes comments for no change', async () => {
  const registry = repository();
  expect(await validateChanges(registry, 'main')).toMatchObject({ entries: 0, findings: [] });
  writeFiles(registry, { [yaml]: `${NPM}# nothing new\n` });
  expect(await validateChanges(registry, 'main')).toMatchObject({ entries: 1, findings: [] });
  commit(registry, { [yaml]: `${NPM}# nothing new\n` });
  expect(await validateChanges(registry, 'main')).toMatchObject({ entries: 1, findings: [] });
});

it('still compares a changed entry with all others', async () => {
  const registry = repository();
  const twin = edit(edit(REMOTE, 'name: tides', 'name: twin'), 'title: Tides', 'title: "tides!"');
  writeFiles(registry, { 'servers/twin/server.yaml': twin });
  expect(await findings(registry)).toEqual([
    'twin/server.yaml:3:8: title: tides has the same title; add what tells them apart, such as the publisher',
  ]);
});

describe('versions', () => {
  it('must be raised with any content', async () => {
    const registry = repository();
    commit(registry, { [yaml]: words, 'servers/weather/readme.md': '# Weather\n' });
    expect(await findings(registry)).toEqual([
      'weather/server.yaml:3:10: version: server.yaml, readme.md changed, but the version is still 1.2.0; raise it, at least to 1.2.1',
    ]);
    commit(registry, { [yaml]: edit(words, 'version: 1.2.0', 'version: 1.2.1') });
    expect(await findings(registry)).toEqual([]);
  });

  it('must be raised with changed tools', async () => {
    const registry = repository();
    const [tool] = TOOLS.tools;
    commit(registry, {
      'servers/weather/tools.json': json({
        ...TOOLS,
        tools: [{ ...tool, description: 'Another.' }],
      }),
    });
    expect(await findings(registry)).toEqual([
      expect.stringContaining('tools.json changed, but the version is still 1.2.0'),
    ]);
  });

  it('never go down and are never used again', async () => {
    const registry = repository();
    commit(registry, { [yaml]: edit(words, 'version: 1.2.0', 'version: 1.1.0') });
    expect(await findings(registry)).toEqual([
      'weather/server.yaml:3:10: version: 1.1.0 is lower than 1.2.0, so nobody would get it; take a greater one, e.g. 1.2.1',
    ]);
    const root = dirname(registry);
    git(root, 'checkout', '--quiet', 'main');
    commit(registry, { [yaml]: edit(words, 'version: 1.2.0', 'version: 1.3.0') });
    git(root, 'checkout', '--quiet', '-b', 'again');
    commit(registry, { [yaml]: edit(words, 'version: 1.2.0', 'version: 1.2.0') });
    expect(await findings(registry)).toEqual([
      'weather/server.yaml:3:10: version: 1.2.0 was published before, with other content; take a version that never was, e.g. 1.3.1',
    ]);
  });

  it('are not free again because the entry was gone for a while', async () => {
    const registry = repository();
    const root = dirname(registry);
    git(root, 'checkout', '--quiet', 'main');
    git(root, 'rm', '--quiet', '-r', 'registry/servers/tides');
    git(root, 'commit', '--quiet', '-m', 'Remove');
    git(root, 'checkout', '--quiet', '-b', 'back');
    commit(registry, { 'servers/tides/server.yaml': REMOTE });
    expect(await findings(registry)).toEqual([
      expect.stringContaining('tides/server.yaml:2:10: version: 1.0.0 was published before'),
    ]);
  });

  it('tell by a new major that more is asked or a tool is lost', async () => {
    const registry = repository();
    const more = edit(
      words,
      '[api.weather.example.com:443]',
      '[api.weather.example.com:443, "*:443"]',
    );
    commit(registry, { [yaml]: edit(more, 'version: 1.2.0', 'version: 1.3.0') });
    expect(await findings(registry)).toEqual([
      'weather/server.yaml:3:10: version: the server may reach every public host, port 443, which is a new major version; write 2.0.0',
    ]);
    commit(registry, {
      [yaml]: edit(words, 'version: 1.2.0', 'version: 1.3.0'),
      'servers/weather/tools.json': json({ ...TOOLS, tools: [] }),
    });
    expect(await findings(registry)).toEqual([
      expect.stringContaining('the server loses the tool forecast, which is a new major version'),
    ]);
    commit(registry, { [yaml]: edit(more, 'version: 1.2.0', 'version: 2.0.0') });
    expect(await findings(registry)).toEqual([]);
  });
});

describe('deletion', () => {
  it('needs a tombstone', async () => {
    const registry = repository();
    rmSync(join(registry, 'servers/tides'), { recursive: true });
    expect(await findings(registry)).toEqual([
      'tides/server.yaml:1:1: the entry is gone; bring it back with status: {state: withdrawn, reason: ...} and a new version, and name a replacement where there is one',
    ]);
  });

  it('takes a withdrawn entry for one', async () => {
    const registry = repository();
    const withdrawn = `${edit(REMOTE, 'version: 1.0.0', 'version: 1.0.1')}status: {state: withdrawn, reason: The service ended.}\n`;
    commit(registry, { 'servers/tides/server.yaml': withdrawn });
    expect(await findings(registry)).toEqual([]);
  });

  it('does not take a broken entry for a deleted one', async () => {
    const registry = repository();
    commit(registry, { 'servers/tides/server.yaml': 'name: [' });
    expect((await findings(registry)).join()).not.toContain('the entry is gone');
  });
});

it('gives both states of what changed since the branch left its base', async () => {
  const registry = repository();
  const root = dirname(registry);
  commit(registry, { [yaml]: edit(words, 'version: 1.2.0', 'version: 1.2.1') });
  git(root, 'checkout', '--quiet', 'main');
  commit(registry, { 'servers/tides/server.yaml': edit(REMOTE, 'high and low', 'low and high') });
  git(root, 'checkout', '--quiet', 'change');
  const changes = await entryChanges(registry, 'main');
  expect(
    changes.map(({ name, before, after }) => [name, before?.entry?.version, after?.entry?.version]),
  ).toEqual([['weather', '1.2.0', '1.2.1']]);
});

it('tells an unknown base, and a base that poses as an option', async () => {
  const registry = repository();
  await expect(validateChanges(registry, 'nowhere')).rejects.toThrow(
    'Git knows no commit "nowhere"',
  );
  await expect(validateChanges(registry, '--output=/tmp/x')).rejects.toMatchObject({
    code: 'BASE_UNKNOWN',
  });
  await expect(validateChanges(registryOf(GOOD), 'main')).rejects.toMatchObject({
    code: 'NOT_A_REPOSITORY',
  });
});
