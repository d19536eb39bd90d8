import type { Octokit } from 'octokit';

export interface CommentPlace {
  readonly owner: string;
  readonly repo: string;
  /** Number of the issue or pull request. */
  readonly number: number;
}

const MAX_LENGTH = 65_536;
/** Who the token of GitHub Actions writes as. */
const BOT = 'github-actions[bot]';

/**
 * Writes the one comment that carries `marker` (an HTML comment): makes it the first time, changes
 * it after. Only a comment of the bot itself counts, since anyone can write the marker.
 */
export async function upsertComment(
  octokit: Octokit,
  { owner, repo, number }: CommentPlace,
  marker: string,
  text: string,
  author: string = BOT,
): Promise<'created' | 'updated' | 'unchanged'> {
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
