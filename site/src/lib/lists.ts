import { type ListItem, slugOf } from '../../../scripts/site/model.ts';
import { offered } from './data.ts';

export const PAGE_SIZE = 96;
/** In a large catalog only the tags and publishers with most servers have a page. */
export const MOST_IN_LARGE = 400;

/** Servers that share something, e.g. a tag. */
export interface Group {
  readonly slug: string;
  readonly label: string;
  readonly items: readonly ListItem[];
}

/** Groups servers by labels, sorted by label; labels with the same slug are one group. */
export function groupBy(labelsOf: (item: ListItem) => readonly string[]): readonly Group[] {
  const groups = new Map<string, { slug: string; label: string; items: ListItem[] }>();
  for (const item of offered()) {
    for (const label of labelsOf(item)) {
      const slug = slugOf(label);
      const group = groups.get(slug) ?? { slug, label, items: [] };
      group.items.push(item);
      groups.set(slug, group);
    }
  }
  return [...groups.values()].sort((a, b) => collator.compare(a.label, b.label));
}

/** The groups that have a page. */
export function groupsWithPage(groups: readonly Group[], large: boolean): readonly Group[] {
  if (!large) return groups;
  const most = [...groups].sort((a, b) => b.items.length - a.items.length).slice(0, MOST_IN_LARGE);
  return most.sort((a, b) => collator.compare(a.label, b.label));
}

export const collator = new Intl.Collator('en', { sensitivity: 'base', numeric: true });

export const byTitle = (a: ListItem, b: ListItem): number => collator.compare(a.title, b.title);

/** A letter, or `0-9` for all that starts with something else. */
export function letterOf({ title }: ListItem): string {
  const letter = title.normalize('NFKD')[0]?.toLowerCase() ?? '';
  return letter >= 'a' && letter <= 'z' ? letter : '0-9';
}

/** Newest first; servers without a date last. */
export const byDate =
  (key: 'added' | 'updated') =>
  (a: ListItem, b: ListItem): number =>
    (b[key] ?? '').localeCompare(a[key] ?? '') || byTitle(a, b);
