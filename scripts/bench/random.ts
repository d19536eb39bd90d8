/** A repeatable source of chance: the same seed gives the same choices on every machine. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  integer(below: number): number;
  pick<Item>(items: readonly Item[]): Item;
  /** Different items, in a random order. */
  sample<Item>(items: readonly Item[], count: number): Item[];
  /** True in `share` (0 to 1) of the cases. */
  chance(share: number): boolean;
}

/** Mulberry32: small, quick and good enough to vary test data; nothing secret comes from it. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (below: number) => Math.floor(next() * below);
  return {
    integer,
    pick: (items) => items[integer(items.length)] as (typeof items)[number],
    sample(items, count) {
      const rest = [...items];
      return Array.from({ length: Math.min(count, rest.length) }, () => {
        const [item] = rest.splice(integer(rest.length), 1);
        return item as (typeof items)[number];
      });
    },
    chance: (share) => next() < share,
  };
}
