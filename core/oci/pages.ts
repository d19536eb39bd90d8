import type { HttpResponse } from './transport.ts';

/**
 * The next page of a list (RFC 8288, `Link: <...>; rel="next"`), resolved against the page that
 * named it; undefined when there is none, or when it lies on another origin.
 */
export function nextPage(response: HttpResponse, url: URL): URL | undefined {
  const header = response.headers.get('link');
  if (!header || header.length > 8192) return undefined;
  const target = /<([^<>]*)>[^<>,]*;[ \t]*rel="?next"?/i.exec(header)?.[1];
  if (target === undefined || !URL.canParse(target, url)) return undefined;
  const next = new URL(target, url);
  return next.origin === url.origin ? next : undefined;
}
