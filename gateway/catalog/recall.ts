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
  let servers: ReadonlyMap<string, VerifiedServer>;
  try {
    if (!evidenceOf(memory.evidence, policy, memory.descriptor)) return undefined;
    servers = serversOf(memory, body, policy, source);
  } catch {
    return undefined;
  }
  const catalog = { ...memory.catalog, servers: [...memory.lines] };
  const byName = new Map(catalog.servers.map((server) => [server.name, server]));
  const recalled = (name: string, version: string | undefined) => {
    const server = byName.has(name)
      ? servers.get(findVersion(byName, name, version, source).digest)
      : undefined;
    return server?.entry.name === name ? server : undefined;
  };
  for (const text of wanted) {
    const [name = '', version] = text.split('@');
    if (!recalled(name, version)) return undefined;
  }
  await acceptCatalog(stateDir, source, { catalog, descriptor: memory.descriptor });
  return {
    source,
    catalog,
    descriptor: memory.descriptor,
    async server(name, version, locked) {
      const known = locked ? undefined : recalled(name, version);
      return known ?? openAgain(source, policy, name, locked?.version ?? version, locked);
    },
  };
}

function serversOf(
  memory: StartMemory,
  body: Buffer,
  policy: TrustPolicy,
  source: string,
): ReadonlyMap<string, VerifiedServer> {
  const servers = new Map<string, VerifiedServer>();
  for (const [digest, remembered] of Object.entries(memory.servers)) {
    const server = serverOf(remembered, body, policy, source);
    if (!server || server.descriptor.digest !== digest) throw new Error('it does not hold');
    servers.set(digest, server);
  }
  return servers;
}

/** Throws when bytes do not have the digest that was signed. */
function serverOf(
  { descriptor, evidence: held, ...ranges }: RememberedServer,
  body: Buffer,
  policy: TrustPolicy,
  source: string,
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
  return {
    entry,
    ...(tools && { tools }),
    descriptor,
    evidence,
    readLayer: async (type) =>
      (await openAgain(source, policy, entry.name, entry.version, descriptor)).readLayer(type),
  };
}

/** Reads and verifies a server as a start without memory does. */
async function openAgain(
  source: string,
  policy: TrustPolicy,
  name: string,
  version: string | undefined,
  listed?: { readonly digest: string },
): Promise<VerifiedServer> {
  const [{ openRepository }, { readCatalog }, { readServer }] = await Promise.all([
    import('../../core/oci/open.ts'),
    import('../../core/catalog/read-catalog.ts'),
    import('../../core/catalog/read-server.ts'),
  ]);
  const repository = await openRepository(source);
  if (listed && version) {
    return readServer(repository, name, { version, digest: listed.digest }, policy);
  }
  const { catalog } = await readCatalog(repository, policy);
  const byName = new Map(catalog.servers.map((server) => [server.name, server]));
  return readServer(repository, name, findVersion(byName, name, version, source), policy);
}
