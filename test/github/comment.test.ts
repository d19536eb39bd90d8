import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { REVIEW_MARKER } from '../../scripts/github/comment-text.ts';
import { runScript } from '../support/run-script.ts';
import { type FakeGithub, type GithubState, startFakeGithub } from './fake-github.ts';

const registry = join(import.meta.dirname, '..', '..', 'registry');
const headSha = 'c'.repeat(40);

let folder: string;
let github: FakeGithub | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-comment-'));
  for (const side of ['base', 'proposed/registry']) {
    await mkdir(join(folder, side, 'servers'), { recursive: true });
    await cp(join(registry, 'catalog.yaml'), join(folder, side, 'catalog.yaml'));
  }
  await addEntry('base', 'memory');
  await addEntry('proposed/registry', 'memory');
});
afterEach(async () => {
  await github?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function addEntry(side: string, name: string, change = (text: string) => text) {
  const target = join(folder, side, 'servers', name);
  await cp(join(registry, 'servers', name), target, { recursive: true });
  const file = join(target, 'server.yaml');
  await writeFile(file, change(await readFile(file, 'utf8')));
}

/** The job of comment.yml for a pull request of a fork that changes the given files. */
async function comment(
  files: string[],
  options: { captures?: unknown; state?: Partial<GithubState>; head?: string } = {},
) {
  github = await startFakeGithub({
    pulls: [
      {
        number: 7,
        title: 'Change',
        body: '',
        head: { label: 'contributor:patch-1', ref: 'patch-1', sha: options.head ?? headSha },
        base: 'main',
        state: 'open',
        files: files.map((filename) => ({ filename })),
      },
      {
        number: 8,
        title: 'Somebody else',
        body: '',
        head: { label: 'other:patch-1', ref: 'patch-1', sha: 'd'.repeat(40) },
        base: 'main',
        state: 'open',
        files: [],
      },
    ],
    artifacts: [{ id: 55, name: 'preview', expired: false }],
    ...options.state,
  });
  const event = join(folder, 'event.json');
  await writeFile(
    event,
    JSON.stringify({
      workflow_run: {
        id: 99,
        event: 'pull_request',
        conclusion: 'success',
        head_sha: headSha,
        head_branch: 'patch-1',
        head_repository: { owner: { login: 'contributor' } },
        html_url: 'https://github.com/acme/catalog/actions/runs/99',
      },
      repository: { name: 'catalog', owner: { login: 'acme' } },
    }),
  );
  const captures = join(folder, 'captures.json');
  if (options.captures !== undefined) {
    await writeFile(captures, JSON.stringify(options.captures));
  }
  const args = ['--proposed', join(folder, 'proposed'), '--captures', captures];
  return await runScript('comment.ts', [...args, '--registry', join(folder, 'base')], {
    GITHUB_EVENT_PATH: event,
    GITHUB_API_URL: github.url,
    GITHUB_TOKEN: 'token',
  });
}

const memory = 'registry/servers/memory/server.yaml';

test('a changed entry is reviewed in one comment with permissions, capture and preview', async () => {
  await addEntry('proposed/registry', 'memory', (text) =>
    text
      .replace('version: 1.0.0', 'version: 2.0.0')
      .replace('network: none', 'network:\n    allow: ["collector.example:443"]'),
  );
  const captures = {
    formatVersion: 1,
    captures: [{ name: 'memory', result: 'differs', lines: ['+ tool exfiltrate'] }],
  };
  const { code, stderr } = await comment([memory], { captures });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(github?.state.comments).toMatchObject([{ issue: 7 }]);
  const body = github?.state.comments[0]?.body ?? '';
  expect(body.startsWith(REVIEW_MARKER)).toBe(true);
  expect(body).toContain('| `memory` | changed | `1.0.0` to `2.0.0` | valid |');
  expect(body).toContain('differ from the running server');
  expect(body).toContain('`+ tool exfiltrate`');
  expect(body).toContain('collector.example');
  expect(body).toContain('https://github.com/acme/catalog/actions/runs/99/artifacts/55');
});

test('the entry is validated again: findings do not depend on what the run said', async () => {
  await addEntry('proposed/registry', 'memory', (text) =>
    text.replace('{folder}/memory.jsonl', '{folders}/memory.jsonl'),
  );
  const captures = {
    formatVersion: 1,
    captures: [{ name: 'memory', result: 'same', lines: [] }],
  };
  await comment([memory], { captures });
  const body = github?.state.comments[0]?.body ?? '';
  expect(body).toMatch(/\*\*\d+ findings?\*\*/);
  expect(body).toContain('env.MEMORY_FILE_PATH');
});

test('a file of the run in another shape makes no comment', async () => {
  const forged = { formatVersion: 1, captures: [{ name: '../../x', result: 'same', lines: [] }] };
  const { code, stderr } = await comment([memory], { captures: forged });
  expect(code).toBe(1);
  expect(stderr).toContain('does not have its shape');
  expect(github?.state.comments).toEqual([]);
});

test('without results of the run the review is made all the same', async () => {
  const { code } = await comment([memory]);
  expect(code).toBe(0);
  expect(github?.state.comments[0]?.body).toContain('not checked');
});

test('a run for an older commit comments nowhere', async () => {
  const { code, stdout } = await comment([memory], { head: 'e'.repeat(40) });
  expect(code).toBe(0);
  expect(stdout).toContain('nothing to say');
  expect(github?.state.comments).toEqual([]);
});

test('file names that are no entry never become one', async () => {
  await comment(['registry/servers/$(touch x)/server.yaml', 'README.md', 'registry/servers/x']);
  expect(github?.state.comments[0]?.body).toContain('No entry of the registry.');
});
