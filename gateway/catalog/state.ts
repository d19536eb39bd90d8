import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { VerifiedCatalog } from '../../core/catalog/read-catalog.ts';
import { hasErrno, PortolanError } from '../../core/errors.ts';
import { writeFileAtomic } from '../../core/files.ts';

/** What a client remembers of a catalog source: the newest that it ever accepted. */
export interface SeenCatalog {
  readonly source: string;
  readonly number: number;
  readonly digest: string;
  /** RFC 3339, UTC. */
  readonly seenAt: string;
}

/** How far a clock may be set back without a question, in ms. */
const CLOCK_TOLERANCE_MS = 24 * 3_600_000;

/** What was last seen of a source; undefined on first use. Throws `malformed` / `STATE_MALFORMED`. */
export async function readSeen(stateDir: string, source: string): Promise<SeenCatalog | undefined> {
  const path = pathOf(stateDir, source);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const value = JSON.parse(text) as SeenCatalog;
    if (Number.isInteger(value.number) && typeof value.digest === 'string') return value;
  } catch {
    // Falls through to the error below.
  }
  throw new PortolanError(
    'malformed',
    'STATE_MALFORMED',
    `${path} is damaged: it held the newest number seen of ${source}, which guards against old catalogs; delete it to start afresh`,
  );
}

/**
 * Refuses a catalog that is older than one seen before, or differs from it under the same number,
 * and remembers it otherwise. Threat: a registry or a man in the middle that serves an old, validly
 * signed catalog with a server that was withdrawn since (rollback), or two catalogs to two clients.
 *
 * Throws `untrusted` with `CATALOG_ROLLBACK`, `CATALOG_FORKED` or `CLOCK_WRONG`.
 */
export async function acceptCatalog(
  stateDir: string,
  source: string,
  { catalog, descriptor }: Pick<VerifiedCatalog, 'catalog' | 'descriptor'>,
  {
    now = () => new Date(),
    remember = true,
  }: {
    readonly now?: () => Date;
    /** False for a copy from the package: what was fetched before may be older, and stays usable. */
    readonly remember?: boolean;
  } = {},
): Promise<void> {
  const seen = await readSeen(stateDir, source);
  if (seen && catalog.number < seen.number) {
    throw new PortolanError(
      'untrusted',
      'CATALOG_ROLLBACK',
      `${source} offers catalog ${catalog.number}, but ${seen.number} was seen on ${seen.seenAt}; an old catalog can bring back withdrawn servers. If its owner confirms that it was rebuilt, run \`portolan catalog reset ${source}\``,
    );
  }
  if (seen && now().getTime() < Date.parse(seen.seenAt) - CLOCK_TOLERANCE_MS) {
    throw new PortolanError(
      'untrusted',
      'CLOCK_WRONG',
      `the clock here says ${now().toISOString()}, but ${source} was read on ${seen.seenAt}; a clock that goes back makes old catalogs look fresh, set it right`,
    );
  }
  // A development catalog is rebuilt over and over from the same commit.
  if (
    seen &&
    catalog.number === seen.number &&
    descriptor.digest !== seen.digest &&
    !catalog.development
  ) {
    throw new PortolanError(
      'untrusted',
      'CATALOG_FORKED',
      `${source} offers another catalog ${catalog.number} (${descriptor.digest}) than the one seen on ${seen.seenAt} (${seen.digest}); a number is never used twice, ask its owner`,
    );
  }
  if (!remember || (seen?.number === catalog.number && seen.digest === descriptor.digest)) return;
  const next: SeenCatalog = {
    source,
    number: catalog.number,
    digest: descriptor.digest,
    seenAt: now().toISOString(),
  };
  await writeFileAtomic(pathOf(stateDir, source), `${JSON.stringify(next, null, 2)}\n`);
}

/** Forgets what was seen of a source; false when there was nothing. */
export async function forgetSeen(stateDir: string, source: string): Promise<boolean> {
  try {
    await rm(pathOf(stateDir, source));
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

function pathOf(stateDir: string, source: string): string {
  const name = createHash('sha256').update(source).digest('hex').slice(0, 32);
  return join(stateDir, 'catalogs', `${name}.json`);
}
