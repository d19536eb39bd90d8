import { badgeSvg } from './badge.ts';
import { atomFeed } from './feed.ts';
import { serverMarkdown } from './markdown.ts';
import type { ListItem, ServerJson, ServerPage, SiteData } from './model.ts';
import { previewImage } from './preview.ts';
import type { ServerFacts } from './state.ts';

/** Paths below the base of a server's pages. */
export const pagesOf = (
  name: string,
  { toolsApart }: { readonly toolsApart: boolean },
): string[] => (toolsApart ? [`servers/${name}/`, `servers/${name}/tools/`] : [`servers/${name}/`]);

/** Paths of all files of one server. In a large catalog it has its pages only. */
export function serverPaths(
  name: string,
  large: boolean,
  facts: Pick<ServerFacts, 'icon' | 'toolsApart'>,
): string[] {
  return [
    ...pagesOf(name, facts).map((path) => `${path}index.html`),
    ...(large ? [] : TWINS.map((file) => `servers/${name}/${file}`)),
    ...(facts.icon ? [`icons/${name}.svg`] : []),
  ];
}

const TWINS = ['server.json', 'server.md', 'og.png', 'badge.svg', 'feed.xml'];

/** A server's files beside its page, by path. */
export function serverFiles(
  page: ServerPage,
  site: SiteData,
  icon: string | undefined,
): readonly (readonly [path: string, content: string | Uint8Array])[] {
  const { item } = page;
  const folder = `servers/${item.name}`;
  const files: [string, string | Uint8Array][] = icon ? [[`icons/${item.name}.svg`, icon]] : [];
  if (site.large) return files;
  files.push(
    [`${folder}/server.json`, JSON.stringify(jsonOf(page))],
    [`${folder}/server.md`, serverMarkdown(page, site)],
    [`${folder}/og.png`, serverPreview(item, site)],
    [`${folder}/badge.svg`, badgeSvg(site.title, badgeText(item))],
    [`${folder}/feed.xml`, versionFeed(page, site, `${folder}/feed.xml`)],
  );
  return files;
}

export const jsonOf = ({ entry, tools, digest, lock, history }: ServerPage): ServerJson => ({
  entry,
  tools,
  digest,
  ...(lock ? { lock } : {}),
  history,
});

const serverPreview = (item: ListItem, site: SiteData) =>
  previewImage({
    brand: site.title,
    accent: site.theme?.accent ?? DEFAULT_ACCENT,
    title: item.title,
    text: item.description,
    footer: [item.publisher, item.kind, item.version, item.license.replace(/^LicenseRef-.*/, '')]
      .filter(Boolean)
      .join(' · '),
  });

export const DEFAULT_ACCENT = '#0b5d6b';

const badgeText = ({ status, version }: ListItem) =>
  status === 'active' ? version : `${version} ${status}`;

const versionFeed = ({ item, history }: ServerPage, site: SiteData, feed: string) =>
  atomFeed(site, {
    title: item.title,
    path: `servers/${item.name}/`,
    feed,
    entries: history.map((version) => ({
      id: `${item.name}/${version.version}`,
      title: `${item.title} ${version.version}`,
      path: `servers/${item.name}/`,
      date: version.publishedAt,
      summary: (version.changes ?? [])
        .map(({ what, kind, name }) => `${what} ${kind} ${name}`)
        .join('; '),
    })),
  });
