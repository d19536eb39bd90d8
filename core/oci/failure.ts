import { PortolanError } from '../errors.ts';
import { denied } from './authorize.ts';
import { readCapped } from './body.ts';
import type { Ask } from './client.ts';
import { isPassingStatus, Passing, parseRetryAfter } from './retry.ts';
import type { HttpResponse } from './transport.ts';

const MAX_ERROR = 64 * 1024;

/** The error that an answer means which was not hoped for; Passing when a later try may better it. */
export async function failureOf(
  response: HttpResponse,
  { method = 'GET', path }: Ask,
  name: string,
  now: number,
): Promise<Error> {
  const { status } = response;
  const said = await reasons(response);
  const what = path instanceof URL ? 'the upload' : path;
  if (status === 401 || status === 403) return denied(name, `refuses ${method} ${what}${said}`);
  if (status === 404) {
    return new PortolanError('unreachable', 'NOT_FOUND', `${name} has no ${what}${said}`);
  }
  const waitMs = parseRetryAfter(response.headers.get('retry-after'), now);
  const pause = waitMs === undefined ? 'a pause' : `${Math.ceil(waitMs / 1000)} s of pause`;
  const error = new PortolanError(
    'unreachable',
    status === 429 ? 'RATE_LIMITED' : 'REGISTRY_ERROR',
    `${name}: ${method} ${what} was answered with the HTTP status ${status}${said}; ${
      status === 429
        ? `the registry wants ${pause}: try again later, or sign in`
        : "ask the registry's owner, or try again later"
    }`,
  );
  return isPassingStatus(status) ? new Passing(error, waitMs) : error;
}

/** What the registry says about an error (distribution spec, "Error Codes"), made fit to print. */
async function reasons(response: HttpResponse): Promise<string> {
  try {
    const bytes = await readCapped(response, MAX_ERROR, 'error');
    const { errors } = JSON.parse(new TextDecoder().decode(bytes)) as { errors?: unknown };
    if (!Array.isArray(errors)) return '';
    const texts = errors
      .slice(0, 3)
      .map((item: { code?: unknown; message?: unknown } | null) =>
        [item?.code, item?.message].filter((part) => typeof part === 'string').join(': '),
      );
    // A stranger's text: no control characters, so that it cannot play with the terminal.
    const text = texts.join(', ').replace(/[^\x20-\x7e]/g, '?');
    return text === '' ? '' : ` (${text.slice(0, 300)})`;
  } catch {
    return '';
  }
}
