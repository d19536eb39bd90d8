/**
 * `npm run comment -- --proposed DIR --captures FILE`: writes the review comment on a pull request.
 * Runs after pull-request.yml, from the default branch, with the token that may write.
 *
 * DIR is a clone with the pull request's commit checked out. It is only read: entries are loaded,
 * validated and compared again here by the code of the default branch. FILE comes from the job that ran
 * strangers' code; only its shape is believed.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PortolanError } from '../core/errors.ts';
import { command } from './contribute/command.ts';
import { readCaptures } from './github/captures.ts';
import { commentText, REVIEW_MARKER } from './github/comment-text.ts';
import { createOctokit } from './github/octokit.ts';
import { reviewChanges } from './github/review-changes.ts';
import { upsertComment } from './github/upsert-comment.ts';
import { artifactUrl, findPullRequest, readWorkflowRun } from './github/workflow-run.ts';

await command(async () => {
  const { values } = parseArgs({
    options: {
      proposed: { type: 'string' },
      captures: { type: 'string' },
    },
  });
  const event = process.env.GITHUB_EVENT_PATH;
  if (!values.proposed || !values.captures || !event) {
    throw new PortolanError(
      'usage',
      'USAGE',
      'usage: npm run comment -- --proposed DIR --captures FILE, in a workflow_run job of GitHub Actions',
    );
  }
  const octokit = createOctokit();
  const run = await readWorkflowRun(event);
  const pull = await findPullRequest(octokit, run);
  if (!pull) {
    console.log(`no open pull request has ${run.headSha} as its newest commit; nothing to say`);
    return;
  }
  const { owner, repo } = run;
  const { number, base } = pull;
  const captures = await readCaptures(values.captures);
  const text = commentText({
    reviews: await reviewChanges(join(values.proposed, 'registry'), `origin/${base}`),
    captures: captures?.captures,
    headSha: run.headSha,
    runUrl: run.url,
    previewUrl: await artifactUrl(octokit, run, 'preview'),
  });
  const done = await upsertComment(octokit, { owner, repo, number }, REVIEW_MARKER, text);
  console.log(`comment on pull request ${number}: ${done}`);
});
