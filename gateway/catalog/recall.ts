import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import type { CapturedTools, ServerEntry } from '../../core/entry/types.generated.ts';
import { layerOf } from '../../core/oci/artifact.ts';
import { verifyBytes } from '../../core/oci/digest.ts';
import { parseManifest } from '../../core/oci/manifest.ts';
import { ENTRY_LAYER, TOOLS_LAYER } from '../../core/oci/media-types.ts';
import type { TrustPolicy } from '../../core/trust/verify.ts';
import { findVersion } from './find-version.ts';
import type { ListedCatalog } from './open-catalog.ts';
import {
  circumstancesOf,
  evidenceOf,
  memoryFile,
  type Range,
  type RememberedServer,
  readMemory,
  type StartMemory,
  wantedServer,
  wantedText,
} from './start-memory.ts';
import { acceptCatalog } from './state.ts';

/**
 * The catalog as an earlier start with the same servers verified it, when nothing changed since:
 * index.json of the layout, the trusted signers and root, and the schemas. Content is hashed again;
 * only the arithmetic of signatures, the schemas and the catalog's own lines are taken from memory.
 * Undefined when there is no such start, or anything of it does not hold.
 *
 * Throws what acceptCatalog throws.
 */
export async function recallCatalog(
  source: string,
  policy: TrustPolicy,
  wanted: readonly string[],
  { stateDir }: { readonly stateDir: string },
): Promise<ListedCatalog | undefined> {
  const now = circumstancesOf(source, policy);
  if (!now) return undefined;
  const read = readMemory(memoryFile(stateDir, source, wanted));
  if (!read || JSON.stringify(read.memory.circumstances) !== JSON.stringify(now)) return undefined;
  const { memory, body } = read;
  // What the memory does not hold is read as a start without memory does: the layout may be another
  // one by now, so its catalog must be accepted like any other.
  const openAgain: OpenAgain = async (name, version, locked) => {
    const { openCatalog } = await import('./open-catalog.ts');
    // Nothing of a folder is copied to a cache.
    const catalog = await openCatalog(source, policy, { stateDir, cacheDir: stateDir });
    return catalog.server(name, version, locked);
  };
  let servers: ReadonlyMap<string, VerifiedServer>;
  try {
    if (!evidenceOf(memory.evidence, policy, memory.descriptor)) return undefined;
    servers = serversOf(memory, body, { policy, source }, openAgain);
  } catch {
    return undefined;
  }
  const catalog = { ...memory.catalog, servers: [...memory.lines] };
  const byName = new Map(catalog.servers.map((server) => [server.name, server]));
  // Only as it was asked for then: a lock holds an old version that the catalog alone would refuse.
  const recalled = new Map<string, VerifiedServer>();
  for (const text of wanted) {
    const { name, version, locked } = wantedServer(text);
    if (!locked && !byName.has(name)) return undefined;
    const { digest } = locked ?? findVersion(byName, name, version, source);
    const server = servers.get(digest);
    if (server?.entry.name !== name) return undefined;
    if (version !== undefined && server.entry.version !== version) return undefined;
    recalled.set(text, server);
  }
  await acceptCatalog(stateDir, source, { catalog, descriptor: memory.descriptor });
  return {
    source,
    catalog,
    descriptor: memory.descriptor,
    async server(name, version, locked) {
      const known = recalled.get(wantedText({ name, version, locked }));
      return known ?? openAgain(name, version, locked);
    },
  };
}

/** Gives a server as a catalog does that was just opened. */
type OpenAgain = ListedCatalog['server'];

function serversOf(
  memory: StartMemory,
  body: Buffer,
  { policy, source }: { readonly policy: TrustPolicy; readonly source: string },
  openAgain: OpenAgain,
): ReadonlyMap<string, VerifiedServer> {
  const servers = new Map<string, VerifiedServer>();
  for (const [digest, remembered] of Object.entries(memory.servers)) {
    const server = serverOf(remembered, body, policy, source);
    if (!server || server.descriptor.digest !== digest) throw new Error('it does not hold');
    const { name, version } = server.entry;
    servers.set(digest, {
      ...server,
      readLayer: async (type) =>
        (await openAgain(name, version, { version, digest })).readLayer(type),
    });
  }
  return servers;
}

/** Throws when bytes do not have the digest that was signed. */
function serverOf(
  { descriptor, evidence: held, ...ranges }: RememberedServer,
  body: Buffer,
  policy: TrustPolicy,
  source: string,
): Omit<VerifiedServer, 'readLayer'> | undefined {
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
  return {
    entry,
    ...(tools && { tools }),
    descriptor,
    evidence,
  };
}
