import { messageOf, PortolanError } from '../../core/errors.ts';
import { isPassingStatus, Passing, parseRetryAfter, retrying } from '../../core/oci/retry.ts';
import { forEachLimited } from '../publisher/limited.ts';

/** The most names in one question; names with a scope are asked one by one (npm's own limits). */
const MOST_AT_ONCE = 128;
const QUESTIONS_AT_ONCE = 4;
const PATIENCE_MS = 20_000;
const TRIES = 4;

/**
 * Downloads of the last week of npm packages, by name; packages that npm does not know are absent.
 * Asks `GET /downloads/point/last-week/NAME[,NAME...]` of the service at `api`.
 *
 * Throws `unreachable` / `DOWNLOADS_UNREACHABLE` when the service gives no answer.
 */
export async function downloadsOf(
  packages: readonly string[],
  api: string,
): Promise<ReadonlyMap<string, number>> {
  const plain = packages.filter((name) => !name.startsWith('@'));
  const questions = packages.filter((name) => name.startsWith('@')).map((name) => [name]);
  for (let start = 0; start < plain.length; start += MOST_AT_ONCE) {
    questions.push(plain.slice(start, start + MOST_AT_ONCE));
  }
  const found = new Map<string, number>();
  await forEachLimited(questions, QUESTIONS_AT_ONCE, async (names) => {
    const answer = await ask(`${api.replace(/\/$/, '')}/downloads/point/last-week/${names.join()}`);
    for (const name of names) {
      const count = countIn(answer, names.length > 1 ? name : undefined);
      if (count !== undefined) found.set(name, count);
    }
  });
  return found;
}

/** An answer to one name is the count itself; to several, an object with a member for each. */
function countIn(answer: unknown, member: string | undefined): number | undefined {
  const counts = answer as Readonly<Record<string, unknown>> | undefined;
  const own =
    member === undefined || !counts ? counts : Object.hasOwn(counts, member) && counts[member];
  const { downloads } = (own || {}) as { downloads?: unknown };
  return Number.isSafeInteger(downloads) && Number(downloads) >= 0 ? Number(downloads) : undefined;
}

/** The parsed answer; undefined when the service does not know the package. */
function ask(url: string): Promise<unknown> {
  const failed = (why: string) =>
    new PortolanError(
      'unreachable',
      'DOWNLOADS_UNREACHABLE',
      `${url}: ${why}; registry/popularity.json stays as it is, try again later`,
    );
  const once = async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.status === 404) return undefined;
    if (response.ok) return await response.json();
    const error = failed(`it answered ${response.status}`);
    if (!isPassingStatus(response.status)) throw error;
    throw new Passing(error, parseRetryAfter(response.headers.get('Retry-After'), Date.now()));
  };
  return retrying(
    () =>
      once().catch((error: unknown) => {
        if (error instanceof Passing || error instanceof PortolanError) throw error;
        throw new Passing(failed(messageOf(error)));
      }),
    { attempts: TRIES },
  );
}
