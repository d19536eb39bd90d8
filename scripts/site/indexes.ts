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
  write(
    'feed.xml',
    atomFeed(site, {
      title: site.title,
      path: '',
      feed: 'feed.xml',
      entries: newest.slice(0, FEED_LENGTH).map(feedEntry),
    }),
  );
  for (const { id, title } of site.categories) {
    const items = newest.filter(({ categories }) => categories.includes(id));
    const feed = `categories/${id}/feed.xml`;
    const entries = items.slice(0, FEED_LENGTH).map(feedEntry);
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

const feedEntry = ({ name, title, version, description, updated }: ListItem): FeedEntry => ({
  id: `${name}/${version}`,
  title: `${title} ${version}`,
  path: `servers/${name}/`,
  date: updated,
  summary: description,
});

function writeSitemap({ write }: Output, site: SiteData, list: readonly ListItem[]): void {
  if (!site.origin) return;
  const paths = [
    ...['', 'categories/', 'a-z/', 'tags/', 'publishers/', 'new/', 'statistics/', 'contribute/'],
    'docs/',
    ...site.categories.map(({ id }) => `categories/${id}/`),
    ...list.map(({ name }) => `servers/${name}/`),
  ];
  const dates = new Map(list.map(({ name, updated }) => [`servers/${name}/`, updated]));
  const urls = paths.map((path) => {
    const date = dates.get(path);
    return `<url><loc>${site.origin}/${path}</loc>${date ? `<lastmod>${date}</lastmod>` : ''}</url>\n`;
  });
  write(
    'sitemap.xml',
    `<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${urls.join('')}</urlset>\n`,
  );
  write('robots.txt', `User-agent: *\nAllow: /\nSitemap: ${site.origin}/sitemap.xml\n`);
}
