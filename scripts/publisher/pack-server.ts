import { canonicalBytes } from '../../core/entry/canonical.ts';
import type {
  CapturedTools,
  CatalogSummary,
  ServerEntry,
} from '../../core/entry/types.generated.ts';
import { type Artifact, type ArtifactFile, packArtifact } from '../../core/oci/artifact.ts';
import {
  ENTRY_LAYER,
  ICON_LAYER,
  LOCK_LAYER,
  README_LAYER,
  SBOM_LAYER,
  SERVER_ARTIFACT,
  TOOLS_LAYER,
} from '../../core/oci/media-types.ts';
import type { ValidServer } from '../registry/load.ts';
import { sbomOf } from './sbom.ts';

/** A server ready to be published. */
export interface PackedServer {
  readonly name: string;
  readonly entry: ServerEntry;
  readonly tools?: CapturedTools;
  readonly artifact: Artifact;
  readonly summary: CatalogSummary;
}

/**
 * Packs a server's files into its artifact. JSON becomes canonical; the lockfile, readme and icon
 * stay as they are, byte for byte. An npm server gets a bill of materials.
 */
export function packServer(server: ValidServer): PackedServer {
  const { entry, tools, lock, readme, icon } = server;
  const files: ArtifactFile[] = [
    { title: 'entry.json', mediaType: ENTRY_LAYER, bytes: canonicalBytes(entry) },
  ];
  if (tools?.captured) {
    files.push({
      title: 'tools.json',
      mediaType: TOOLS_LAYER,
      bytes: canonicalBytes(tools.captured),
    });
  }
  if (lock) {
    files.push({ title: 'package-lock.json', mediaType: LOCK_LAYER, bytes: lock.bytes });
    files.push({
      title: 'sbom.cdx.json',
      mediaType: SBOM_LAYER,
      bytes: sbomOf(entry, lock.bytes),
    });
  }
  if (readme) files.push({ title: 'readme.md', mediaType: README_LAYER, bytes: readme.bytes });
  if (icon) files.push({ title: 'icon.svg', mediaType: ICON_LAYER, bytes: icon.bytes });
  return {
    name: entry.name,
    entry,
    ...(tools?.captured ? { tools: tools.captured } : {}),
    artifact: packArtifact(SERVER_ARTIFACT, files, {
      'org.opencontainers.image.title': entry.name,
      'org.opencontainers.image.version': entry.version,
      'org.opencontainers.image.licenses': entry.license,
    }),
    summary: summaryOf(
      entry,
      (tools?.captured?.tools ?? []).map(({ name }) => name),
    ),
  };
}

/** What the catalog says of a server without its artifact being read. */
export function summaryOf(entry: ServerEntry, tools: readonly string[]): CatalogSummary {
  const required = (entry.secrets ?? []).filter((secret) => secret.required !== false).length;
  const oauth = entry.remote?.oauth;
  return {
    title: entry.title,
    description: entry.description,
    kind: entry.container ? 'container' : entry.npm ? 'npm' : 'remote',
    categories: entry.categories,
    tags: entry.tags ?? [],
    license: entry.license,
    publisher: entry.publisher.name,
    ...(entry.publisher.verified ? { publisherVerified: entry.publisher.verified } : {}),
    tools: [...tools],
    ...(entry.tools === 'static' ? {} : { dynamicTools: true }),
    network: networkOf(entry),
    signIn: oauth && oauth.required !== false ? 'oauth' : required > 0 ? 'secret' : 'none',
    secrets: required,
    ...(entry.status?.replacement ? { replacement: entry.status.replacement } : {}),
  };
}

function networkOf(entry: ServerEntry): CatalogSummary['network'] {
  const network = entry.permissions?.network;
  if (network === undefined) return 'remote';
  if (network === 'none') return 'none';
  return network.allow.some((rule) => rule.startsWith('*:')) ? 'any' : 'hosts';
}
