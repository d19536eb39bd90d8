import type { CatalogServer } from '../../core/entry/types.generated.ts';

/** Weights of the fields that a word may stand in. */
const WEIGHTS = {
  name: 12,
  title: 10,
  tags: 5,
  categories: 4,
  tools: 3,
  publisher: 2,
  description: 2,
};

/**
 * Ranks servers by the words of a query. Every word must stand somewhere; a whole word counts more
 * than the beginning of one, and a name more than a description. Withdrawn servers are left out.
 */
export function searchCatalog<T extends { readonly server: CatalogServer }>(
  items: readonly T[],
  words: readonly string[],
): T[] {
  const wanted = words.flatMap(tokens);
  return items
    .filter(({ server }) => server.versions[0]?.status !== 'withdrawn')
    .map((item) => ({ item, score: scoreOf(item.server, wanted) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || (a.item.server.name < b.item.server.name ? -1 : 1))
    .map(({ item }) => item);
}

function scoreOf({ name, summary }: CatalogServer, wanted: readonly string[]): number {
  if (wanted.length === 0) return 1;
  const fields: Record<keyof typeof WEIGHTS, string[]> = {
    name: tokens(name),
    title: tokens(summary.title),
    tags: summary.tags.flatMap(tokens),
    categories: summary.categories.flatMap(tokens),
    tools: summary.tools.flatMap(tokens),
    publisher: tokens(summary.publisher),
    description: tokens(summary.description),
  };
  let total = wanted.join('-') === name ? 100 : 0;
  for (const word of wanted) {
    let best = 0;
    for (const [field, weight] of Object.entries(WEIGHTS)) {
      for (const token of fields[field as keyof typeof WEIGHTS]) {
        if (token === word) best = Math.max(best, weight);
        else if (token.startsWith(word)) best = Math.max(best, weight / 2);
      }
    }
    if (best === 0) return 0;
    total += best;
  }
  return total;
}

/** Words in lower case: `createIssue_v2` gives create, issue, v2. */
function tokens(text: string): string[] {
  return (
    text
      .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}
