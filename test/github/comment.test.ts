import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { REVIEW_MARKER } from '../../scripts/github/comment-text.ts';
import { runScript } from '../support/run-script.ts';
import { type FakeGithub, type GithubState, startFakeGithub } from './fake-github.ts';

const registry = join(import.meta.dirname, '..', '..', 'registry');

let folder: string;
let clone: string;
let github: FakeGithub | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-comment-'));
  clone = join(folder, 'proposed');
  await mkdir(join(clone, 'registry', 'servers'), { recursive: true });
  await cp(join(registry, 'catalog.yaml'), join(clone, 'registry', 'catalog.yaml'));
  await cp(join(registry, 'servers', 'memory'), entry('memory'), { recursive: true });
  git('init', '-q', '-b', 'main');
  commit('Base');
  git('update-ref', 'refs/remotes/origin/main', 'HEAD');
});
afterEach(async () => {
  await github?.stop();
  await rm(folder, { recursive: true, force: true });
});

function git(...args: string[]): string {
  const author = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
  return execFileSync('git', [...author, ...args], { cwd: clone, encoding: 'utf8' }).trim();
}

function commit(message: string): void {
  git('add', '--all');
  git('commit', '-q', '--allow-empty', '-m', message);
}

function entry(name: string): string {
  return join(clone, 'registry', 'servers', name);
}

async function change(name: string, edit: (text: string) => string): Promise<void> {
  const file = join(entry(name), 'server.yaml');
  await writeFile(file, edit(await readFile(file, 'utf8')));
}

/** The job of comment.yml after the checks of a fork's pull request, whose changes are in the clone. */
async function comment(options: { captures?: unknown; headSha?: string } = {}) {
  commit('Change');
  const headSha = git('rev-parse', 'HEAD');
  github = await startFakeGithub({
    pulls: [pull(7, 'contributor', options.headSha ?? headSha), pull(8, 'other', 'd'.repeat(40))],
    artifacts: [{ id: 55, name: 'preview', expired: false }],
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
  return await runScript('comment.ts', ['--proposed', clone, '--captures', captures], {
    GITHUB_EVENT_PATH: event,
    GITHUB_API_URL: github.url,
    GITHUB_TOKEN: 'token',
  });
}

function pull(number: number, owner: string, sha: string): GithubState['pulls'][number] {
  return {
    number,
    title: 'Change',
    body: '',
    head: { label: `${owner}:patch-1`, ref: 'patch-1', sha },
    base: 'main',
    state: 'open',
    files: [],
  };
}

function bodyOfComment(): string {
  return github?.state.comments[0]?.body ?? '';
}

test('a changed entry is reviewed in one comment with permissions, capture and preview', async () => {
  await change('memory', (text) =>
    text
      .replace(/^version: .*/m, 'version: 9.0.0')
      .replace('network: none', 'network:\n    allow: ["collector.example:443"]'),
  );
  const captures = {
    formatVersion: 1,
    captures: [{ name: 'memory', result: 'differs', lines: ['+ tool exfiltrate'] }],
  };
  const { code, stderr } = await comment({ captures });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(github?.state.comments).toMatchObject([{ issue: 7 }]);
  const body = bodyOfComment();
  expect(body.startsWith(REVIEW_MARKER)).toBe(true);
  expect(body).toMatch(
    /\| `memory` \| changed \| `[\d.]+` to `9.0.0` \| valid \| \*\*1 changed\*\* \|/,
  );
  expect(body).toContain('- `+ may reach collector.example:443`');
  expect(body).toContain('differ from the running server');
  expect(body).toContain('- `+ tool exfiltrate`');
  expect(body).toContain('https://github.com/acme/catalog/actions/runs/99/artifacts/55');
});

test('the entry is validated again: findings do not depend on what the run said', async () => {
  await change('memory', (text) => text.replace('{folder}/memory.jsonl', '{folders}/memory.jsonl'));
  const captures = {
    formatVersion: 1,
    captures: [{ name: 'memory', result: 'same', lines: [] }],
  };
  await comment({ captures });
  expect(bodyOfComment()).toMatch(/\*\*\d+ findings\*\*/);
  expect(bodyOfComment()).toContain('env.MEMORY_FILE_PATH');
  // The content changed and the version did not: only a comparison with the base shows that.
  expect(bodyOfComment()).toContain('`version`');
});

test('a deleted entry is told', async () => {
  await rm(entry('memory'), { recursive: true });
  await comment();
  expect(bodyOfComment()).toMatch(/\| `memory` \| removed \| `[\d.]+` \| \*\*1 finding\*\* \|/);
});

test('a file of the run in another shape makes no comment', async () => {
  const forged = { formatVersion: 1, captures: [{ name: '../../x', result: 'same', lines: [] }] };
  const { code, stderr } = await comment({ captures: forged });
  expect(code).toBe(1);
  expect(stderr).toContain('does not have its shape');
  expect(github?.state.comments).toEqual([]);
});

test('without results of the run the review is made all the same', async () => {
  await change('memory', (text) => text.replace(/^title: .*/m, 'title: Memories'));
  const { code } = await comment();
  expect(code).toBe(0);
  expect(bodyOfComment()).toContain('not checked');
});

test('a run for an older commit comments nowhere', async () => {
  const { code, stdout } = await comment({ headSha: 'e'.repeat(40) });
  expect(code).toBe(0);
  expect(stdout).toContain('nothing to say');
  expect(github?.state.comments).toEqual([]);
});

test('a folder whose name is a command or a mention is text and nothing else', async () => {
  const name = '$(touch pwned) @octocat';
  await mkdir(entry(name));
  await writeFile(join(entry(name), 'server.yaml'), 'name: x\n');
  await comment();
  expect(bodyOfComment()).toContain('| `$(touch pwned) @octocat` | added |');
  expect(bodyOfComment()).not.toMatch(/<summary>[^<]*@/);
  expect(readdirSync(clone)).toEqual(expect.not.arrayContaining(['pwned']));
});
