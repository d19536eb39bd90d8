import type { Octokit } from 'octokit';
import { ownLogin } from './octokit.ts';

/**
 * Keeps the one issue that carries `marker` in step with `text`: opens it, changes it, reopens it,
 * or closes it when there is nothing to say (`text` undefined).
 */
export async function upsertIssue(
  octokit: Octokit,
  { owner, repo }: { readonly owner: string; readonly repo: string },
  issue: { readonly marker: string; readonly title: string; readonly text: string | undefined },
): Promise<'created' | 'updated' | 'closed' | 'unchanged'> {
  const { marker, title, text } = issue;
  const author = await ownLogin(octokit);
  const issues = await octokit.paginate(octokit.rest.issues.listForRepo, {
    owner,
    repo,
    creator: author,
    state: 'all',
    per_page: 100,
  });
  const own = issues.find(
    (item) =>
      !item.pull_request && item.user?.login === author && item.body?.startsWith(marker) === true,
  );
  if (text === undefined) {
    if (own?.state !== 'open') return 'unchanged';
    await octokit.rest.issues.update({ owner, repo, issue_number: own.number, state: 'closed' });
    return 'closed';
  }
  const body = `${marker}\n${text}`;
  if (!own) {
    await octokit.rest.issues.create({ owner, repo, title, body });
    return 'created';
  }
  if (own.body === body && own.state === 'open') return 'unchanged';
  await octokit.rest.issues.update({ owner, repo, issue_number: own.number, body, state: 'open' });
  return 'updated';
}
