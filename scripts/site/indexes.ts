import { serverPagePath } from '../../core/registry-api/page-address.ts';
import { counted } from '../../core/text.ts';
import { badgeSvg } from './badge.ts';
import { atomFeed, type FeedEntry } from './feed.ts';
import { llmsText } from './markdown.ts';
import type { ListItem, SiteData } from './model.ts';
import { previewImage } from './preview.ts';
import { catalogIndex, toolIndex } from './search-index.ts';
import { DEFAULT_ACCENT } from './server-files.ts';
import type { Output } from './write.ts';

const FEED_LENGTH = 50;

/** Writes what is made of the list of servers and is not a page: indexes, feeds, maps. */
export function writeIndexes(
  output: Output,
  site: SiteData,
  list: readonly ListItem[],
  logo: string | undefined,
): void {
  const { write } = output;
  write('catalog-index.json', JSON.stringify(catalogIndex(list, site.categories)));
  write('catalog-tools.txt', toolIndex(list));
  if (logo) write('logo.svg', logo);
  write('llms.txt', llmsText(site, list));
  write('badge.svg', badgeSvg(site.title, counted(list.length, 'server')));
  // GitHub Pages would drop folders whose names start with an underscore.
  write('.nojekyll', '');
  const accent = site.theme?.accent ?? DEFAULT_ACCENT;
  const preview = {
    brand: site.title,
    accent,
    title: site.title,
    text: site.description,
    footer: '',
  };
  write('og.png', previewImage(preview));
  writeFeeds(output, site, list);
  writeSitemap(output, site, list);
}

function writeFeeds({ write }: Output, site: SiteData, list: readonly ListItem[]): void {
  const offered = list.filter(({ status }) => status !== 'withdrawn');
  const newest = offered
    .filter(({ updated }) => updated !== undefined)
    .sort((a, b) => (b.updated ?? '').localeCompare(a.updated ?? ''));
  const entriesOf = (items: readonly ListItem[]) =>
    items.slice(0, FEED_LENGTH).map((item) => feedEntry(site, item));
  write(
    'feed.xml',
    atomFeed(site, {
      title: site.title,
      path: '',
      feed: 'feed.xml',
      entries: entriesOf(newest),
    }),
  );
  for (const { id, title } of site.categories) {
    const items = newest.filter(({ categories }) => categories.includes(id));
    const feed = `categories/${id}/feed.xml`;
    const entries = entriesOf(items);
    write(
      feed,
      atomFeed(site, {
        title: `${site.title}: ${title}`,
        path: `categories/${id}/`,
        feed,
        entries,
      }),
    );
  }
}

const feedEntry = (
  { huge }: SiteData,
  { name, title, version, description, updated }: ListItem,
): FeedEntry => ({
  id: `${name}/${version}`,
  title: `${title} ${version}`,
  path: serverPagePath(name, huge),
  date: updated,
  summary: description,
});

/** Addresses in one sitemap; the format takes no more than 50,000. */
const SITEMAP_LENGTH = 45_000;

function writeSitemap({ write }: Output, site: SiteData, list: readonly ListItem[]): void {
  const { origin, huge } = site;
  if (!origin) return;
  const pages = [
    ...['', 'categories/', 'a-z/', 'tags/', 'publishers/', 'new/', 'statistics/', 'contribute/'],
    'docs/',
    ...site.categories.map(({ id }) => `categories/${id}/`),
  ];
  const entry = (path: string, date?: string) =>
    `<loc>${origin}/${path}</loc>${date ? `<lastmod>${date}</lastmod>` : ''}`;
  const entries = [
    ...pages.map((path) => entry(path)),
    ...list.map(({ name, updated }) => entry(serverPagePath(name, huge), updated)),
  ];
  const parts = Array.from({ length: Math.ceil(entries.length / SITEMAP_LENGTH) }, (_, part) =>
    entries.slice(part * SITEMAP_LENGTH, (part + 1) * SITEMAP_LENGTH),
  );
  if (parts.length > 1) {
    for (const [part, own] of parts.entries()) {
      write(`sitemap-${part + 1}.xml`, sitemapXml('urlset', 'url', own));
    }
    const names = parts.map((_, part) => entry(`sitemap-${part + 1}.xml`));
    write('sitemap.xml', sitemapXml('sitemapindex', 'sitemap', names));
  } else {
    write('sitemap.xml', sitemapXml('urlset', 'url', entries));
  }
  write('robots.txt', `User-agent: *\nAllow: /\nSitemap: ${origin}/sitemap.xml\n`);
}

const sitemapXml = (root: string, element: string, entries: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${entries.map((one) => `<${element}>${one}</${element}>\n`).join('')}</${root}>\n`;
