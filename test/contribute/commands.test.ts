import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { bumpEntry } from '../../scripts/contribute/bump/bump-entry.ts';
import { bumpReport } from '../../scripts/contribute/bump/report.ts';
import { readEntryFiles } from '../../scripts/contribute/entry-files.ts';
import { lockfileChanges, makeLockfile } from '../../scripts/contribute/lockfile.ts';
import { startFakeGithub } from '../github/fake-github.ts';
import { needs } from '../support/needs.ts';
import { runScript } from '../support/run-script.ts';

// npm resolves real trees and servers start in real boxes.
vi.setConfig({ testTimeout: 180_000 });

const committed = join(import.meta.dirname, '..', '..', 'registry');

let folder: string;
let registry: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-test-'));
  registry = join(folder, 'registry');
  await mkdir(join(registry, 'servers'), { recursive: true });
  await cp(join(committed, 'catalog.yaml'), join(registry, 'catalog.yaml'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const fileOf = (name: string, file: string) => join(registry, 'servers', name, file);
const textOf = (name: string, file: string) => readFile(fileOf(name, file), 'utf8');

/** An old release of a real server, so that there is something newer. */
const old = '@modelcontextprotocol/server-sequential-thinking@2025.12.18';

describe('npm run new', () => {
  const given = ['--category', 'ai', '--license', 'MIT', '--no-capture'];

  test('from a package with the facts that it lacks: valid but for the tools', async () => {
    const source = '@modelcontextprotocol/server-memory';
    const { code, stdout } = await runScript('new.ts', [source, ...given, '--registry', registry]);
    const yaml = await textOf('memory', 'server.yaml');
    expect(yaml).toMatch(/^# yaml-language-server: \$schema=/);
    expect(yaml).toMatch(/integrity: sha512-/);
    expect(await textOf('memory', 'package-lock.json')).not.toContain('"resolved"');
    // Without a capture, tools.json is all that is missing.
    expect(code).toBe(1);
    const toDo = stdout.split('\n').filter((line) => line.includes('registry/servers/memory/'));
    expect(toDo).toEqual([expect.stringContaining('tools.json')]);
  });

  test('without those facts: names each of them with its place', async () => {
    const source = '@modelcontextprotocol/server-memory';
    const args = [source, '--no-capture', '--registry', registry];
    const { code, stdout } = await runScript('new.ts', args);
    expect(code).toBe(1);
    expect(stdout).toMatch(/servers\/memory\/server\.yaml:2:1: categories: it is missing; add it/);
    expect(stdout).toMatch(/servers\/memory\/server\.yaml:2:1: license: it is missing; add it/);
    expect(stdout).toContain('license: package.json says "SEE LICENSE IN LICENSE"');
  });

  test.skipIf(needs('bwrap').skip)(
    'from a server.json: valid unedited, with its settings and its tools',
    async () => {
      const file = join(import.meta.dirname, '..', 'fixtures', 'contribute', 'server.json');
      const args = [file, '--category', 'ai', '--license', 'MIT', '--registry', registry];
      const { code, stdout, stderr } = await runScript('new.ts', args);
      expect(stderr).toContain('Running it, isolated');
      expect(stdout).toContain('It is valid as it is.');
      expect(stdout).toContain('tools.json: sequentialthinking');
      expect(stdout).toContain('permissions.network: every host');
      expect(code).toBe(0);
      const { entry } = readEntryFiles(registry, 'sequential-thinking');
      expect(entry.env).toEqual({ DISABLE_THOUGHT_LOGGING: '{disable_thought_logging}' });
    },
  );

  test("from Docker's registry: names what it cannot find out", async () => {
    const source = join(import.meta.dirname, '..', 'fixtures', 'contribute', 'docker');
    const { code, stdout } = await runScript('new.ts', [source, '--registry', registry]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/server\.yaml:\d+:\d+: container\.image: the image is a tag/);
    expect(stdout).toMatch(/server\.yaml:\d+:\d+: license: it is missing/);
    const { secrets } = parse(await textOf('weather', 'server.yaml'));
    expect(secrets).toMatchObject([{ name: 'api_key', example: 'wk-...' }]);
  });

  test('from a repository on GitHub: by its server.json, or by its package', async () => {
    const serverJson = await readFile(
      join(import.meta.dirname, '..', 'fixtures', 'contribute', 'server.json'),
      'utf8',
    );
    const github = await startFakeGithub({
      contents: {
        'acme/thinking/server.json': serverJson,
        'acme/memory/package.json': '{"name": "@modelcontextprotocol/server-memory"}',
      },
    });
    try {
      const make = (source: string, ...more: string[]) =>
        runScript('new.ts', [source, ...given, ...more, '--registry', registry], {
          GITHUB_API_URL: github.url,
        });
      await make('https://github.com/acme/thinking');
      expect(await textOf('sequential-thinking', 'server.yaml')).toContain(
        'package: "@modelcontextprotocol/server-sequential-thinking"',
      );
      await make('github:acme/memory', '--name', 'remember');
      expect(await textOf('remember', 'server.yaml')).toContain(
        'package: "@modelcontextprotocol/server-memory"',
      );
      const nothing = await make('github:acme/empty');
      expect(nothing.stderr).toContain('neither a server.json nor a package.json');
    } finally {
      await github.stop();
    }
  });

  test('never over an entry that exists', async () => {
    await mkdir(join(registry, 'servers', 'memory'));
    const args = ['@modelcontextprotocol/server-memory', ...given, '--registry', registry];
    const { code, stderr } = await runScript('new.ts', args);
    expect(code).toBe(2);
    expect(stderr).toContain('choose another name with --name');
  });

  test('a library is no server', async () => {
    const { code, stderr } = await runScript('new.ts', ['js-yaml@0.0.1', '--registry', registry]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/npm|no executable/);
  });
});

describe('npm run lock', () => {
  const npm = { package: 'semver', version: '7.7.2' };

  test('another integrity than the registry gives is refused, naming both', async () => {
    const wrong = `sha512-${'A'.repeat(86)}==`;
    await expect(makeLockfile({ name: 'x', npm: { ...npm, integrity: wrong } })).rejects.toThrow(
      /npm\.integrity is sha512-AAAA.*but the registry gives sha512-/,
    );
  });

  test('says which packages came, went and changed', () => {
    const lock = (packages: object) => JSON.stringify({ lockfileVersion: 3, packages });
    const before = lock({
      '': {},
      'node_modules/a': { version: '1.0.0', integrity: 'x' },
      'node_modules/b': { version: '1.0.0', integrity: 'x' },
      'node_modules/a/node_modules/c': { version: '1.0.0', integrity: 'x' },
    });
    const after = lock({
      '': {},
      'node_modules/a': { version: '1.1.0', integrity: 'y' },
      'node_modules/a/node_modules/c': { version: '1.0.0', integrity: 'z' },
      'node_modules/@d/e': { version: '2.0.0', integrity: 'x' },
    });
    expect(lockfileChanges(before, after)).toEqual([
      '+ @d/e 2.0.0',
      '~ a 1.0.0 -> 1.1.0',
      '! c 1.0.0 has another integrity',
      '- b 1.0.0',
    ]);
  });
});

describe.skipIf(needs('bwrap').skip)('npm run bump', () => {
  test('moves pins, lockfile, tools and version, and keeps comments', async () => {
    const source = [old, '--category', 'ai', '--license', 'MIT', '--name', 'thinking'];
    await runScript('new.ts', [...source, '--registry', registry]);
    const file = fileOf('thinking', 'server.yaml');
    await writeFile(
      file,
      (await readFile(file, 'utf8')).replace('license: MIT', 'license: MIT # see its readme'),
    );
    const before = await textOf('thinking', 'package-lock.json');

    const { code, stdout } = await runScript('bump.ts', ['thinking', '--registry', registry]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/thinking 1\.0\.0 -> \d\.\d\.0 \(upstream 2025\.12\.18 -> \d+/);
    const yaml = await textOf('thinking', 'server.yaml');
    expect(yaml).toContain('license: MIT # see its readme');
    expect(yaml).not.toContain('2025.12.18');
    expect(await textOf('thinking', 'package-lock.json')).not.toBe(before);
    const { entry, tools } = readEntryFiles(registry, 'thinking');
    expect(tools?.capturedFrom).toBe(`${entry.npm?.package}@${entry.npm?.version}`);
    expect(entry.version).not.toBe('1.0.0');

    const again = await runScript('bump.ts', ['thinking', '--registry', registry]);
    expect(again.stdout).toBe('thinking: nothing newer\n');
  });

  test('a lost tool is a new major version; a dry run writes nothing', async () => {
    const files = readEntryFiles(committed, 'memory');
    const lost = { name: 'forget_everything', inputSchema: { type: 'object' } };
    const tools = files.tools && { ...files.tools, tools: [...files.tools.tools, lost] };
    const bumped = await bumpEntry(
      { ...files, ...(tools ? { tools } : {}) },
      { dryRun: true, findRelease: async () => ({ label: 'same', changes: [], notes: [] }) },
    );
    const [major] = files.entry.version.split('.').map(Number);
    expect(bumped?.to).toBe(`${(major ?? 0) + 1}.0.0`);
    expect(bumped && bumpReport(bumped)).toContain('- tool forget_everything');
    expect(readEntryFiles(committed, 'memory').entry.version).toBe(files.entry.version);
  });

  test('a release that does not start changes nothing', async () => {
    await cp(join(committed, 'servers', 'memory'), join(registry, 'servers', 'memory'), {
      recursive: true,
    });
    const files = readEntryFiles(registry, 'memory');
    const release = { label: 'broken', changes: [[['npm', 'bin'], 'nothing']] as const, notes: [] };
    await expect(bumpEntry(files, { findRelease: async () => release })).rejects.toThrow();
    expect(readEntryFiles(registry, 'memory').entry).toEqual(files.entry);
  });
});
