import { createHash } from 'node:crypto';
import type { PublishedCatalog } from '../../core/entry/types.generated.ts';
import { messageOf, PortolanError } from '../../core/errors.ts';
import {
  CORS_HEADERS,
  listResponse,
  type RegistryRecord,
} from '../../core/registry-api/registry-api.ts';
import type { ReadRecord } from './records.ts';
import { type Listed, parseListQuery, selectPage } from './select.ts';

/** What is answered from. */
export interface RegistrySource {
  readonly catalog: PublishedCatalog;
  readonly record: ReadRecord;
}

export interface Request {
  readonly method: string;
  /** Path and query as the client sent them, still encoded. */
  readonly target: string;
  readonly ifNoneMatch?: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How long a client may keep an answer without asking again, in seconds. */
const MAX_AGE = 60;

/**
 * Answers a request of the MCP Registry API v0.1 (and v0, which some importers call). A server whose
 * artifact does not verify is left out of lists and is not found: nothing unverified is told on.
 */
export async function answer(
  source: RegistrySource,
  request: Request,
  log: (line: string) => void = () => {},
): Promise<Answer> {
  const { method, target } = request;
  if (method === 'OPTIONS') return { status: 204, headers: { ...CORS_HEADERS }, body: '' };
  if (method !== 'GET' && method !== 'HEAD') {
    return problem(405, 'this API is only read', { Allow: 'GET, HEAD, OPTIONS' });
  }
  try {
    const found = await find(source, target, log);
    return 'problem' in found ? problem(found.status, found.problem) : cached(found.value, request);
  } catch (error) {
    log(`${target.slice(0, 200)}: ${messageOf(error)}`);
    const isAway = error instanceof PortolanError && error.kind === 'unreachable';
    return isAway
      ? problem(503, "the catalog's source does not answer", { 'Retry-After': '30' })
      : problem(500, 'the request could not be answered; the log of the server says why');
  }
}

type Found = { readonly value: object } | { readonly status: number; readonly problem: string };

async function find(
  source: RegistrySource,
  target: string,
  log: (line: string) => void,
): Promise<Found> {
  const [path = '', query = ''] = target.split(/\?(.*)/s);
  const parts = partsOf(path);
  if (!parts) return { status: 400, problem: 'the path is not encoded properly' };
  const [api, collection, ...rest] = parts;
  if ((api !== 'v0.1' && api !== 'v0') || collection !== 'servers') {
    return { status: 404, problem: 'the API begins with /v0.1/servers' };
  }
  if (rest.length === 0) return list(source, new URLSearchParams(query), log);
  // The slash of a name comes encoded (one part) or, as static files have it, plain (two parts).
  const versions = rest.indexOf('versions');
  const name = rest.slice(0, versions).join('/');
  const server = source.catalog.servers.find(
    (item) => `${source.catalog.namespace}/${item.name}` === name,
  );
  if (versions < 1 || rest.length > versions + 2) {
    return { status: 404, problem: 'write /servers/NAME/versions, or .../versions/VERSION' };
  }
  if (!server) return { status: 404, problem: `there is no server ${JSON.stringify(name)}` };
  const all = server.versions.map(
    (version, index): Listed => ({ server, version, isLatest: index === 0 }),
  );
  const wanted = rest[versions + 1];
  if (wanted === undefined) return { value: listResponse(await verified(source, all, log)) };
  const item = wanted === 'latest' ? all[0] : all.find(({ version }) => version.version === wanted);
  const [record] = item ? await verified(source, [item], log) : [];
  return record
    ? { value: record }
    : { status: 404, problem: `${name} has no version ${JSON.stringify(wanted)}` };
}

async function list(
  source: RegistrySource,
  query: URLSearchParams,
  log: (line: string) => void,
): Promise<Found> {
  const parsed = parseListQuery(query);
  if (typeof parsed === 'string') return { status: 400, problem: parsed };
  const { items, nextCursor } = selectPage(source.catalog.servers, parsed);
  return { value: listResponse(await verified(source, items, log), nextCursor) };
}

/** Records of the items that verify. A source that does not answer is a fault of the whole. */
async function verified(
  { record }: RegistrySource,
  items: readonly Listed[],
  log: (line: string) => void,
): Promise<RegistryRecord[]> {
  const records = await Promise.all(
    items.map((item) =>
      record(item).catch((error: unknown) => {
        if (!(error instanceof PortolanError) || error.kind === 'unreachable') throw error;
        log(`${item.server.name} ${item.version.version} is left out: ${error.message}`);
        return undefined;
      }),
    ),
  );
  return records.filter((item) => item !== undefined);
}

function partsOf(path: string): string[] | undefined {
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .flatMap((part) => decodeURIComponent(part).split('/'));
  } catch {
    return undefined;
  }
}

function cached(value: object, { ifNoneMatch }: Request): Answer {
  const body = JSON.stringify(value);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 32)}"`;
  const headers = { ...CORS_HEADERS, ETag: etag, 'Cache-Control': `public, max-age=${MAX_AGE}` };
  const known = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known.includes(etag) || known.includes('*')) return { status: 304, headers, body: '' };
  return { status: 200, headers: { ...headers, 'Content-Type': 'application/json' }, body };
}

function problem(status: number, detail: string, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { ...CORS_HEADERS, 'Content-Type': 'application/problem+json', ...headers },
    body: JSON.stringify({ title: TITLES[status] ?? 'Error', status, detail }),
  };
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
