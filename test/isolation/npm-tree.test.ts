import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { verifyLockfile } from '../../core/isolation/npm-lockfile.ts';
import { ensureNpmTree } from '../../core/isolation/npm-tree.ts';
import { needs } from '../support/needs.ts';

const folder = join(import.meta.dirname, '..', '..', 'registry', 'servers', 'sequential-thinking');
const entry = load(readFileSync(join(folder, 'server.yaml'), 'utf8')) as ServerEntry;
const lock = readFileSync(join(folder, 'package-lock.json'));

/** The lockfile with one change. */
function changed(
  change: (lock: {
    lockfileVersion: number;
    packages: Record<string, Record<string, unknown>>;
  }) => void,
) {
  const value = JSON.parse(lock.toString());
  change(value);
  return Buffer.from(JSON.stringify(value));
}

const own = `node_modules/${entry.npm?.package}`;

describe('a lockfile', () => {
  test('of a registry entry is taken', () => {
    expect(() => verifyLockfile(entry, lock)).not.toThrow();
  });

  test.each([
    ['is no JSON', Buffer.from('{'), 'LOCKFILE_MALFORMED'],
    [
      'has another version',
      changed((value) => {
        value.lockfileVersion = 2;
      }),
      'LOCKFILE_MALFORMED',
    ],
    [
      'depends on more than the entry',
      changed((value) => {
        value.packages[''] = {
          dependencies: { [`${entry.npm?.package}`]: entry.npm?.version, left: '1.0.0' },
        };
      }),
      'LOCKFILE_MALFORMED',
    ],
    [
      'has another integrity than the entry',
      changed((value) => {
        value.packages[own] = { ...value.packages[own], integrity: `sha512-${'A'.repeat(86)}==` };
      }),
      'LOCKFILE_INTEGRITY',
    ],
    [
      'has a package without integrity',
      changed((value) => {
        value.packages['node_modules/x'] = { version: '1.0.0' };
      }),
      'LOCKFILE_INTEGRITY',
    ],
    [
      'has a weak integrity',
      changed((value) => {
        value.packages['node_modules/x'] = {
          version: '1.0.0',
          integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=',
        };
      }),
      'LOCKFILE_INTEGRITY',
    ],
    [
      'has a link',
      changed((value) => {
        value.packages['node_modules/x'] = { link: true, resolved: '../x' };
      }),
      'LOCKFILE_SOURCE',
    ],
    [
      'has a git source',
      changed((value) => {
        value.packages['node_modules/x'] = {
          version: '1.0.0',
          resolved: 'git+ssh://git@example.com/x.git#abc',
          integrity: `sha512-${'A'.repeat(86)}==`,
        };
      }),
      'LOCKFILE_SOURCE',
    ],
    [
      'has a URL source',
      changed((value) => {
        value.packages['node_modules/x'] = {
          version: '1.0.0',
          resolved: 'https://example.com/x.tgz',
          integrity: `sha512-${'A'.repeat(86)}==`,
        };
      }),
      'LOCKFILE_SOURCE',
    ],
    [
      'has a workspace',
      changed((value) => {
        value.packages['packages/x'] = { version: '1.0.0' };
      }),
      'LOCKFILE_SOURCE',
    ],
    [
      'climbs out',
      changed((value) => {
        value.packages['node_modules/../../x'] = {
          version: '1.0.0',
          integrity: `sha512-${'A'.repeat(86)}==`,
        };
      }),
      'LOCKFILE_SOURCE',
    ],
  ])('that %s is refused', (_, bytes, code) => {
    expect(() => verifyLockfile(entry, bytes)).toThrow(
      expect.objectContaining({
        kind: 'unverified',
        code,
        message: expect.stringContaining('package-lock.json'),
      }),
    );
  });
});

describe.skipIf(needs('npm').skip)('the tree of an npm entry', () => {
  let store: string;
  beforeAll(() => {
    store = mkdtempSync(join(tmpdir(), 'portolan-store-'));
  });
  afterAll(() => rmSync(store, { recursive: true, force: true }));

  test('is installed once, however many ask for it', async () => {
    const started: string[] = [];
    const ask = () =>
      ensureNpmTree(entry, lock, store, { onProgress: (text) => started.push(text) });
    const [one, other] = await Promise.all([ask(), ask()]);
    expect(one).toEqual(other);
    expect(readdirSync(store)).toHaveLength(1);
    expect(readFileSync(join(one?.folder ?? '', one?.script ?? ''), 'utf8')).toContain('import');
    started.length = 0;
    await ask();
    expect(started).toEqual([]);
  });

  test('is built anew when it was damaged', async () => {
    const { folder, script } = await ensureNpmTree(entry, lock, store);
    const file = join(folder, script);
    const text = readFileSync(file, 'utf8');
    rmSync(file);
    await ensureNpmTree(entry, lock, store);
    expect(readFileSync(file, 'utf8')).toBe(text);

    const evil = join(folder, 'node_modules', 'evil.js');
    writeFileSync(evil, 'added');
    await ensureNpmTree(entry, lock, store);
    expect(() => readFileSync(evil)).toThrow(/ENOENT/);
  });

  test('is compared byte by byte on demand', async () => {
    const { folder, script } = await ensureNpmTree(entry, lock, store);
    const file = join(folder, script);
    const before = readFileSync(file);
    const copy = join(store, 'times');
    cpSync(file, copy, { preserveTimestamps: true });
    writeFileSync(file, Buffer.alloc(before.length, 'x'));
    const { mtime, atime } = statSync(copy);
    utimesSync(file, atime, mtime);
    rmSync(copy);
    await ensureNpmTree(entry, lock, store, { thorough: true });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test('is not installed when its package is not what the lockfile says', async () => {
    const bytes = changed((value) => {
      const [path = ''] = Object.keys(value.packages).filter((name) => name.endsWith('/zod'));
      value.packages[path] = { ...value.packages[path], integrity: `sha512-${'A'.repeat(86)}==` };
    });
    await expect(
      ensureNpmTree(entry, bytes, store, {
        env: { ...process.env, npm_config_cache: join(store, 'cache') },
      }),
    ).rejects.toThrow(
      expect.objectContaining({
        code: 'NPM_FAILED',
        message: expect.stringMatching(/EINTEGRITY|integrity/),
      }),
    );
    rmSync(join(store, 'cache'), { recursive: true, force: true });
    expect(readdirSync(store)).toHaveLength(1);
  });

  test('is refused when the executable is not named or lies outside', async () => {
    const npm = { ...entry.npm, bin: 'something-else' } as ServerEntry['npm'];
    await expect(ensureNpmTree({ ...entry, npm }, lock, store)).rejects.toThrow(
      expect.objectContaining({
        code: 'NPM_BIN',
        message: expect.stringContaining('npm.bin is something-else'),
      }),
    );
  });
});
