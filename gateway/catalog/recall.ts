import { rm } from 'node:fs/promises';
import {
  checkFreshness,
  FRESHNESS_TAG,
  type Freshness,
  type VerifiedFreshness,
} from '../../core/catalog/check-freshness.ts';
import { packFreshness } from '../../core/catalog/pack-freshness.ts';
import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import type { CapturedTools, ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { layerOf } from '../../core/oci/artifact.ts';
import { verifyBytes } from '../../core/oci/digest.ts';
import { parseManifest } from '../../core/oci/manifest.ts';
import { ENTRY_LAYER, TOOLS_LAYER } from '../../core/oci/media-types.ts';
import type { TrustPolicy } from '../../core/trust/verify.ts';
import type { ConnectedSource } from './connect-source.ts';
import { findVersion } from './find-version.ts';
import type { ListedCatalog, OpenCatalogOptions } from './open-catalog.ts';
import { judgeCopy } from './stand-in.ts';
import {
  circumstancesOf,
  evidenceOf,
  memoryFile,
  type Range,
  type RememberedServer,
  readMemory,
  type StartMemory,
  type Wanted,
  wantedServer,
  wantedText,
} from './start-memory.ts';
import { acceptCatalog } from './state.ts';

/** A catalog out of the memory, and what keeps that memory up to date. */
export interface Recalled {
  readonly catalog: ListedCatalog;
  /** Writes down what turned out to be new; the start has been answered by then. */
  remember(): Promise<void>;
}

/**
 * The catalog as an earlier start with the same servers verified it, when nothing changed since:
 * index.json of a layout, or the catalog that the tag of a registry points to; the trusted signers
 * and root; and the schemas. Content is hashed again, and the freshness statement of a registry is
 * judged again; only the arithmetic of signatures, the schemas and the catalog's own lines are taken
 * from memory. Undefined when there is no such start, or anything of it does not hold.
 *
 * `opened` is the source, which a registry must have. Throws what acceptCatalog and checkFreshness
 * throw, and what the registry does for more than not answering.
 */
export async function recallCatalog(
  source: string,
  policy: TrustPolicy,
  wanted: Wanted,
  options: OpenCatalogOptions,
): Promise<Recalled | undefined> {
  const { stateDir, opened, now = () => new Date() } = options;
  const circumstances = circumstancesOf(source, policy);
  if (!circumstances) return undefined;
  const path = memoryFile(stateDir, source, wanted);
  const read = readMemory(path);
  if (!read || JSON.stringify(read.memory.circumstances) !== JSON.stringify(circumstances)) {
    return undefined;
  }
  const { memory, body } = read;
  const freshness = opened?.cached && (await freshnessNow(memory, opened.cached, policy));
  if (opened?.cached && !freshness) return undefined;
  /** Something was asked for that the memory does not hold, so it is to be made anew. */
  let incomplete = false;
  // What the memory does not hold is read as a start without memory does: the source may have
  // another catalog by now, which must be accepted like any other.
  const openAgain: OpenAgain = async (name, version, locked) => {
    incomplete = true;
    const { openCatalog } = await import('./open-catalog.ts');
    const catalog = await openCatalog(source, policy, { ...options, opened: undefined });
    return catalog.server(name, version, locked);
  };
  const catalog = { ...memory.catalog, servers: [...memory.lines] };
  let recalled: ReadonlyMap<string, VerifiedServer>;
  try {
    if (!evidenceOf(memory.evidence, policy, memory.descriptor)) return undefined;
    const servers = serversOf(memory, body, { policy, source, opened }, openAgain);
    recalled = asWanted(wanted, memory, servers, source);
  } catch {
    return undefined;
  }
  await acceptCatalog(stateDir, source, { catalog, descriptor: memory.descriptor }, { now });
  if (freshness) {
    const { number } = catalog;
    const standIn = opened?.cached?.standIn();
    // An old copy is refused, and why is said, by a start without memory.
    if (standIn && judgeCopy(standIn, { source, number, freshness, now: now() })) return undefined;
    const { digest } = memory.descriptor;
    if (!standIn) checkFreshness(freshness, { number, digest }, source, now());
  }
  return {
    catalog: {
      source,
      catalog,
      descriptor: memory.descriptor,
      async server(name, version, locked) {
        const text = wantedText({ name, version, locked });
        const withdrawn = memory.withdrawn[text];
        if (withdrawn !== undefined) {
          throw new PortolanError('forbidden', 'SERVER_WITHDRAWN', withdrawn);
        }
        return recalled.get(text) ?? openAgain(name, version, locked);
      },
    },
    async remember() {
      if (incomplete) return rm(path, { force: true });
      if (!freshness || freshness.artifact === memory.freshness?.artifact) return;
      const { writeMemory } = await import('./remember.ts');
      await writeMemory(path, { ...memory, freshness }, [body]);
    },
  };
}

/** Gives a server as a catalog does that was just opened. */
type OpenAgain = ListedCatalog['server'];

/**
 * The statement that a registry has now, when its catalog is still the one that is remembered. A
 * statement is renewed daily, so a new one is verified.
 */
async function freshnessNow(
  memory: StartMemory,
  cached: NonNullable<ConnectedSource['cached']>,
  policy: TrustPolicy,
): Promise<VerifiedFreshness | undefined> {
  const [catalog, freshness] = await Promise.all([
    cached.resolveTag('catalog'),
    cached.resolveTag(FRESHNESS_TAG),
  ]);
  // What came with the package is judged by other rules; see openCatalog.
  if (cached.standIn()?.copy === 'packaged') return undefined;
  if (catalog?.digest !== memory.descriptor.digest || !freshness) return undefined;
  const { artifact, ...statement } = memory.freshness ?? {};
  if (freshness.digest === artifact) {
    // Its bytes follow from what it says, so this holds it to the signed digest.
    const same = packFreshness(statement as Freshness).descriptor.digest === artifact;
    return same ? memory.freshness : undefined;
  }
  const { readFreshness } = await import('../../core/catalog/freshness.ts');
  return readFreshness(cached, policy);
}

/**
 * The remembered servers by what was asked for, and only so: a lock holds an old version that the
 * catalog alone would refuse. Throws when the memory contradicts itself.
 */
function asWanted(
  { servers: texts, all }: Wanted,
  { lines }: StartMemory,
  servers: ReadonlyMap<string, VerifiedServer>,
  source: string,
): ReadonlyMap<string, VerifiedServer> {
  const byName = new Map(lines.map((server) => [server.name, server]));
  const recalled = new Map<string, VerifiedServer>();
  for (const text of new Set([...texts, ...(all ? byName.keys() : [])])) {
    const { name, version, locked } = wantedServer(text);
    const { digest } = locked ?? findVersion(byName, name, version, source);
    const server = servers.get(digest);
    if (!server) continue;
    const right = version === undefined || server.entry.version === version;
    if (server.entry.name !== name || !right) throw new Error('it does not hold');
    recalled.set(text, server);
  }
  return recalled;
}

/** What remembered bytes are held against. */
interface Grounds {
  readonly policy: TrustPolicy;
  readonly source: string;
  readonly opened?: ConnectedSource | undefined;
}

function serversOf(
  memory: StartMemory,
  body: Buffer,
  grounds: Grounds,
  openAgain: OpenAgain,
): ReadonlyMap<string, VerifiedServer> {
  const servers = new Map<string, VerifiedServer>();
  for (const [digest, remembered] of Object.entries(memory.servers)) {
    const server = serverOf(remembered, body, grounds, openAgain);
    if (!server || server.descriptor.digest !== digest) throw new Error('it does not hold');
    servers.set(digest, server);
  }
  return servers;
}

/** Throws when bytes do not have the digest that was signed. */
function serverOf(
  { descriptor, evidence: held, ...ranges }: RememberedServer,
  body: Buffer,
  { policy, source, opened }: Grounds,
  openAgain: OpenAgain,
): VerifiedServer | undefined {
  const evidence = evidenceOf(held, policy, descriptor);
  if (!evidence) return undefined;
  const part = ([from, to]: Range) => body.subarray(from, to);
  const bytes = part(ranges.manifest);
  verifyBytes(bytes, descriptor, source);
  const manifest = parseManifest(bytes, source);
  const layer = (type: string, range: Range) => {
    const signed = layerOf(manifest, type, source);
    if (!signed) throw new Error('it does not hold');
    verifyBytes(part(range), signed, source);
    return JSON.parse(body.toString('utf8', ...range));
  };
  const entry: ServerEntry = layer(ENTRY_LAYER, ranges.entry);
  // A memory without the tools of an artifact that has some is none of ours.
  if (!ranges.tools && layerOf(manifest, TOOLS_LAYER, source)) return undefined;
  const tools: CapturedTools | undefined = ranges.tools && layer(TOOLS_LAYER, ranges.tools);
  const { name, version } = entry;
  return {
    entry,
    ...(tools && { tools }),
    descriptor,
    evidence,
    async readLayer(type) {
      // Named by the signed manifest, so it needs no other proof than its digest.
      if (opened?.cached) {
        const { readServerLayer } = await import('../../core/catalog/read-server.ts');
        return readServerLayer(opened.cached, manifest, type);
      }
      const again = await openAgain(name, version, { version, digest: descriptor.digest });
      return again.readLayer(type);
    },
  };
}
