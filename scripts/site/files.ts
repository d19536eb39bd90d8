import { closeSync, createReadStream, existsSync, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { badgeSvg } from './badge.ts';
import { atomFeed, type FeedEntry } from './feed.ts';
import { readPage, type ServerLocation } from './location.ts';
import { llmsText, serverMarkdown } from './markdown.ts';
import {
  type ListItem,
  type ServerJson,
  type ServerPage,
  type SiteData,
  shardOf,
} from './model.ts';
import { openPreviews, type Previews } from './previews.ts';
import { catalogIndex, toolIndex } from './search-index.ts';
import type { Output } from './write.ts';

const FEED_LENGTH = 50;

/** Writes everything of the site that is not a page: indexes, JSON, Markdown, feeds, icons. */
export async function writeFiles(work: string, output: Output): Promise<void> {
  const read = async <T>(name: string) => JSON.parse(await readFile(join(work, name), 'utf8')) as T;
  const site = await read<SiteData>('site.json');
  const list = await read<ListItem[]>('list.json');
  const icons = await read<Record<string, string>>('icons.json');
  const { write } = output;
  write('catalog-index.json', JSON.stringify(catalogIndex(list, site.categories)));
  write('catalog-tools.txt', toolIndex(list));
  for (const [name, svg] of Object.entries(icons)) write(`icons/${name}.svg`, svg);
  if (site.logo) write('logo.svg', await readFile(join(work, 'logo.svg'), 'utf8'));
  write('llms.txt', llmsText(site, list));
  write('badge.svg', badgeSvg(site.title, `${list.length} servers`));
  // GitHub Pages would drop folders whose names start with an underscore.
  write('.nojekyll', '');
  const previews = await openPreviews(work, output, site);
  previews.write('og.png', { title: site.title, text: site.description, footer: '' });
  await writeServers(work, output, site, previews);
  await previews.save();
  writeFeeds(output, site, list);
  writeSitemap(output, site, list);
}

async function writeServers(
  work: string,
  output: Output,
  site: SiteData,
  previews: Previews,
): Promise<void> {
  if (site.large) return writeShards(work, output);
  const { write } = output;
  for await (const page of serverPages(work)) {
    const { history, item } = page;
    const folder = `servers/${item.name}`;
    write(`${folder}/server.json`, JSON.stringify(jsonOf(page)));
    write(`${folder}/server.md`, serverMarkdown(page, site));
    previews.write(`${folder}/og.png`, {
      title: item.title,
      text: item.description,
      footer: footerOf(item),
    });
    write(`${folder}/badge.svg`, badgeSvg(site.title, badgeText(item)));
    write(
      `${folder}/feed.xml`,
      atomFeed(site, {
        title: item.title,
        path: `servers/${item.name}/`,
        feed: `${folder}/feed.xml`,
        entries: history.map((version) => ({
          id: `${item.name}/${version.version}`,
          title: `${item.title} ${version.version}`,
          path: `servers/${item.name}/`,
          date: version.publishedAt,
          summary: (version.changes ?? [])
            .map(({ what, kind, name }) => `${what} ${kind} ${name}`)
            .join('; '),
        })),
      }),
    );
  }
}

function jsonOf({ entry, tools, digest, lock, history }: ServerPage): ServerJson {
  return { entry, tools, digest, ...(lock ? { lock } : {}), history };
}

/** Shard by shard, so that memory holds a few servers and not all; those that did not change are kept. */
async function writeShards(work: string, output: Output): Promise<void> {
  const path = join(work, 'locations.json');
  const locations = JSON.parse(await readFile(path, 'utf8')) as ServerLocation[];
  const shards = Map.groupBy(locations, ({ name }) => shardOf(name));
  const before = await readShardKeys(work);
  const after: Record<string, string> = {};
  const file = openSync(join(work, 'servers.ndjson'), 'r');
  try {
    for (const [shard, members] of shards) {
      const key = members.map((member) => member.key).join();
      after[shard] = key;
      const target = `data/${shard}.json`;
      if (before[shard] === key && existsSync(join(output.folder, target))) {
        output.keep(target);
        continue;
      }
      const servers = members.map((member) => {
        const page = readPage(file, member);
        return [page.item.name, jsonOf(page)] as const;
      });
      output.write(target, JSON.stringify(Object.fromEntries(servers)));
    }
  } finally {
    closeSync(file);
  }
  await writeFile(join(work, 'shards.json'), JSON.stringify(after));
}

async function readShardKeys(work: string): Promise<Readonly<Record<string, string>>> {
  const path = join(work, 'shards.json');
  return existsSync(path) ? JSON.parse(await readFile(path, 'utf8')) : {};
}

/** Every server's page, in the order of the catalog. */
export async function* serverPages(work: string): AsyncGenerator<ServerPage> {
  const lines = createInterface({ input: createReadStream(join(work, 'servers.ndjson')) });
  for await (const line of lines) yield JSON.parse(line) as ServerPage;
}

const footerOf = ({ publisher, license, version, kind }: ListItem) =>
  [publisher, kind, version, license.replace(/^LicenseRef-.*/, '')].filter(Boolean).join(' · ');

const badgeText = ({ status, version }: ListItem) =>
  status === 'active' ? version : `${version} ${status}`;

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
