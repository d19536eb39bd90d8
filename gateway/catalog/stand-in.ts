import type { Freshness } from '../../core/catalog/check-freshness.ts';
import type { VerifiedCatalog } from '../../core/catalog/read-catalog.ts';
import { PortolanError } from '../../core/errors.ts';
import { ageInWords } from './age.ts';
import { originOf, type StandIn } from './cached-repository.ts';
import { readSeen } from './state.ts';

/**
 * Why a copy that stands in for its registry is to be looked at only; undefined where it may be run
 * from, which is until the freshness statement in it expires. Threat: who wants an old catalog to
 * stay in use would only have to cut the network.
 */
export function judgeCopy(
  { copy }: StandIn,
  about: {
    readonly source: string;
    readonly number: number;
    readonly freshness: Freshness | undefined;
    readonly now: Date;
  },
): string | undefined {
  const { source, number, freshness, now } = about;
  if (freshness && Date.parse(freshness.expires) >= now.getTime()) return undefined;
  const which = `the copy of catalog ${number} that ${originOf(copy)}`;
  const age = freshness
    ? `${which} is ${ageInWords(freshness.issued, now)} old; its owner vouched for it until ${freshness.expires.slice(0, 10)}`
    : `${which} does not say how old it is`;
  return `${age}. It can be searched and shown, and nothing is run or added from it until ${source} answers`;
}

/**
 * Refuses a copy from the package when something newer was seen of its registry already. Throws
 * `unreachable` / `CATALOG_UNCONFIRMED`, and what readSeen throws.
 */
export async function refuseOlder(
  { catalog }: Pick<VerifiedCatalog, 'catalog'>,
  stateDir: string,
  source: string,
  standIn: StandIn,
): Promise<void> {
  const seen = await readSeen(stateDir, source);
  if (!seen || seen.number <= catalog.number) return;
  throw unconfirmed(
    `${source} does not answer, and the copy that came with Portolan is catalog ${catalog.number}, older than catalog ${seen.number}, which was seen on ${seen.seenAt}`,
    standIn,
  );
}

/** The error of a copy that will not do. */
export function unconfirmed(text: string, { outage }: StandIn): PortolanError {
  return new PortolanError('unreachable', 'CATALOG_UNCONFIRMED', `${text}; check the network`, {
    cause: outage,
  });
}
