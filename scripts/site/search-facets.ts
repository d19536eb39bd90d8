import type { Query } from './search.ts';

/** Counts by facet and value. */
export type Counts = Record<string, Record<string, number>>;

/**
 * A facet of all servers: the sets of values that occur, and for each server the number of its set,
 * so that counting ten thousand servers is adding up small numbers.
 */
export interface Facet {
  readonly name: string;
  readonly sets: readonly (readonly string[])[];
  readonly setOf: Uint16Array;
}

/** `keys` name the set of each server; `valuesOf` gives the values of a key. */
export function facetOf<Key>(
  name: string,
  keys: readonly Key[],
  valuesOf: (key: Key) => readonly string[],
): Facet {
  const numbers = new Map<Key, number>();
  const setOf = new Uint16Array(keys.length);
  keys.forEach((key, id) => {
    const number = numbers.get(key) ?? numbers.size;
    if (number === numbers.size) numbers.set(key, number);
    setOf[id] = number;
  });
  return { name, sets: [...numbers.keys()].map(valuesOf), setOf };
}

/**
 * Of the servers with a score, or of all, those that fit what was chosen, in their order, and how
 * many each value would show; that is counted when it is asked for. A facet's own choice does not
 * lower the counts of its other values.
 */
export function matching(
  facets: readonly Facet[],
  chosen: Query['facets'],
  scores: Float64Array | undefined,
  length: number,
): { readonly ids: readonly number[]; countAll(): Counts } {
  // One column after the other, because short loops are what a browser compiles first.
  const scored: number[] = [];
  for (let id = 0; id < length; id++) if (!scores || (scores[id] as number) > 0) scored.push(id);
  const misses = new Uint8Array(length);
  const columns = facets.map(({ name, sets, setOf }) => {
    const values = chosen[name] ?? [];
    const fits = sets.map((set) => !values.length || set.some((value) => values.includes(value)));
    if (fits.includes(false)) {
      for (const id of scored) if (!fits[setOf[id] as number]) misses[id] = (misses[id] ?? 0) + 1;
    }
    return { name, sets, setOf, fits };
  });
  return {
    ids: scored.filter((id) => misses[id] === 0),
    countAll() {
      const counts: Counts = {};
      for (const { name, sets, setOf, fits } of columns) {
        const tally = new Uint32Array(sets.length);
        for (const id of scored) {
          const set = setOf[id] as number;
          const missed = misses[id] as number;
          if (missed === 0 || (missed === 1 && !fits[set])) tally[set] = (tally[set] as number) + 1;
        }
        counts[name] = byValue(sets, tally);
      }
      return counts;
    },
  };
}

/** How many servers have each value, from how many have each set of values. */
function byValue(sets: Facet['sets'], tally: Uint32Array): Record<string, number> {
  const counts: Record<string, number> = {};
  sets.forEach((values, set) => {
    const servers = tally[set] as number;
    for (const value of servers ? values : []) counts[value] = (counts[value] ?? 0) + servers;
  });
  return counts;
}
