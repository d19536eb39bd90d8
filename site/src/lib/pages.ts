import type { ListItem } from '../../../scripts/site/model.ts';
import { messages as m } from '../messages.ts';
import { site as catalog, offered } from './data.ts';
import { docs } from './docs.ts';
import { byTitle, groupBy, groupsWithPage, letterOf, PAGE_SIZE } from './lists.ts';
import { page as addressOf } from './urls.ts';

/** A page of the site: its path below the base, and what its component is given. */
export interface SitePage {
  readonly path: string;
  readonly locals: App.Locals;
}

/** One page of a list of servers. */
export interface ServerListPage {
  readonly path: string;
  readonly title: string;
  readonly description: string;
  readonly lead?: string;
  readonly items: readonly ListItem[];
  /** Addresses of the pages before and after this one. */
  readonly previous?: string;
  readonly next?: string;
  readonly number: number;
  readonly count: number;
  readonly feed?: string;
}

const SINGLE = [
  ...['', 'categories/', 'a-z/', 'tags/', 'publishers/', 'new/', 'statistics/', 'contribute/'],
  ...['docs/', 'search/', 'compare/', '404/'],
];

/** Every page but those of servers. */
export function pagesOfSite(): readonly SitePage[] {
  return [
    ...[...SINGLE, ...(catalog().huge ? ['servers/'] : [])].map((path) => ({ path, locals: {} })),
    ...docs()
      .filter(({ slug }) => slug !== '')
      .map((doc) => ({ path: `docs/${doc.slug}/`, locals: { doc } })),
    ...categories(),
    ...letters(),
    ...groups('tags', ({ tags }) => tags, m.lists.tag),
    ...groups('publishers', ({ publisher }) => [publisher], m.lists.publisher),
  ];
}

function categories(): SitePage[] {
  const byId = new Map<string, ListItem[]>();
  for (const item of offered()) {
    for (const id of item.categories) {
      const own = byId.get(id);
      if (own) own.push(item);
      else byId.set(id, [item]);
    }
  }
  return catalog().categories.flatMap(({ id, title, description }) =>
    paginate(`categories/${id}/`, byId.get(id) ?? [], {
      title,
      description,
      lead: description,
      feed: addressOf(`categories/${id}/feed.xml`),
    }),
  );
}

const letters = (): SitePage[] =>
  Object.entries(Object.groupBy(offered(), letterOf)).flatMap(([letter, items = []]) => {
    const title = m.lists.letter(letter.toUpperCase());
    return paginate(`a-z/${letter}/`, items, { title, description: title });
  });

const groups = (
  folder: string,
  labelsOf: (item: ListItem) => readonly string[],
  titleOf: (label: string) => string,
): SitePage[] =>
  groupsWithPage(groupBy(labelsOf), catalog().large).flatMap(({ slug, label, items }) =>
    paginate(`${folder}/${slug}/`, items, { title: titleOf(label), description: titleOf(label) }),
  );

function paginate(
  path: string,
  items: readonly ListItem[],
  texts: Pick<ServerListPage, 'title' | 'description' | 'lead' | 'feed'>,
): SitePage[] {
  const sorted = [...items].sort(byTitle);
  const count = Math.max(1, Math.ceil(sorted.length / PAGE_SIZE));
  const pathOf = (number: number) => (number > 1 ? `${path}${number}/` : path);
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    const list: ServerListPage = {
      ...texts,
      title: number > 1 ? `${texts.title}, ${m.lists.page(number)}` : texts.title,
      path: pathOf(number),
      items: sorted.slice(index * PAGE_SIZE, number * PAGE_SIZE),
      ...(number > 1 ? { previous: addressOf(pathOf(number - 1)) } : {}),
      ...(number < count ? { next: addressOf(pathOf(number + 1)) } : {}),
      number,
      count,
    };
    return { path: list.path, locals: { list } };
  });
}
