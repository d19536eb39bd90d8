import type { Octokit } from 'octokit';
import type { CatalogConfig } from '../../../core/entry/types.generated.ts';
import { messageOf, PortolanError } from '../../../core/errors.ts';
import { createOctokit, statusOf } from '../../github/octokit.ts';
import type { Drafted } from './draft.ts';
import { draftServerJson } from './from-import.ts';
import { fromNpm } from './from-npm.ts';

/**
 * Drafts an entry from a repository on GitHub: from its server.json, or, where it has none, from
 * the npm package that it publishes.
 */
export async function fromGithub(
  { owner, repo }: { readonly owner: string; readonly repo: string },
  config: CatalogConfig,
  octokit: Octokit = createOctokit(),
): Promise<Drafted> {
  const serverJson = await readFile(octokit, { owner, repo, path: 'server.json' });
  if (serverJson !== undefined) {
    const where = `https://github.com/${owner}/${repo}/blob/HEAD/server.json`;
    return await draftServerJson(serverJson, where, config);
  }
  const manifest = await readFile(octokit, { owner, repo, path: 'package.json' });
  const { name } = manifest === undefined ? {} : (JSON.parse(manifest) as { name?: string });
  if (name) return await fromNpm(name, config);
  throw new PortolanError(
    'usage',
    'SOURCE_UNKNOWN',
    `github.com/${owner}/${repo} has neither a server.json nor a package.json at its top; give the package, the image or the endpoint instead`,
  );
}

async function readFile(
  octokit: Octokit,
  place: { owner: string; repo: string; path: string },
): Promise<string | undefined> {
  try {
    const { data } = await octokit.rest.repos.getContent({
      ...place,
      mediaType: { format: 'raw' },
    });
    // With the raw media type the body is the file itself, whatever the types of Octokit say.
    return data as unknown as string;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw new PortolanError(
      'unreachable',
      'GITHUB_FAILED',
      `github.com/${place.owner}/${place.repo} could not be read: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
