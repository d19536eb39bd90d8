import type { Octokit } from 'octokit';
import { statusOf } from './octokit.ts';

export interface FileChange {
  /** Path in the repository, with forward slashes. */
  readonly path: string;
  readonly content: string;
}

export interface Proposal {
  readonly owner: string;
  readonly repo: string;
  readonly base: string;
  /** Branch that belongs to this automation alone: it is reset each time. */
  readonly branch: string;
  readonly title: string;
  readonly body: string;
  readonly files: readonly FileChange[];
}

/**
 * Puts the files on the branch as one commit on top of the base's newest one, and opens a pull
 * request for it, or changes the one that is open. Everything goes through the API: no clone with a
 * token in it, and no file name meets a shell.
 *
 * Gives the number of the pull request.
 */
export async function openPullRequest(octokit: Octokit, proposal: Proposal): Promise<number> {
  const { owner, repo, base, branch, title, body } = proposal;
  const place = { owner, repo };
  const parent = (await octokit.rest.git.getRef({ ...place, ref: `heads/${base}` })).data.object
    .sha;
  const commit = await commitOn(octokit, proposal, parent);
  await pointBranch(octokit, proposal, commit);

  const { data: open } = await octokit.rest.pulls.list({
    ...place,
    state: 'open',
    head: `${owner}:${branch}`,
    base,
  });
  const [existing] = open;
  if (existing) {
    await octokit.rest.pulls.update({ ...place, pull_number: existing.number, title, body });
    return existing.number;
  }
  const { data } = await octokit.rest.pulls.create({ ...place, head: branch, base, title, body });
  return data.number;
}

async function commitOn(
  octokit: Octokit,
  { owner, repo, title, files }: Proposal,
  parent: string,
): Promise<string> {
  const place = { owner, repo };
  const { data: before } = await octokit.rest.git.getCommit({ ...place, commit_sha: parent });
  const { data: tree } = await octokit.rest.git.createTree({
    ...place,
    base_tree: before.tree.sha,
    tree: files.map(({ path, content }) => ({
      path,
      mode: '100644' as const,
      type: 'blob' as const,
      content,
    })),
  });
  const { data: commit } = await octokit.rest.git.createCommit({
    ...place,
    message: title,
    tree: tree.sha,
    parents: [parent],
  });
  return commit.sha;
}

async function pointBranch(
  octokit: Octokit,
  { owner, repo, branch }: Proposal,
  sha: string,
): Promise<void> {
  const place = { owner, repo };
  try {
    await octokit.rest.git.updateRef({ ...place, ref: `heads/${branch}`, sha, force: true });
  } catch (error) {
    // GitHub answers 422 "Reference does not exist" where there is no such branch yet.
    if (statusOf(error) !== 422 && statusOf(error) !== 404) throw error;
    await octokit.rest.git.createRef({ ...place, ref: `refs/heads/${branch}`, sha });
  }
}
