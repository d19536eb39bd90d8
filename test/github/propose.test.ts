import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HEALTH_MARKER } from '../../scripts/github/nightly-text.ts';
import { runScript } from '../support/run-script.ts';
import { type FakeGithub, startFakeGithub } from './fake-github.ts';

const committed = join(import.meta.dirname, '..', '..', 'registry');

let folder: string;
let registry: string;
let github: FakeGithub;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-propose-'));
  registry = join(folder, 'registry');
  for (const target of [join(registry, 'servers'), join(folder, 'nightly', 'servers')]) {
    await mkdir(target, { recursive: true });
    await cp(join(committed, 'servers', 'memory'), join(target, 'memory'), { recursive: true });
  }
  await cp(join(committed, 'catalog.yaml'), join(registry, 'catalog.yaml'));
  const sha = 'a'.repeat(40);
  github = await startFakeGithub({
    refs: { 'heads/main': sha },
    commits: { [sha]: { tree: 'b'.repeat(40), parents: [], message: 'base' } },
  });
});
afterEach(async () => {
  await github.stop();
  await rm(folder, { recursive: true, force: true });
});

const bumped = {
  name: 'memory',
  from: '1.0.0',
  to: '1.1.0',
  release: '1 -> 2',
  permissions: [],
  tools: ['+ tool x'],
  packages: [],
  notes: [],
};

async function propose(results: object) {
  const nightly = { formatVersion: 1, health: [], bumped: [], failed: [], ...results };
  await writeFile(join(folder, 'nightly', 'nightly.json'), JSON.stringify(nightly));
  const args = ['--from', join(folder, 'nightly'), '--registry', registry, '--base', 'main'];
  return await runScript('propose.ts', args, {
    GITHUB_API_URL: github.url,
    GITHUB_REPOSITORY: 'acme/catalog',
    GITHUB_TOKEN: 'token',
  });
}

const proposed = (file: string) => join(folder, 'nightly', 'servers', 'memory', file);

async function edit(file: string, from: string | RegExp, to: string): Promise<void> {
  await writeFile(proposed(file), (await readFile(proposed(file), 'utf8')).replace(from, to));
}

test('new releases become one pull request with the files of their entries', async () => {
  await edit('server.yaml', /^version: .*/m, 'version: 8.0.0');
  const { code, stderr, stdout } = await propose({ bumped: [bumped] });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toContain('1 new releases');
  expect(github.state.pulls).toMatchObject([
    { title: 'Bump 1 server to their newest release', base: 'main' },
  ]);
  expect(github.state.pulls[0]?.body).toContain('`+ tool x`');
  const [tree] = Object.values(github.state.trees);
  expect(Object.keys(tree?.files ?? {}).sort()).toEqual([
    'registry/servers/memory/package-lock.json',
    'registry/servers/memory/server.yaml',
    'registry/servers/memory/tools.json',
  ]);
  expect(tree?.files['registry/servers/memory/server.yaml']).toContain('version: 8.0.0');
});

test('what does not validate is not proposed', async () => {
  await edit('tools.json', 'Read the entire', 'Read\u202E the entire');
  const { code, stderr } = await propose({ bumped: [bumped] });
  expect(code).toBe(1);
  expect(stderr).toMatch(/do not validate[\s\S]*servers\/memory\/tools\.json:\d+:\d+/);
  expect(github.state.pulls).toEqual([]);
});

test('a link to a file of the machine is refused', async () => {
  await rm(proposed('tools.json'));
  await symlink('/etc/passwd', proposed('tools.json'));
  const { code, stderr } = await propose({ bumped: [bumped] });
  expect(code).toBe(1);
  expect(stderr).toContain('symbolic link');
  expect(github.state.pulls).toEqual([]);
});

test('a name that is a path is refused', async () => {
  const { code, stderr } = await propose({ bumped: [{ ...bumped, name: '../../memory' }] });
  expect(code).toBe(1);
  expect(stderr).toContain('does not have its shape');
});

test('health becomes an issue that mentions nobody, and closes when all is well', async () => {
  const health = [{ name: 'memory', kind: 'endpoint', fact: 'is down, ask @octocat' }];
  await propose({ health });
  expect(github.state.issues).toMatchObject([{ title: 'Health of the registry', state: 'open' }]);
  const body = github.state.issues[0]?.body ?? '';
  expect(body.startsWith(HEALTH_MARKER)).toBe(true);
  expect(body).toContain('is down, ask');
  expect(body).not.toContain('@octocat');
  await propose({});
  expect(github.state.issues).toMatchObject([{ state: 'closed' }]);
});
