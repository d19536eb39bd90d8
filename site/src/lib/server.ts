import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import { serverPagePath } from '../../../core/registry-api/page-address.ts';
import type { ServerPage, SiteData } from '../../../scripts/site/model.ts';
import { shardPath } from '../../../scripts/site/model.ts';
import { messages as m } from '../messages.ts';
import { absolute, page, serverUrl } from './urls.ts';

/**
 * Where a server's other forms lie. In a large catalog JSON is in shards and the rest is left out.
 * `data` is the file with the JSON, which for people is shown by the page `json` where it is packed.
 */
export function twinUrls(name: string, { large, huge }: Pick<SiteData, 'large' | 'huge'>) {
  const folder = `servers/${name}/`;
  const data = page(large ? shardPath(name, huge) : `${folder}server.json`);
  return large
    ? { json: huge ? `${serverUrl(name, huge)}&view=json` : data, data, image: 'og.png' }
    : {
        json: data,
        data,
        markdown: page(`${folder}server.md`),
        feed: page(`${folder}feed.xml`),
        badge: page(`${folder}badge.svg`),
        image: `${folder}og.png`,
      };
}

export function entryLinks({ links, npm }: ServerEntry) {
  return [
    { href: links.source, label: m.server.sourceLink },
    { href: links.homepage, label: m.server.homepage },
    { href: links.documentation, label: m.server.documentation },
    { href: npm && `https://www.npmjs.com/package/${npm.package}/v/${npm.version}`, label: 'npm' },
  ].filter((link): link is { href: string; label: string } => link.href !== undefined);
}

/** schema.org SoftwareApplication. */
export function structuredData({ item, entry }: ServerPage, site: SiteData): object {
  return {
    '@context': 'https://schema.org',
    '@type': 'SoftwareApplication',
    name: item.title,
    description: item.description,
    applicationCategory: 'DeveloperApplication',
    softwareVersion: item.version,
    operatingSystem: 'Linux, macOS, Windows',
    ...(entry.license === 'LicenseRef-Proprietary' ? {} : { license: entry.license }),
    author: { '@type': 'Organization', name: entry.publisher.name, url: entry.publisher.url },
    ...(item.updated ? { dateModified: item.updated } : {}),
    ...(site.origin ? { url: absolute(site.origin, serverPagePath(item.name, site.huge)) } : {}),
  };
}

/** What the page with all inputs of a server's tools is called. */
export const toolsText = ({ item }: ServerPage) => ({
  title: m.server.toolsOf(item.title),
  description: `${m.server.toolsOf(item.title)}. ${m.server.toolsAll}`,
});
