import type { CatalogServer, CatalogVersion } from '../../core/entry/types.generated.ts';

/** One version of a server, as the list of the API has it. */
export interface Listed {
  readonly server: CatalogServer;
  readonly version: CatalogVersion;
  readonly isLatest: boolean;
}

/** What a client asks of the list (MCP Registry API v0.1, GET /v0.1/servers). */
export interface ListQuery {
  readonly cursor?: string;
  readonly limit: number;
  readonly search?: string;
  /** Milliseconds since 1970. */
  readonly updatedSince?: number;
  /** `latest` or an exact version; all versions when absent. */
  readonly version?: string;
  readonly includeDeleted: boolean;
}

/** A page of the list, and where the next one begins. */
export interface Page {
  readonly items: readonly Listed[];
  readonly nextCursor?: string;
}

const DEFAULT_LIMIT = 30;
const MAX_LIMIT = 100;
const MAX_TEXT = 200;

/** Reads a query; a text says what is wrong with it. */
export function parseListQuery(query: URLSearchParams): ListQuery | string {
  const text = (name: string) => query.get(name) || undefined;
  const limit = text('limit') ?? String(DEFAULT_LIMIT);
  if (!/^[0-9]{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_LIMIT) {
    return `limit is a number from 1 to ${MAX_LIMIT}`;
  }
  for (const name of ['cursor', 'search', 'version']) {
    if ((text(name)?.length ?? 0) > MAX_TEXT)
      return `${name} is longer than ${MAX_TEXT} characters`;
  }
  const cursor = text('cursor');
  if (cursor !== undefined && !cursor.includes(':')) return 'cursor is none that this API gave out';
  const since = text('updated_since');
  if (since !== undefined && !(RFC3339.test(since) && Date.parse(since) >= 0)) {
    return 'updated_since is a time such as 2026-01-31T00:00:00Z';
  }
  const [search, version] = [text('search'), text('version')];
  const includeDeleted = text('include_deleted');
  if (includeDeleted !== undefined && !['true', 'false'].includes(includeDeleted)) {
    return 'include_deleted is true or false';
  }
  return {
    limit: Number(limit),
    ...(cursor ? { cursor } : {}),
    ...(search ? { search } : {}),
    ...(since ? { updatedSince: Date.parse(since) } : {}),
    ...(version ? { version } : {}),
    // Who follows what changed must learn what went, too.
    includeDeleted: includeDeleted ? includeDeleted === 'true' : since !== undefined,
  };
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i;

/**
 * The page that a query asks for. Servers are in the order of their names, versions newest first;
 * a cursor names the last item of a page, so it holds while servers come and go.
 */
export function selectPage(servers: readonly CatalogServer[], query: ListQuery): Page {
  const items: Listed[] = [];
  const start = query.cursor === undefined ? undefined : placeOf(query.cursor);
  for (const server of servers) {
    if (start && server.name < start.name) continue;
    if (!matches(server, query.search)) continue;
    for (const item of versionsOf(server, query)) {
      if (start?.name === server.name && !isAfter(item, server, start.version)) continue;
      if (items.length === query.limit) return { items, nextCursor: cursorOf(items) };
      items.push(item);
    }
  }
  return { items };
}

/** Every word must be in the name, title, description, publisher or a tag. */
function matches({ name, summary }: CatalogServer, search: string | undefined): boolean {
  if (search === undefined) return true;
  const { title, description, publisher, tags } = summary;
  const text = [name, title, description, publisher, ...tags].join('\n').toLowerCase();
  const words = search.toLowerCase().split(/[\s/]+/);
  return words.every((word) => text.includes(word));
}

function versionsOf(server: CatalogServer, query: ListQuery): Listed[] {
  const [latest] = server.versions;
  return server.versions
    .filter(({ status }) => query.includeDeleted || status !== 'withdrawn')
    .filter(
      (version) =>
        query.version === undefined ||
        (query.version === 'latest' ? version === latest : version.version === query.version),
    )
    .filter(
      ({ publishedAt }) =>
        query.updatedSince === undefined || Date.parse(publishedAt ?? '') >= query.updatedSince,
    )
    .map((version) => ({ server, version, isLatest: version === latest }));
}

function cursorOf(items: readonly Listed[]): string {
  const last = items.at(-1);
  return `${last?.server.name}:${last?.version.version}`;
}

function placeOf(cursor: string) {
  const colon = cursor.indexOf(':');
  return { name: cursor.slice(0, colon), version: cursor.slice(colon + 1) };
}

/** A version that is gone was somewhere among those of its server: all are given again. */
function isAfter({ version }: Listed, { versions }: CatalogServer, last: string): boolean {
  return versions.indexOf(version) > versions.findIndex((item) => item.version === last);
}
