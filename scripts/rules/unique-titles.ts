import { foldTitle } from '../registry/fold-title.ts';
import type { RegistryRule } from './rule.ts';

/**
 * No two entries look the same in a list. Titles count as equal when they differ only in case,
 * spacing, punctuation or in letters that look alike, so that nobody can pose as a known server.
 */
export const uniqueTitles: RegistryRule = {
  name: 'unique-titles',
  scope: 'registry',
  *check({ subjects, index, sourceOf }) {
    const owners = new Map<string, string[]>();
    for (const { name, title, state } of index) {
      if (state === 'withdrawn') continue;
      const folded = foldTitle(title);
      owners.set(folded, [...(owners.get(folded) ?? []), name]);
    }
    for (const { name, title, state } of subjects) {
      if (state === 'withdrawn') continue;
      const others = (owners.get(foldTitle(title)) ?? []).filter((owner) => owner !== name);
      if (others.length === 0) continue;
      yield {
        in: sourceOf(name),
        at: ['title'],
        fact: `${others.join(', ')} ${others.length === 1 ? 'has' : 'have'} the same title`,
        remedy: 'add what tells them apart, such as the publisher',
      };
    }
  },
};
