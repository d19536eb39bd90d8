/**
 * `npm run propose -- --from DIR`: opens (or changes) the pull request with the new releases that
 * `npm run nightly` found, and keeps the issue about the registry's health in step. Runs from the
 * default branch with the token that may write; what it is handed is validated again here.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PortolanError } from '../core/errors.ts';
import { command } from './contribute/command.ts';
import { defaultRegistry } from './contribute/entry-files.ts';
import { readChangedFiles, readNightlyResults } from './github/nightly-results.ts';
import { bumpText, HEALTH_MARKER, healthText } from './github/nightly-text.ts';
import { createOctokit } from './github/octokit.ts';
import { openPullRequest } from './github/open-pull-request.ts';
import { upsertIssue } from './github/upsert-issue.ts';
import { validateProposal } from './github/validate-proposal.ts';

await command(async () => {
  const { values } = parseArgs({
    options: {
      from: { type: 'string', default: join(import.meta.dirname, '..', 'dist', 'nightly') },
      registry: { type: 'string', default: defaultRegistry },
      branch: { type: 'string', default: 'portolan/nightly' },
      base: { type: 'string', default: process.env.GITHUB_REF_NAME ?? 'main' },
    },
  });
  const [owner, repo] = (process.env.GITHUB_REPOSITORY ?? '').split('/');
  if (!owner || !repo || !process.env.GITHUB_TOKEN) {
    throw new PortolanError(
      'usage',
      'USAGE',
      'npm run propose runs in GitHub Actions: it needs GITHUB_REPOSITORY and GITHUB_TOKEN',
    );
  }
  const octokit = createOctokit();
  const { health, bumped, failed } = await readNightlyResults(values.from);
  const issue = await upsertIssue(
    octokit,
    { owner, repo },
    { marker: HEALTH_MARKER, title: 'Health of the registry', text: healthText(health) },
  );
  console.log(`health: ${health.length} findings, issue ${issue}`);
  if (bumped.length === 0) {
    console.log('no new releases');
    return;
  }
  const files = readChangedFiles(
    values.from,
    bumped.map(({ name }) => name),
  );
  const findings = await validateProposal(values.registry, files);
  if (findings.length > 0) {
    throw new PortolanError(
      'malformed',
      'PROPOSAL_INVALID',
      `the new releases do not validate, so nothing is proposed:\n${findings.join('\n')}`,
    );
  }
  const { title, body } = bumpText(bumped, failed);
  const number = await openPullRequest(octokit, {
    owner,
    repo,
    base: values.base,
    branch: values.branch,
    title,
    body,
    files,
  });
  console.log(`pull request ${number}: ${bumped.length} new releases`);
});
