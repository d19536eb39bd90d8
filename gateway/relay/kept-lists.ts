import type { Greeting } from './connection.ts';
import { type Knowledge, LISTS, type ListKind, type LiveList } from './line.ts';
import { isObject } from './protocol.ts';

/** What a server that is listed live said of itself, kept for the next start of the gateway. */
export interface KeptLists {
  readonly greeting: Greeting;
  /** By what clients can do: a server may offer less to a client that can do less. */
  readonly known: Readonly<Record<string, Readonly<{ [Kind in ListKind]?: LiveList }>>>;
}

/** Where the lists of one server in one configuration are kept. */
export interface ListKeeper {
  /** Undefined when there are none, or they are too old or damaged. */
  read(): KeptLists | undefined;
  /** Replaces them; done later, and not at all when that is impossible. */
  keep(lists: KeptLists): void;
  forget(): void;
  /** Resolves when all of it is done. */
  settled(): Promise<void>;
}

/** However long a server says that its lists hold, they are asked for again after a week. */
export const LISTS_HOLD_MS = 7 * 86_400_000;
/** Kinds of clients that lists are kept for. */
const MOST_KINDS = 8;

/** Puts what was kept into a fresh knowledge, with the time that is left of it. */
export function recallLists(knowledge: Knowledge, kept: KeptLists, now = Date.now()): void {
  const lists = kept.known[knowledge.capabilitiesKey];
  for (const kind of Object.keys(LISTS) as ListKind[]) {
    const list = lists?.[kind];
    if (!list) continue;
    const age = now - list.listedAt;
    const { ttlMs = LISTS_HOLD_MS } = list;
    // A list from the future is one of a clock that went back.
    if (age < 0 || age >= Math.min(ttlMs, LISTS_HOLD_MS)) continue;
    knowledge.lists[kind] = list;
    knowledge.recalled.add(kind);
  }
}

/** All that is known of a server, as it is kept. */
export function listsToKeep(greeting: Greeting, known: Iterable<Knowledge>): KeptLists {
  const kinds = [...known].slice(-MOST_KINDS).map(({ capabilitiesKey, lists }) => {
    // A time of zero means that a list is not to be kept.
    const kept = Object.entries(lists).filter(([, list]) => list.ttlMs !== 0);
    return [capabilitiesKey, Object.fromEntries(kept)];
  });
  return { greeting, known: Object.fromEntries(kinds) };
}

/** Checks the shape of what a file holds; undefined for anything else. */
export function parseKeptLists(value: unknown): KeptLists | undefined {
  if (!isObject(value) || !isObject(value.greeting) || !isObject(value.known)) return undefined;
  const { greeting } = value;
  const isGreeting =
    (greeting.era === 'modern' || greeting.era === 'legacy') &&
    typeof greeting.version === 'string' &&
    isObject(greeting.capabilities) &&
    isObject(greeting.serverInfo);
  const lists = Object.values(value.known).flatMap((one) =>
    isObject(one) ? Object.values(one) : [undefined],
  );
  const areLists = lists.every(
    (list) =>
      isObject(list) &&
      Number.isFinite(list.listedAt) &&
      (list.ttlMs === undefined || Number.isFinite(list.ttlMs)) &&
      Array.isArray(list.items) &&
      list.items.every(isObject),
  );
  return isGreeting && areLists ? (value as unknown as KeptLists) : undefined;
}
