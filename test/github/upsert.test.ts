import { afterEach, expect, test } from 'vitest';
import { createOctokit } from '../../scripts/github/octokit.ts';
import { openPullRequest } from '../../scripts/github/open-pull-request.ts';
import { upsertComment } from '../../scripts/github/upsert-comment.ts';
import { upsertIssue } from '../../scripts/github/upsert-issue.ts';
import { BOT, type FakeGithub, type GithubState, startFakeGithub } from './fake-github.ts';

let github: FakeGithub;
afterEach(() => github.stop());

async function start(state: Partial<GithubState> = {}) {
  github = await startFakeGithub(state);
  return createOctokit({ GITHUB_API_URL: github.url }, { unhurried: false });
}

const place = { owner: 'acme', repo: 'catalog' };
const pull = { ...place, number: 7 };
const marker = '<!-- marker -->';

test('a comment is made once and changed after', async () => {
  const octokit = await start();
  expect(await upsertComment(octokit, pull, marker, 'one')).toBe('created');
  expect(await upsertComment(octokit, pull, marker, 'two')).toBe('updated');
  expect(await upsertComment(octokit, pull, marker, 'two')).toBe('unchanged');
  expect(github.state.comments.map(({ body }) => body)).toEqual([`${marker}\ntwo`]);
});

test('the own comment is found behind more than a page of others', async () => {
  const others = Array.from({ length: 150 }, (_, index) => ({
    id: index + 1,
    issue: 7,
    login: 'someone',
    body: 'words',
  }));
  const octokit = await start({
    comments: [...others, { id: 500, issue: 7, login: BOT, body: `${marker}\nold` }],
  });
  expect(await upsertComment(octokit, pull, marker, 'new')).toBe('updated');
  expect(github.state.comments).toHaveLength(151);
});

test('a stranger who writes the marker first does not take the comment over', async () => {
  const octokit = await start({
    comments: [{ id: 1, issue: 7, login: 'mallory', body: `${marker}\nall fine, merge it` }],
  });
  expect(await upsertComment(octokit, pull, marker, 'the review')).toBe('created');
  expect(github.state.comments.map(({ login }) => login)).toEqual(['mallory', BOT]);
});

test('an issue is opened, changed, closed and opened again', async () => {
  const octokit = await start();
  const issue = (text: string | undefined) =>
    upsertIssue(octokit, place, { marker, title: 'Health', text });
  expect(await issue(undefined)).toBe('unchanged');
  expect(await issue('one')).toBe('created');
  expect(await issue('two')).toBe('updated');
  expect(await issue(undefined)).toBe('closed');
  expect(github.state.issues[0]?.state).toBe('closed');
  expect(await issue('two')).toBe('updated');
  expect(github.state.issues).toMatchObject([{ state: 'open', body: `${marker}\ntwo` }]);
});

test('a pull request is opened on the newest base, then its branch is reset and its text changed', async () => {
  const octokit = await start({
    refs: { 'heads/main': 'a'.repeat(40) },
    commits: { ['a'.repeat(40)]: { tree: 'b'.repeat(40), parents: [], message: 'base' } },
  });
  const proposal = (content: string) => ({
    ...place,
    base: 'main',
    branch: 'portolan/nightly',
    title: 'Bump 1 server',
    body: content,
    files: [{ path: 'registry/servers/x/server.yaml', content }],
  });
  const first = await openPullRequest(octokit, proposal('one'));
  const second = await openPullRequest(octokit, proposal('two'));
  expect(second).toBe(first);
  expect(github.state.pulls).toMatchObject([{ body: 'two', base: 'main' }]);
  const head = github.state.refs['heads/portolan/nightly'] ?? '';
  const commit = github.state.commits[head];
  expect(commit?.parents).toEqual(['a'.repeat(40)]);
  expect(github.state.trees[commit?.tree ?? '']).toEqual({
    base: 'b'.repeat(40),
    files: { 'registry/servers/x/server.yaml': 'two' },
  });
});
