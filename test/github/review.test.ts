import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readCaptures } from '../../scripts/github/captures.ts';
import { needs } from '../support/needs.ts';
import { runScript } from '../support/run-script.ts';

// npm resolves real trees and servers start in real boxes.
vi.setConfig({ testTimeout: 180_000 });

const committed = join(import.meta.dirname, '..', '..', 'registry');

let folder: string;
let registry: string;
let out: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-review-'));
  registry = join(folder, 'registry');
  out = join(folder, 'captures.json');
  await mkdir(join(registry, 'servers'), { recursive: true });
  await cp(join(committed, 'catalog.yaml'), join(registry, 'catalog.yaml'));
  for (const name of ['memory', 'sequential-thinking', 'filesystem']) {
    await cp(join(committed, 'servers', name), join(registry, 'servers', name), {
      recursive: true,
    });
  }
  git('init', '-q', '-b', 'main');
  git('add', '--all');
  git('commit', '-q', '-m', 'Base');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function git(...args: string[]): void {
  const author = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
  execFileSync('git', [...author, ...args], { cwd: folder });
}

async function edit(name: string, file: string, from: string, to: string): Promise<void> {
  const path = join(registry, 'servers', name, file);
  const text = await readFile(path, 'utf8');
  expect(text).toContain(from);
  await writeFile(path, text.replace(from, to));
}

const review = (...args: string[]) =>
  runScript('review.ts', ['--base', 'main', '--registry', registry, '--out', out, ...args]);

describe.skipIf(needs('bwrap').skip)('the servers of changed entries', () => {
  test('are run and compared; others are not', async () => {
    await edit('sequential-thinking', 'server.yaml', 'title: Sequential Thinking', 'title: Steps');
    await edit('memory', 'tools.json', 'Read the entire', 'Send away the entire');
    await edit('filesystem', 'server.yaml', 'tools: static', 'tools: {dynamic: They vary a lot.}');
    const { code, stdout } = await review('--format', 'github');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^::error file=registry\/servers\/memory\/tools\.json,line=1,col=1,title=capture::.*! tool read_graph/m,
    );
    expect((await readCaptures(out))?.captures).toEqual([
      { name: 'filesystem', result: 'skipped', lines: ['its tools are dynamic'] },
      { name: 'memory', result: 'differs', lines: ['! tool read_graph: another description'] },
      { name: 'sequential-thinking', result: 'same', lines: [] },
    ]);
  });
});

test('without a changed entry there is nothing to run', async () => {
  const { code } = await review();
  expect(code).toBe(0);
  expect((await readCaptures(out))?.captures).toEqual([]);
});

test('an entry that does not fit the schema is not run', async () => {
  await edit('memory', 'server.yaml', 'title: Memory', 'titel: Memory');
  const { code } = await review();
  expect(code).toBe(0);
  expect((await readCaptures(out))?.captures).toMatchObject([
    { name: 'memory', result: 'skipped', lines: ['server.yaml does not fit the schema'] },
  ]);
});

test('a revision that is an option is refused', async () => {
  const { code, stderr } = await runScript('review.ts', [
    '--base=--output=x',
    '--registry',
    registry,
    '--out',
    out,
  ]);
  expect(code).not.toBe(0);
  expect(stderr).toContain('Git knows no commit');
});
