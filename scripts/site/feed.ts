import type { SiteData } from './model.ts';
import { escapeXml } from './write.ts';

export interface FeedEntry {
  readonly id: string;
  readonly title: string;
  /** Path of the page after the site's address. */
  readonly path: string;
  /** RFC 3339; entries without a date are left out, Atom requires one. */
  readonly date: string | undefined;
  readonly summary: string;
}

interface Feed {
  readonly title: string;
  readonly path: string;
  readonly feed: string;
  readonly entries: readonly FeedEntry[];
}

/** An Atom feed (RFC 4287). Ids are tag URIs of the namespace, so that a move keeps them. */
export function atomFeed(site: SiteData, { title, path, feed, entries }: Feed): string {
  const dated = entries.filter(({ date }) => date !== undefined);
  const newest =
    dated
      .map(({ date }) => date ?? '')
      .sort()
      .at(-1) ?? '1970-01-01T00:00:00Z';
  const link = (to: string) => escapeXml(`${site.origin ?? ''}/${to}`);
  const items = dated.map(
    (entry) =>
      `<entry><id>${idOf(site, entry.id)}</id><title>${escapeXml(entry.title)}</title><link href="${link(entry.path)}"/><updated>${entry.date}</updated><summary>${escapeXml(entry.summary)}</summary></entry>\n`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><id>${idOf(site, feed)}</id><title>${escapeXml(title)}</title><link href="${link(path)}"/><link rel="self" href="${link(feed)}"/><updated>${newest}</updated><author><name>${escapeXml(site.title)}</name></author>\n${items.join('')}</feed>\n`;
}

/** Tag URI (RFC 4151) from the reverse-DNS namespace. */
const idOf = ({ namespace }: SiteData, id: string) =>
  `tag:${namespace.split('.').reverse().join('.')},2026:${escapeXml(id)}`;
