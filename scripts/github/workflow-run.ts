import { readFile } from 'node:fs/promises';
import type { Octokit } from 'octokit';
import { PortolanError } from '../../core/errors.ts';

/** The finished run that a `workflow_run` event is about. */
export interface WorkflowRun {
  readonly owner: string;
  readonly repo: string;
  readonly runId: number;
  /** `success`, `failure`, `cancelled` ... */
  readonly conclusion: string;
  readonly headSha: string;
  /** Owner of the repository that the pull request comes from, and its branch. */
  readonly headOwner: string;
  readonly headBranch: string;
  /** Page of the run. */
  readonly url: string;
}

/** Reads the event that started this job (GITHUB_EVENT_PATH). It is GitHub's word. */
export async function readWorkflowRun(path: string): Promise<WorkflowRun> {
  const { workflow_run: run, repository } = JSON.parse(await readFile(path, 'utf8')) as {
    workflow_run?: {
      id: number;
      event: string;
      conclusion: string | null;
      head_sha: string;
      head_branch: string;
      head_repository: { owner: { login: string } } | null;
      html_url: string;
    };
    repository?: { name: string; owner: { login: string } };
  };
  if (!run?.head_repository || !repository || run.event !== 'pull_request') {
    throw new PortolanError(
      'usage',
      'EVENT_UNEXPECTED',
      'this job comments after a run of pull-request.yml for a pull request; the event is another one',
    );
  }
  return {
    owner: repository.owner.login,
    repo: repository.name,
    runId: run.id,
    conclusion: run.conclusion ?? 'unknown',
    headSha: run.head_sha,
    headOwner: run.head_repository.owner.login,
    headBranch: run.head_branch,
    url: run.html_url,
  };
}

/**
 * The open pull request whose newest commit the run checked; undefined when there is none any more.
 * The number is looked up with GitHub and never taken from files of the run: those are written by
 * the pull request itself, which could name another one.
 */
export async function findPullRequest(
  octokit: Octokit,
  run: WorkflowRun,
): Promise<{ readonly number: number; readonly base: string } | undefined> {
  const { data } = await octokit.rest.pulls.list({
    owner: run.owner,
    repo: run.repo,
    state: 'open',
    head: `${run.headOwner}:${run.headBranch}`,
    per_page: 100,
  });
  const pull = data.find(({ head }) => head.sha === run.headSha);
  return pull && { number: pull.number, base: pull.base.ref };
}

/** Page of the artifact with a name; undefined when the run has none. */
export async function artifactUrl(
  octokit: Octokit,
  { owner, repo, runId, url }: WorkflowRun,
  name: string,
): Promise<string | undefined> {
  const { data } = await octokit.rest.actions.listWorkflowRunArtifacts({
    owner,
    repo,
    run_id: runId,
    name,
  });
  const found = data.artifacts.find((artifact) => artifact.name === name && !artifact.expired);
  return found && `${url}/artifacts/${found.id}`;
}
