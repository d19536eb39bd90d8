import { compareTools, nameOf, type ToolDiff } from './compare.ts';
import type { Connection } from './connection.ts';
import { isObject, type JsonObject } from './protocol.ts';
import type { Definition, LiveLists } from './upstream.ts';

/** The four lists of a server: how each is asked for, and the capability that announces it. */
export const LISTS = {
  tools: { method: 'tools/list', capability: 'tools' },
  prompts: { method: 'prompts/list', capability: 'prompts' },
  resources: { method: 'resources/list', capability: 'resources' },
  resourceTemplates: { method: 'resources/templates/list', capability: 'resources' },
} as const satisfies Record<keyof LiveLists, { method: string; capability: string }>;

export type ListKind = keyof typeof LISTS;

/** Hints of a server on how its list may be cached (revision 2026-07-28). */
export interface CacheHints {
  readonly ttlMs?: number;
  readonly cacheScope?: 'public' | 'private';
}

/** A live list with the hints that came with it. */
export interface LiveList extends CacheHints {
  readonly items: readonly Definition[];
  /** Milliseconds since 1970. */
  readonly listedAt: number;
}

const MOST_PAGES = 1000;
const MOST_ITEMS = 100_000;

/**
 * Every page of one list of a running server. Empty when the server does not announce the list.
 * Throws RpcError when a page cannot be had within the limit.
 */
export async function fetchList(
  connection: Connection,
  kind: ListKind,
  meta: () => JsonObject | undefined,
  timeoutMs: number,
): Promise<LiveList> {
  const { method, capability } = LISTS[kind];
  if (connection.greeting.capabilities[capability] === undefined) {
    return { items: [], listedAt: Date.now() };
  }
  const items: Definition[] = [];
  const cursors = new Set<string>();
  let cursor: string | undefined;
  let hints: CacheHints = {};
  for (let page = 0; page < MOST_PAGES && items.length < MOST_ITEMS; page += 1) {
    const _meta = meta();
    const params = { ...(cursor !== undefined && { cursor }), ...(_meta && { _meta }) };
    const result = await connection.ask(method, params, timeoutMs);
    const found = result[kind];
    if (Array.isArray(found)) items.push(...found.filter(isObject));
    hints = stricter(hints, hintsOf(result));
    cursor = typeof result.nextCursor === 'string' ? result.nextCursor : undefined;
    // A server that hands out the same cursor again would be asked for ever.
    if (cursor === undefined || cursors.has(cursor)) break;
    cursors.add(cursor);
  }
  return { items, listedAt: Date.now(), ...hints };
}

/** The smaller time to live and the narrower scope of two cached lists. */
export function stricter(one: CacheHints, other: CacheHints): CacheHints {
  const ttls = [one.ttlMs, other.ttlMs].filter((ttl) => ttl !== undefined);
  const scopes = [one.cacheScope, other.cacheScope].filter((scope) => scope !== undefined);
  return {
    ...(ttls.length > 0 && { ttlMs: Math.min(...ttls) }),
    ...(scopes.length > 0 && { cacheScope: scopes.includes('private') ? 'private' : 'public' }),
  };
}

/** What is known of a server's live definitions, kept when the server is stopped. */
export class Knowledge {
  /** Clients that this is true for. */
  readonly capabilitiesKey: string;
  readonly lists: { [Kind in ListKind]?: LiveList } = {};
  /** Lists of an earlier run: the server is asked again as soon as it runs. */
  readonly recalled = new Set<ListKind>();
  readonly diffs: { tools?: ToolDiff; prompts?: ToolDiff } = {};
  readonly #withheld: { tools?: Map<string, string>; prompts?: Map<string, string> } = {};

  constructor(capabilitiesKey: string) {
    this.capabilitiesKey = capabilitiesKey;
  }

  /** Takes a fresh list in. Returns true when it is not the one that was known. */
  learn(kind: ListKind, list: LiveList, signed: readonly Definition[] | undefined): boolean {
    const before = this.lists[kind];
    this.lists[kind] = list;
    this.recalled.delete(kind);
    if (signed && (kind === 'tools' || kind === 'prompts')) {
      const diff = compareTools(signed, list.items);
      this.diffs[kind] = diff;
      this.#withheld[kind] = reasonsOf(diff);
    }
    return JSON.stringify(before?.items) !== JSON.stringify(list.items);
  }

  /** Why a tool or prompt is withheld, for the reader of an error; undefined when it is not. */
  withheld(kind: 'tools' | 'prompts', name: string): string | undefined {
    return this.#withheld[kind]?.get(name);
  }
}

/** Each name that differs, with the reason. */
function reasonsOf(diff: ToolDiff): Map<string, string> {
  return new Map([
    ...diff.removed.map((tool) => [nameOf(tool), 'the server no longer offers it'] as const),
    ...diff.added.map(
      (tool) =>
        [nameOf(tool), 'it is not among the definitions that were reviewed and signed'] as const,
    ),
    ...diff.changed.map(
      ({ live }) =>
        [nameOf(live), 'its definition is not the one that was reviewed and signed'] as const,
    ),
  ]);
}

function hintsOf(result: JsonObject): CacheHints {
  const { ttlMs, cacheScope } = result;
  return {
    ...(typeof ttlMs === 'number' && Number.isSafeInteger(ttlMs) && ttlMs >= 0 && { ttlMs }),
    ...((cacheScope === 'public' || cacheScope === 'private') && { cacheScope }),
  };
}
