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
 * Of the servers with a score, or of all, those that fit what was chosen, in their order. A facet's
 * own choice does not lower the counts of its other values.
 */
export function matching(
  facets: readonly Facet[],
  chosen: Query['facets'],
  scores: Float64Array | undefined,
  length: number,
): { readonly ids: readonly number[]; readonly counts: Counts } {
  const tallies = facets.map(({ name, sets, setOf }) => {
    const values = chosen[name] ?? [];
    const fits = sets.map((set) => !values.length || set.some((value) => values.includes(value)));
    return { name, sets, setOf, fits, tally: new Uint32Array(sets.length) };
  });
  type Tally = (typeof tallies)[number];
  const add = ({ tally, setOf }: Tally, id: number) => {
    const set = setOf[id] as number;
    tally[set] = (tally[set] as number) + 1;
  };
  const asked = tallies.filter(({ fits }) => fits.includes(false));
  const ids: number[] = [];
  for (let id = 0; id < length; id++) {
    if (scores && (scores[id] as number) <= 0) continue;
    let failed = 0;
    let last: Tally | undefined;
    for (const tally of asked) {
      if (tally.fits[tally.setOf[id] as number]) continue;
      failed += 1;
      last = tally;
    }
    if (last) {
      if (failed === 1) add(last, id);
      continue;
    }
    ids.push(id);
    for (const tally of tallies) add(tally, id);
  }
  return { ids, counts: Object.fromEntries(tallies.map(({ name, ...of }) => [name, count(of)])) };
}

function count({ sets, tally }: Pick<Facet, 'sets'> & { tally: Uint32Array }) {
  const counts: Record<string, number> = {};
  sets.forEach((values, set) => {
    const servers = tally[set] as number;
    for (const value of servers ? values : []) counts[value] = (counts[value] ?? 0) + servers;
  });
  return counts;
}
