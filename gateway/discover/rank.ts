/** A text to be found, in fields that count differently. */
export interface Ranked<T> {
  readonly item: T;
  readonly score: number;
}

/** Saturation of repeated words and influence of length, as BM25 has them as a rule. */
const K1 = 1.2;
const B = 0.75;

/** Texts prepared for searching. */
export interface Index<T> {
  /** The items that hold any of the words, best first. */
  search(query: string, limit: number): readonly Ranked<T>[];
}

/**
 * Ranks items by Okapi BM25: rare words count more than common ones, short texts more than long
 * ones. Each item gives its fields with weights; a word of a field counts as often as it weighs. Of
 * equal items the first one comes first.
 */
export function buildIndex<T>(
  items: readonly T[],
  fieldsOf: (item: T) => readonly (readonly [text: string, weight: number])[],
): Index<T> {
  const documents = items.map((item) => {
    const counts = new Map<string, number>();
    let length = 0;
    for (const [text, weight] of fieldsOf(item)) {
      for (const word of wordsOf(text)) {
        counts.set(word, (counts.get(word) ?? 0) + weight);
        length += weight;
      }
    }
    return { item, counts, length };
  });
  const average = documents.reduce((sum, { length }) => sum + length, 0) / documents.length || 1;
  const frequency = new Map<string, number>();
  for (const { counts } of documents) {
    for (const word of counts.keys()) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  }
  const rarity = (word: string) => {
    const n = frequency.get(word) ?? 0;
    return Math.log(1 + (documents.length - n + 0.5) / (n + 0.5));
  };
  return {
    search(query, limit) {
      const words = new Set(wordsOf(query));
      return documents
        .map(({ item, counts, length }) => {
          let score = 0;
          for (const word of words) {
            const count = counts.get(word) ?? 0;
            if (count === 0) continue;
            score +=
              (rarity(word) * count * (K1 + 1)) / (count + K1 * (1 - B + (B * length) / average));
          }
          return { item, score };
        })
        .filter(({ score }) => score > 0)
        .sort((a, b) => b.score - a.score)
        .slice(0, limit);
    },
  };
}

/** Words in lower case without a plural's s: `createIssues_v2` gives create, issue, v2. */
export function wordsOf(text: string): readonly string[] {
  const words = text
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu);
  return (words ?? []).map((word) =>
    word.length > 3 && word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word,
  );
}
