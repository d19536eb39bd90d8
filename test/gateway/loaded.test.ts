import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCatalog, builtCatalog } from '../support/built-gateway.ts';
import { runPortolan } from '../support/command-line.ts';
import { LIST_TOOLS } from '../support/list-tools.ts';

/** Texts of the source by which a part of the built runner is known, whatever it is called. */
const MARKS = {
  guide: 'Which client is to use your servers?',
  console: 'the page of the console cannot be read',
  questions: '◆',
  commander: 'error: unknown option',
};

describe('what a start loads', () => {
  let catalog: BuiltCatalog;
  let folder = '';
  beforeAll(async () => {
    catalog = await builtCatalog(['everything']);
    folder = mkdtempSync(join(tmpdir(), 'portolan-loaded-'));
    // Tells, when the process ends, which files it has required.
    writeFileSync(
      join(folder, 'tell.cjs'),
      `process.on('exit', () => require('node:fs').appendFileSync(process.env.LOADED, Object.keys(require('node:module')._cache).join('\\n')));`,
    );
  });
  afterAll(() => {
    catalog.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The files of the runner that a command loads. */
  async function loadedBy(args: readonly string[], stdin = ''): Promise<readonly string[]> {
    const list = join(folder, `${args[0] ?? 'none'}-${Math.random()}`);
    await runPortolan(args, {
      env: { ...catalog.env, LOADED: list, NODE_OPTIONS: `--require ${join(folder, 'tell.cjs')}` },
      stdin,
    });
    return readFileSync(list, 'utf8')
      .split('\n')
      .filter((file) => file.endsWith('.cjs') && !file.startsWith(folder));
  }

  const holding = (mark: keyof typeof MARKS) =>
    readdirSync('dist/runner').filter((file) =>
      readFileSync(join('dist', 'runner', file), 'utf8').includes(MARKS[mark]),
    );

  it('is known by its parts', () => {
    for (const mark of Object.keys(MARKS) as (keyof typeof MARKS)[]) {
      expect([mark, holding(mark).length]).not.toEqual([mark, 0]);
      // What every start needs is in another file.
      expect([mark, readFileSync('dist/runner.cjs', 'utf8').includes(MARKS[mark])]).toEqual([
        mark,
        false,
      ]);
    }
  });

  it('is neither the console nor the guided start nor a question, for the gateway', async () => {
    const loaded = await loadedBy(
      ['run', ...catalog.source, '--servers', 'everything'],
      LIST_TOOLS,
    );
    expect(loaded.map((file) => basename(file))).toContain('runner.cjs');
    for (const mark of Object.keys(MARKS) as (keyof typeof MARKS)[]) {
      for (const file of holding(mark)) expect(loaded.join('\n')).not.toContain(file);
    }
  });

  it('is no guided start for any other command, and none without a terminal', async () => {
    for (const args of [['search', ...catalog.source], ['client', 'ls'], ['--help'], []]) {
      const loaded = await loadedBy(args);
      expect(loaded.length).toBeGreaterThan(1);
      for (const file of holding('guide')) expect(loaded.join('\n')).not.toContain(file);
    }
  });
});
