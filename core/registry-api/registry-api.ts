import type { CatalogVersion, ServerEntry } from '../entry/types.generated.ts';
import type { ServerJson } from './server-json.ts';

export const OFFICIAL_META = 'io.modelcontextprotocol.registry/official';

/** One item of the MCP Registry API v0.1. */
export interface RegistryRecord {
  readonly server: ServerJson;
  readonly _meta: Readonly<Record<typeof OFFICIAL_META, Readonly<Record<string, unknown>>>>;
}

/** Surrounds a server.json with the registry's own metadata, an object of a closed set of keys. */
export function registryRecord(
  server: ServerJson,
  entry: ServerEntry,
  listed: CatalogVersion,
  isLatest: boolean,
): RegistryRecord {
  // A catalog from outside of Git history knows no dates, and the format requires one.
  const publishedAt = listed.publishedAt ?? '1970-01-01T00:00:00Z';
  return {
    server,
    _meta: {
      [OFFICIAL_META]: {
        status: listed.status === 'withdrawn' ? 'deleted' : listed.status,
        ...(entry.status?.reason ? { statusMessage: entry.status.reason } : {}),
        statusChangedAt: publishedAt,
        publishedAt,
        updatedAt: publishedAt,
        isLatest,
      },
    },
  };
}

/**
 * A list response. Static files never name a next page: importers that follow it would loop.
 */
export function listResponse(records: readonly RegistryRecord[], nextCursor?: string) {
  return {
    servers: records,
    metadata: { count: records.length, ...(nextCursor === undefined ? {} : { nextCursor }) },
  };
}

/** What browsers and editors on other origins need on every answer of the API. */
export const CORS_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, OPTIONS',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type',
} as const;
