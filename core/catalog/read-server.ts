import { parseEntry, parseTools } from '../entry/parse.ts';
import type { CapturedTools, CatalogVersion, ServerEntry } from '../entry/types.generated.ts';
import { PortolanError } from '../errors.ts';
import { layerOf } from '../oci/artifact.ts';
import { asDigest } from '../oci/digest.ts';
import type { Manifest } from '../oci/manifest.ts';
import {
  ENTRY_LAYER,
  ICON_LAYER,
  LOCK_LAYER,
  README_LAYER,
  SERVER_ARTIFACT,
  TOOLS_LAYER,
} from '../oci/media-types.ts';
import type { Descriptor, Repository } from '../oci/repository.ts';
import { type Evidence, type TrustPolicy, verifyAttached } from '../trust/verify.ts';

/** The most bytes that a layer of each type may have. */
const MAX_BYTES = {
  [ENTRY_LAYER]: 2 ** 20,
  [TOOLS_LAYER]: 8 * 2 ** 20,
  [LOCK_LAYER]: 16 * 2 ** 20,
  [README_LAYER]: 2 ** 20,
  [ICON_LAYER]: 2 ** 18,
} as const;

type LayerType = keyof typeof MAX_BYTES;

/** A server of the catalog whose artifact and signature held. */
export interface VerifiedServer {
  readonly entry: ServerEntry;
  /** Absent for servers whose tools are listed live. */
  readonly tools?: CapturedTools;
  readonly descriptor: Descriptor;
  readonly evidence: Evidence;
  /** Another layer's bytes; undefined when the artifact has none of that type. */
  readLayer(
    type: typeof LOCK_LAYER | typeof README_LAYER | typeof ICON_LAYER,
  ): Promise<Uint8Array | undefined>;
}

/**
 * Reads and verifies one version of a server that a verified catalog lists.
 *
 * Throws `unverified` / `ENTRY_MISMATCH` when the artifact holds another server or version than the
 * catalog says, and all that verifyAttached, the repository and the parsers throw.
 */
export async function readServer(
  repository: Repository,
  name: string,
  listed: Pick<CatalogVersion, 'version' | 'digest'>,
  policy: TrustPolicy,
): Promise<VerifiedServer> {
  const where = `${repository.name} ${name} ${listed.version}`;
  const { manifest, descriptor } = await repository.readManifest(asDigest(listed.digest, where));
  if (manifest.artifactType !== SERVER_ARTIFACT) {
    throw new PortolanError(
      'unverified',
      'ENTRY_MISMATCH',
      `${where} is of type ${manifest.artifactType}, not ${SERVER_ARTIFACT}`,
    );
  }
  const evidence = await verifyAttached(repository, descriptor, policy);
  const readLayer = (type: LayerType) => readServerLayer(repository, manifest, type);
  const entryBytes = await readLayer(ENTRY_LAYER);
  if (!entryBytes) {
    throw new PortolanError('malformed', 'ENTRY_MALFORMED', `${where} has no entry layer`);
  }
  const entry = parseEntry(entryBytes, where);
  // Threat: a valid, signed artifact of another server or of an older version under this name.
  if (entry.name !== name || entry.version !== listed.version) {
    throw new PortolanError(
      'unverified',
      'ENTRY_MISMATCH',
      `${where}: the artifact holds ${entry.name} ${entry.version}; the catalog was put together wrongly or altered, do not use it`,
    );
  }
  const toolsBytes = await readLayer(TOOLS_LAYER);
  return {
    entry,
    ...(toolsBytes ? { tools: parseTools(toolsBytes, `${where} tools.json`) } : {}),
    descriptor,
    evidence,
    readLayer,
  };
}

/** A layer of an artifact of a server; undefined when it has none of that type. */
export async function readServerLayer(
  repository: Repository,
  manifest: Manifest,
  type: LayerType,
): Promise<Uint8Array | undefined> {
  const layer = layerOf(manifest, type, repository.name);
  return layer && repository.readBlob(layer, { maxBytes: MAX_BYTES[type] });
}
