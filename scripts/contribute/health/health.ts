import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import { messageOf, PortolanError } from '../../../core/errors.ts';
import { licenseFrom } from '../new/draft.ts';
import { npmFacts } from '../npm-facts.ts';
import { probeRemote, type RemoteProbe } from '../remote-probe.ts';

/** Something about an entry that a maintainer should look at. */
export interface HealthFinding {
  readonly name: string;
  readonly kind: 'endpoint' | 'certificate' | 'sign-in' | 'license' | 'package' | 'tombstone';
  readonly fact: string;
}

export interface HealthSources {
  readonly probe?: (url: string) => Promise<RemoteProbe>;
  readonly facts?: typeof npmFacts;
  readonly now?: Date;
  /** When server.yaml of an entry was last changed. */
  readonly changedAt?: (name: string) => Promise<Date | undefined>;
}

const DAY = 24 * 60 * 60 * 1000;
const CERTIFICATE_DAYS = 14;
const DEPRECATED_DAYS = 180;
const AT_ONCE = 8;

/** Looks at the world outside that entries depend on: endpoints, packages, licenses, tombstones. */
export async function checkHealth(
  entries: readonly ServerEntry[],
  sources: HealthSources = {},
): Promise<HealthFinding[]> {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const results: HealthFinding[][] = new Array(entries.length);
  let next = 0;
  const work = async () => {
    for (let index = next++; index < entries.length; index = next++) {
      results[index] = await checkOne(entries[index] as ServerEntry, byName, sources);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results.flat();
}

async function checkOne(
  entry: ServerEntry,
  byName: ReadonlyMap<string, ServerEntry>,
  sources: HealthSources,
): Promise<HealthFinding[]> {
  const tombstones = await checkStatus(entry, byName, sources);
  if (entry.status?.state === 'withdrawn') return tombstones;
  if (entry.remote) return [...tombstones, ...(await checkRemote(entry, entry.remote, sources))];
  if (entry.npm) return [...tombstones, ...(await checkPackage(entry, entry.npm, sources))];
  return tombstones;
}

async function checkRemote(
  { name, secrets }: ServerEntry,
  { url, transport, oauth, headers }: NonNullable<ServerEntry['remote']>,
  { probe = probeRemote, now = new Date() }: HealthSources,
): Promise<HealthFinding[]> {
  // A URL with parameters has no public form that could be asked.
  if (url.includes('{')) return [];
  const seen = await probe(url);
  const finding = (kind: HealthFinding['kind'], fact: string): HealthFinding => ({
    name,
    kind,
    fact,
  });
  if (!seen.reachable) return [finding('endpoint', `${url} is not reachable: ${seen.fact}`)];
  const findings: HealthFinding[] = [];
  if (!seen.auth) findings.push(finding('endpoint', `${url} ${seen.fact}`));
  if (seen.transport && seen.auth !== 'oauth' && seen.transport !== transport) {
    findings.push(finding('endpoint', `${url} speaks ${seen.transport}, not ${transport}`));
  }
  const days = seen.certificateUntil
    ? Math.floor((Date.parse(seen.certificateUntil) - now.getTime()) / DAY)
    : undefined;
  if (days !== undefined && days < CERTIFICATE_DAYS) {
    findings.push(finding('certificate', `the certificate of ${url} ends in ${days} days`));
  }
  const usesToken = Boolean(secrets?.length) || Boolean(headers);
  if (seen.auth === 'oauth' && !oauth && !usesToken) {
    findings.push(finding('sign-in', `${url} now asks for a sign-in; add remote.oauth`));
  }
  if (seen.auth === 'none' && oauth && oauth.required !== false) {
    findings.push(
      finding('sign-in', `${url} answers without a sign-in; remote.oauth says it needs one`),
    );
  }
  return findings;
}

async function checkPackage(
  { name, license }: ServerEntry,
  npm: NonNullable<ServerEntry['npm']>,
  { facts = npmFacts }: HealthSources,
): Promise<HealthFinding[]> {
  try {
    const pinned = await facts(`${npm.package}@${npm.version}`);
    const newest = await facts(npm.package);
    const findings: HealthFinding[] = [];
    if (pinned.deprecated) {
      findings.push({
        name,
        kind: 'package',
        fact: `${npm.package}@${npm.version} is deprecated: ${pinned.deprecated}`,
      });
    }
    if (pinned.integrity !== npm.integrity) {
      findings.push({
        name,
        kind: 'package',
        fact: `the registry now gives another integrity for ${npm.package}@${npm.version}: ${pinned.integrity}`,
      });
    }
    const now = await licenseFrom(newest.license);
    if (now && now !== license) {
      findings.push({
        name,
        kind: 'license',
        fact: `${npm.package}@${newest.version} says ${now}, the entry says ${license}`,
      });
    }
    return findings;
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error;
    return [{ name, kind: 'package', fact: messageOf(error) }];
  }
}

async function checkStatus(
  { name, status }: ServerEntry,
  byName: ReadonlyMap<string, ServerEntry>,
  { changedAt, now = new Date() }: HealthSources,
): Promise<HealthFinding[]> {
  if (!status || status.state === 'active') return [];
  const findings: HealthFinding[] = [];
  const { replacement } = status;
  const target = replacement === undefined ? undefined : byName.get(replacement);
  if (replacement !== undefined && (!target || target.status?.state === 'withdrawn')) {
    findings.push({
      name,
      kind: 'tombstone',
      fact: `its replacement ${replacement} ${target ? 'is withdrawn' : 'does not exist'}`,
    });
  }
  const since = status.state === 'deprecated' ? await changedAt?.(name) : undefined;
  const days = since ? Math.floor((now.getTime() - since.getTime()) / DAY) : 0;
  if (days > DEPRECATED_DAYS) {
    findings.push({
      name,
      kind: 'tombstone',
      fact: `it has been deprecated for ${days} days; withdraw it or make it active again`,
    });
  }
  return findings;
}
