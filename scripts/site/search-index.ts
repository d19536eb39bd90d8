import { cutText } from '../../core/text.ts';
import { type CatalogIndex, packFlags } from './index-format.ts';
import type { ListItem, SiteData } from './model.ts';
import { signerOf } from './signer.ts';

const DESCRIPTION_LENGTH = 130;

/** The index of the catalog page. Withdrawn servers are not offered, so they are not in it. */
export function catalogIndex(
  servers: readonly ListItem[],
  categories: SiteData['categories'],
): CatalogIndex {
  const offered = byTitle(servers);
  const lines = (text: (item: ListItem) => string) =>
    offered.map((item) => text(item).replace(/\s+/g, ' ')).join('\n');
  const publishers = [...new Set(offered.map(({ publisher }) => publisher))].sort();
  const lineOf = new Map(publishers.map((publisher, index) => [publisher, index]));
  const signers = [...new Set(offered.map(({ signature }) => signerOf(signature)))].sort();
  const categoryIds = categories.map(({ id }) => id);
  const newest = Math.max(0, ...offered.map(({ updated }) => dayOf(updated)));
  return {
    names: lines(({ name }) => name),
    titles: lines(({ title }) => title),
    descriptions: lines(({ description }) => cut(description)),
    tags: lines(({ tags }) => tags.join(' ')),
    publishers: publishers.map((name) => name.replace(/\s+/g, ' ')).join('\n'),
    publisher: offered.map(({ publisher }) => lineOf.get(publisher) ?? 0),
    categoryIds,
    categories: lines((item) =>
      item.categories.map((id) => String.fromCharCode(65 + categoryIds.indexOf(id))).join(''),
    ),
    flags: offered.map((item) => packFlags({ ...item, verified: item.verified !== undefined })),
    tools: offered.map(({ toolNames }) => toolNames.length),
    signers,
    signer: offered.map(({ signature }) => signers.indexOf(signerOf(signature))),
    ...(offered.some(({ downloads }) => downloads)
      ? { downloads: offered.map(({ downloads = 0 }) => downloads) }
      : {}),
    day: newest,
    added: offered.map(({ added }) => newest - dayOf(added)),
    updated: offered.map(({ updated }) => newest - dayOf(updated)),
  };
}

/** Names of tools, one server a line, in the order of the index. Loaded after it. */
export function toolIndex(servers: readonly ListItem[]): string {
  return byTitle(servers)
    .map(({ toolNames }) => toolNames.join(' ').replace(/\s+/g, ' '))
    .join('\n');
}

/** What is offered, in the order of titles, so that no browser has to sort by them. */
function byTitle(servers: readonly ListItem[]): readonly ListItem[] {
  const { compare } = new Intl.Collator('en');
  return servers
    .filter(({ status }) => status !== 'withdrawn')
    .sort((a, b) => compare(a.title, b.title));
}

const dayOf = (date: string | undefined) => (date ? Math.floor(Date.parse(date) / 86_400_000) : 0);

function cut(text: string): string {
  if (text.length <= DESCRIPTION_LENGTH) return text;
  const space = text.lastIndexOf(' ', DESCRIPTION_LENGTH);
  return `${cutText(text, space > 80 ? space : DESCRIPTION_LENGTH).replace(/[\s,;:.]+$/, '')}…`;
}
