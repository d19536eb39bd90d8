import type { Octokit } from 'octokit';
import { ownLogin } from './octokit.ts';

export interface CommentPlace {
  readonly owner: string;
  readonly repo: string;
  /** Number of the issue or pull request. */
  readonly number: number;
}

const MAX_LENGTH = 65_536;

/**
 * Writes the one comment that carries `marker` (an HTML comment): makes it the first time, changes
 * it after. Only a comment of this account itself counts, since anyone can write the marker.
 */
export async function upsertComment(
  octokit: Octokit,
  { owner, repo, number }: CommentPlace,
  marker: string,
  text: string,
): Promise<'created' | 'updated' | 'unchanged'> {
  const author = await ownLogin(octokit);
  const body = `${marker}\n${text}`.slice(0, MAX_LENGTH);
  const comments = await octokit.paginate(octokit.rest.issues.listComments, {
    owner,
    repo,
    issue_number: number,
    per_page: 100,
  });
  const own = comments.find(
    (comment) => comment.user?.login === author && comment.body?.startsWith(marker),
  );
  if (!own) {
    await octokit.rest.issues.createComment({ owner, repo, issue_number: number, body });
    return 'created';
  }
  if (own.body === body) return 'unchanged';
  await octokit.rest.issues.updateComment({ owner, repo, comment_id: own.id, body });
  return 'updated';
}
