import { PortolanError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';

export const FRESHNESS_TAG = 'freshness';
/** How far apart clocks may be, in ms. */
const CLOCK_TOLERANCE_MS = 10 * 60_000;

/**
 * Says which catalog is the newest, and until when that may be believed. Without it, whoever stands
 * between a client and the registry could serve an old catalog for ever (freeze attack; compare the
 * timestamp role of The Update Framework). Dates are RFC 3339 in UTC.
 */
export interface Freshness {
  readonly number: number;
  /** Digest of the catalog artifact. */
  readonly digest: Digest;
  readonly issued: string;
  readonly expires: string;
}

/** A statement whose signature held, and the artifact that it was in. */
export interface VerifiedFreshness extends Freshness {
  readonly artifact: Digest;
}

/**
 * Judges a statement against the clock and the catalog that came with it.
 *
 * Throws `untrusted` with `FRESHNESS_MISSING`, `CATALOG_STALE` (expired, or the catalog is older than
 * the statement says), or `CLOCK_WRONG` (issued in the future).
 */
export function checkFreshness(
  freshness: Freshness | undefined,
  catalog: { readonly number: number; readonly digest: string },
  where: string,
  now: Date = new Date(),
): void {
  // Threat: who holds back newer catalogs leaves the statement out, too.
  if (!freshness) {
    throw new PortolanError(
      'untrusted',
      'FRESHNESS_MISSING',
      `${where} has no freshness statement (tag "${FRESHNESS_TAG}"), so a source that holds back newer catalogs would not be noticed; its owner renews it with \`npm run publish -- --freshness\`, and a mirror must copy it`,
    );
  }
  if (Date.parse(freshness.issued) > now.getTime() + CLOCK_TOLERANCE_MS) {
    throw new PortolanError(
      'untrusted',
      'CLOCK_WRONG',
      `${where}: its freshness statement is from ${freshness.issued}, but the clock here says ${now.toISOString()}; set the clock right`,
    );
  }
  if (Date.parse(freshness.expires) < now.getTime()) {
    throw new PortolanError(
      'untrusted',
      'CATALOG_STALE',
      `${where}: its freshness statement expired on ${freshness.expires}; the source is no longer kept up to date, or someone holds back newer catalogs`,
    );
  }
  if (freshness.number > catalog.number) {
    throw new PortolanError(
      'untrusted',
      'CATALOG_STALE',
      `${where} serves catalog ${catalog.number}, but catalog ${freshness.number} exists; someone holds back the newer one, or a publication is under way: try again in a minute`,
    );
  }
  if (freshness.number === catalog.number && freshness.digest !== catalog.digest) {
    throw new PortolanError(
      'untrusted',
      'CATALOG_FORKED',
      `${where} serves another catalog ${catalog.number} than its freshness statement names; ask its owner`,
    );
  }
}
