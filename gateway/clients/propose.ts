import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import { identify, normalImage, normalUrl, type ServerIdentity } from './identify.ts';

/** A server of a client and the catalog entry that is the same server. */
export interface Proposal {
  /** Name of the client's entry. */
  readonly name: string;
  readonly is: ServerIdentity;
  /** Name of the catalog's entry. */
  readonly entry?: string;
  /** Required secrets that the user will have to set. */
  readonly secrets?: readonly string[];
}

const KINDS = { npm: 'npm', image: 'container', url: 'remote' } as const;

/**
 * Compares servers of a client with catalogs: npm packages by name, images by repository, remote
 * servers by address. Only entries that share a word with the server are fetched.
 */
export async function proposeEntries(
  entries: ReadonlyMap<string, unknown>,
  catalogs: CatalogSet,
): Promise<readonly Proposal[]> {
  const fetchEntry = entryFetcher(catalogs);
  return Promise.all(
    [...entries].map(async ([name, raw]): Promise<Proposal> => {
      const is = identify(raw);
      for (const candidate of candidates(is, catalogs)) {
        const entry = await fetchEntry(candidate);
        if (!entry || !isSame(is, entry)) continue;
        const required = (entry.secrets ?? []).filter((secret) => secret.required);
        return { name, is, entry: candidate, secrets: required.map((secret) => secret.name) };
      }
      return { name, is };
    }),
  );
}

/** Names of entries that could be the server, by the words in their names and tags. */
function candidates(is: ServerIdentity, catalogs: CatalogSet): string[] {
  const kind = is.kind in KINDS ? KINDS[is.kind as keyof typeof KINDS] : undefined;
  if (kind === undefined) return [];
  return namesByWords(is.name, catalogs, kind);
}

/** Names of entries that share words with a text, those that share most first. */
export function namesByWords(
  text: string,
  catalogs: CatalogSet,
  kind?: 'container' | 'npm' | 'remote',
): string[] {
  const words = new Set(wordsOf(text));
  return catalogs
    .all()
    .filter(
      ({ server }) =>
        (kind === undefined || server.summary.kind === kind) &&
        server.versions[0]?.status !== 'withdrawn',
    )
    .map(({ server: { name, summary } }) => ({
      name,
      shared:
        2 * wordsOf(name).filter((word) => words.has(word)).length +
        wordsOf([summary.title, summary.publisher, ...summary.tags].join(' ')).filter((word) =>
          words.has(word),
        ).length,
    }))
    .filter(({ shared }) => shared > 0)
    .sort((a, b) => b.shared - a.shared)
    .map(({ name }) => name);
}

/** Words that say nothing about which server it is. */
const COMMON = new Set(['mcp', 'server', 'com', 'io', 'https', 'docker', 'modelcontextprotocol']);

export function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return [...new Set(words)].filter((word) => !COMMON.has(word));
}

function isSame(is: ServerIdentity, entry: ServerEntry): boolean {
  if (is.kind === 'npm') return entry.npm?.package === is.name;
  if (is.kind === 'image') {
    return entry.container !== undefined && normalImage(entry.container.image) === is.name;
  }
  return is.kind === 'url' && entry.remote !== undefined && normalUrl(entry.remote.url) === is.name;
}

/** Fetches each entry once. */
export function entryFetcher(
  catalogs: CatalogSet,
): (name: string) => Promise<ServerEntry | undefined> {
  const fetched = new Map<string, Promise<ServerEntry | undefined>>();
  return (name) => {
    const entry = fetched.get(name) ?? entryOf(catalogs, name);
    fetched.set(name, entry);
    return entry;
  };
}

/** An entry that cannot be fetched or verified is no proposal; `portolan show` says why. */
async function entryOf(catalogs: CatalogSet, name: string): Promise<ServerEntry | undefined> {
  try {
    return (await catalogs.server(name)).entry;
  } catch (error) {
    if (error instanceof PortolanError) return undefined;
    throw error;
  }
}
