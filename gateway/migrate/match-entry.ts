import type { ServerEntry } from '../../core/entry/types.generated.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import { normalImage, normalUrl } from '../clients/identify.ts';
import { namesByWords, wordsOf } from '../clients/propose.ts';
import type { DockerServer } from './docker-setup.ts';

/** A catalog entry that is, or may be, a server of Docker's. */
export interface EntryMatch {
  readonly entry: string;
  /** `likely`: a human has to say whether it is. */
  readonly sure: 'exact' | 'likely';
  /** What was compared, the surest first. */
  readonly by: (typeof GROUNDS)[number];
  /** What both have in common, e.g. `the same image docker.io/mcp/duckduckgo`. */
  readonly why: string;
}

const GROUNDS = ['image', 'address', 'source', 'name', 'repository'] as const;

/** Entries beyond these have too few words in common to be worth fetching. */
const MOST_FETCHED = 8;

/**
 * Compares a server of Docker's with the catalogs, best match first: the same image, address or
 * source is exact; the same name, or a part of the same repository, is likely. Only entries that
 * share a word with it are fetched.
 */
export async function matchesOf(
  server: DockerServer,
  catalogs: CatalogSet,
  fetchEntry: (name: string) => Promise<ServerEntry | undefined>,
): Promise<readonly EntryMatch[]> {
  const { name, image, url, definition } = server;
  const words = [name, image, url, definition?.title, ...(definition?.repositories ?? [])];
  const candidates = namesByWords(words.filter(Boolean).join(' '), catalogs);
  const wanted = [
    // The name counts most: it must not be lost among those that share words with the repository.
    ...catalogs
      .all()
      .filter((one) => isSameName(name, one.server.name))
      .map((one) => one.server.name),
    ...candidates.slice(0, MOST_FETCHED),
  ];
  const found: EntryMatch[] = [];
  for (const candidate of new Set(wanted)) {
    const entry = await fetchEntry(candidate);
    const match = entry && compare(server, entry);
    if (match) found.push(match);
  }
  return found.sort((a, b) => GROUNDS.indexOf(a.by) - GROUNDS.indexOf(b.by));
}

function compare(server: DockerServer, entry: ServerEntry): EntryMatch | undefined {
  const { image, url, name } = server;
  const match = (by: EntryMatch['by'], why: string): EntryMatch => {
    const sure = ['image', 'address', 'source'].includes(by) ? 'exact' : 'likely';
    return { entry: entry.name, sure, by, why };
  };
  if (image && entry.container && normalImage(image) === normalImage(entry.container.image)) {
    return match('image', `the same image ${normalImage(image)}`);
  }
  if (url && entry.remote && normalUrl(url) === normalUrl(entry.remote.url)) {
    return match('address', `the same address ${normalUrl(url)}`);
  }
  const theirs = (server.definition?.repositories ?? []).map(sourceOf);
  const ours = [
    ...(entry.source
      ? [sourceOf(`${entry.source.repository}/${entry.source.subfolder ?? ''}`)]
      : []),
    ...(entry.links?.source ? [sourceOf(entry.links.source)] : []),
  ];
  const shared = ours.find((one) => theirs.some(({ repository }) => repository === one.repository));
  const same =
    shared &&
    ours.find((one) =>
      theirs.some(
        ({ repository, folder }) => repository === one.repository && folder === one.folder,
      ),
    );
  if (same && isSameName(name, entry.name)) {
    return match('source', `the same name and source ${same.repository}`);
  }
  if (isSameName(name, entry.name)) return match('name', 'the same name');
  if (same) return match('repository', `the same source ${same.repository}`);
  if (shared) return match('repository', `another part of the repository ${shared.repository}`);
  return undefined;
}

/** `github-official` and `GitHub` are names of one thing; `github` and `github-actions` are not. */
function isSameName(theirs: string, ours: string): boolean {
  const bare = (name: string) =>
    wordsOf(name.replaceAll('_', '-')).filter(
      (word) => !['official', 'remote', 'reference', 'container'].includes(word),
    );
  const [one, other] = [bare(theirs), bare(ours)];
  // `sequentialthinking` is `sequential-thinking`, and `mcp-grafana` is `grafana-mcp`.
  const isSame =
    one.join('') === other.join('') || one.toSorted().join() === other.toSorted().join();
  return one.length > 0 && isSame;
}

/** `https://github.com/Owner/Name.git/tree/main/src/x` as repository and folder. */
function sourceOf(address: string): { readonly repository: string; readonly folder: string } {
  const [host = '', owner = '', name = '', ...rest] = address
    .replace(/^(https?:\/\/|git@)/, '')
    .replace(/[?#].*$/, '')
    .replace(/\.git(?=\/|$)/, '')
    .split('/')
    .filter((part) => part !== '');
  const folder = ['tree', 'blob'].includes(rest[0] ?? '') ? rest.slice(2) : rest;
  return {
    repository: [host, owner, name].join('/').toLowerCase(),
    folder: folder.join('/').replace(/\/(Dockerfile|readme\.md)$/i, ''),
  };
}
