import { resolve } from 'node:path';
import { PortolanError } from '../../core/errors.ts';
import { counted } from '../../core/text.ts';
import { describeSigner } from '../../core/trust/verify.ts';
import type { Paths } from '../paths.ts';
import { ageInWords } from './age.ts';
import { originOf } from './cached-repository.ts';
import { type OpenCatalog, openCatalog } from './open-catalog.ts';
import { addSource, type CatalogSource, policyOf } from './sources.ts';
import { readSeen, type SeenCatalog } from './state.ts';

/** A source that is about to be added; its name is the catalog's title when absent. */
export type NewSource = Omit<CatalogSource, 'name'> & { readonly name?: string };

/** What is known of a catalog after it was opened, or why it could not be. */
export type SourceReport = {
  readonly name: string;
  readonly source: string;
  /** In sentences, one a line. */
  readonly text: string;
} & (
  | {
      readonly ok: true;
      readonly number: number;
      readonly digest: string;
      readonly signer: string;
      readonly servers: number;
      readonly offline: boolean;
      /** It came with the package. */
      readonly packaged: boolean;
      /** Why it is to be looked at only. */
      readonly lookOnly?: string;
      readonly freshness?: OpenCatalog['freshness'];
      readonly development?: true;
    }
  | { readonly ok: false; readonly code: string; readonly newestSeen?: SeenCatalog }
);

type Log = (line: string) => void;

/** Verifies a catalog and remembers it with its signers. Throws what openCatalog and addSource throw. */
export async function addVerifiedSource(
  given: NewSource,
  { replace }: { readonly replace: boolean },
  paths: Paths,
  log: Log,
): Promise<{ readonly name: string; readonly opened: OpenCatalog }> {
  const source = absolute(given.source);
  const policy = await policyOf({ ...given, source, name: given.name ?? source });
  const opened = await openCatalog(source, policy, openOptions(paths, log));
  const name = given.name ?? shortName(opened.catalog.title);
  await addSource(paths.config, { ...given, name, source }, { replace });
  return { name, opened };
}

/** Opens a catalog and says how fresh and how trustworthy it is. */
export async function reportOnSource(
  source: CatalogSource,
  paths: Paths,
  log: Log,
): Promise<SourceReport> {
  const seen = await readSeen(paths.state, source.source);
  try {
    const opened = await openSource(source, paths, log, { look: true });
    return {
      name: source.name,
      source: source.source,
      ok: true,
      number: opened.catalog.number,
      digest: opened.descriptor.digest,
      signer: describeSigner(opened.evidence.signer),
      servers: opened.catalog.servers.length,
      offline: opened.offline,
      packaged: opened.packaged,
      ...(opened.lookOnly ? { lookOnly: opened.lookOnly } : {}),
      ...(opened.freshness ? { freshness: opened.freshness } : {}),
      ...(opened.catalog.development ? { development: true } : {}),
      text: explain(opened),
    };
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error;
    return {
      name: source.name,
      source: source.source,
      ok: false,
      code: error.code,
      ...(seen ? { newestSeen: seen } : {}),
      text: `NOT USABLE (${error.code})\n${error.message}`,
    };
  }
}

/** What an update of a source brought. */
export interface SourceUpdate {
  readonly name: string;
  readonly number: number;
  /** Newest number seen before. */
  readonly before?: number;
  readonly offline: boolean;
}

/** Fetches the newest catalog of a source. */
export async function updateSource(
  source: CatalogSource,
  paths: Paths,
  log: Log,
): Promise<SourceUpdate> {
  const seen = await readSeen(paths.state, source.source);
  const opened = await openSource(source, paths, log);
  return {
    name: source.name,
    number: opened.catalog.number,
    offline: opened.offline,
    ...(seen && { before: seen.number }),
  };
}

/** The same in a few words. */
export function describeUpdate({ number, before, offline }: SourceUpdate): string {
  const isNew = before !== undefined && before < number;
  const what = isNew ? `catalog ${before} -> ${number}` : `catalog ${number}, nothing new`;
  return `${offline ? 'offline, ' : ''}${what}`;
}

/** A verified catalog in a few words. */
export function describeCatalog({ catalog, evidence }: OpenCatalog): string {
  return `catalog ${catalog.number} with ${counted(catalog.servers.length, 'server')}, signed by ${describeSigner(evidence.signer)}`;
}

/** Opens a catalog that was added. Throws what policyOf and openCatalog throw. */
export async function openSource(
  source: CatalogSource,
  paths: Paths,
  log: Log,
  options: { readonly look?: boolean } = {},
): Promise<OpenCatalog> {
  return openCatalog(source.source, await policyOf(source), {
    ...openOptions(paths, log),
    ...options,
  });
}

function openOptions(paths: Paths, log: Log) {
  return { stateDir: paths.state, cacheDir: paths.cache, log };
}

/** A folder stays the same whatever folder a later command runs in. */
function absolute(source: string): string {
  const layout = 'oci-layout:';
  return source.startsWith(layout) ? layout + resolve(source.slice(layout.length)) : source;
}

/** A verified catalog in sentences. */
function explain(opened: OpenCatalog): string {
  const { catalog, freshness, offline, packaged, lookOnly } = opened;
  return [
    `Verified: ${describeCatalog(opened)}.`,
    offline
      ? `The source does not answer; this is what ${originOf(packaged ? 'packaged' : 'fetched')}.`
      : 'It is not older than any catalog seen of this source.',
    freshness
      ? `Its owner said on ${freshness.issued}, ${ageInWords(freshness.issued, new Date())} ago, that catalog ${freshness.number} is the newest, and that this holds until ${freshness.expires}.`
      : 'It has no freshness statement: a folder is as old as the day on which it was copied.',
    ...(lookOnly
      ? ['That is over: it can be searched and shown, and nothing is run or added from it.']
      : []),
    ...(catalog.development
      ? ['A development key signs it: trust it on the machine that made it only.']
      : []),
  ].join('\n');
}

function shortName(title: string): string {
  const name = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return name || 'catalog';
}
