import { Octokit } from 'octokit';

/**
 * The GitHub client. GITHUB_TOKEN and GITHUB_API_URL are those of GitHub Actions; the second one
 * also points at a GitHub Enterprise server. Without a token only public data can be read.
 *
 * Writes are spaced by a second or more, as GitHub asks; `unhurried: false` leaves that out.
 */
export function createOctokit(
  env: NodeJS.ProcessEnv = process.env,
  { unhurried = true }: { readonly unhurried?: boolean } = {},
): Octokit {
  return new Octokit({
    userAgent: 'portolan',
    ...(env.GITHUB_TOKEN ? { auth: env.GITHUB_TOKEN } : {}),
    ...(env.GITHUB_API_URL ? { baseUrl: env.GITHUB_API_URL } : {}),
    throttle: {
      enabled: unhurried,
      onRateLimit: isWorthWaiting,
      onSecondaryRateLimit: isWorthWaiting,
    },
  });
}

/** Once is enough: a workflow that waits for an hour tells nobody anything. `after` in seconds. */
function isWorthWaiting(after: number, _options: object, _octokit: object, retries: number) {
  return retries < 1 && after <= 60;
}

/** HTTP status of a failed request of Octokit; undefined for any other error. */
export function statusOf(error: unknown): number | undefined {
  const { status } = error as { status?: unknown };
  return typeof status === 'number' ? status : undefined;
}

/**
 * The account that the token writes as: `github-actions[bot]`, or that of an app. What it wrote
 * before is found by this name, as anyone can write a marker into a text.
 */
export async function ownLogin(octokit: Octokit): Promise<string> {
  const { viewer } = await octokit.graphql<{ viewer: { login: string } }>('{ viewer { login } }');
  return viewer.login;
}
