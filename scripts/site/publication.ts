import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { parseCatalog, parseEntry, parseTools } from '../../core/entry/parse.ts';
import { validatorOf } from '../../core/entry/schema.ts';
import type {
  CapturedTools,
  CatalogConfig,
  CatalogServer,
  CatalogVersion,
  PublishedCatalog,
  ServerEntry,
} from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { asDigest } from '../../core/oci/digest.ts';
import { openLayout } from '../../core/oci/layout.ts';
import {
  CATALOG_LAYER,
  ENTRY_LAYER,
  ICON_LAYER,
  LOCK_LAYER,
  README_LAYER,
  TOOLS_LAYER,
} from '../../core/oci/media-types.ts';
import type { Repository } from '../../core/oci/repository.ts';
import { readSignature, type Signature } from './signature.ts';

/** What one version of a server consists of, as its signed artifact holds it. */
export interface PublishedVersion {
  readonly entry: ServerEntry;
  readonly tools?: CapturedTools;
  /** Markdown of a stranger. */
  readonly readme?: string;
  /** SVG of a stranger. */
  readonly icon?: string;
  /** Digest of the layer with package-lock.json. */
  readonly lock?: string;
}

/**
 * A signed catalog, as the site reads it. Servers are read one by one, when they are needed: ten
 * thousand of them with all their tools do not fit into memory comfortably.
 */
export interface Publication {
  readonly catalog: PublishedCatalog;
  readonly config: CatalogConfig;
  /** Text of the logo that the configuration names. */
  readonly logo?: string;
  /** Digest of the catalog artifact. */
  readonly digest: string;
  readonly signature: Signature;
  readVersion(server: CatalogServer, version: CatalogVersion): Promise<PublishedVersion>;
}

/**
 * Opens the publication in an OCI image layout. `registry` is the folder with catalog.yaml.
 * Throws `unreachable` without a catalog there, `malformed` or `unverified` when its bytes are wrong.
 */
export async function readPublication(layout: string, registry: string): Promise<Publication> {
  const repository = await openLayout(layout);
  const tag = await repository.resolveTag('catalog');
  if (!tag) {
    throw new PortolanError(
      'unreachable',
      'NOT_FOUND',
      `oci-layout:${layout} has no tag "catalog"; build the catalog with \`npm run build:catalog\``,
    );
  }
  const { manifest } = await repository.readManifest(tag.digest);
  const layer = manifest.layers.find(({ mediaType }) => mediaType === CATALOG_LAYER);
  if (!layer) {
    throw new PortolanError(
      'malformed',
      'CATALOG_MALFORMED',
      `oci-layout:${layout}: the artifact with the tag "catalog" has no layer ${CATALOG_LAYER}; build it again`,
    );
  }
  const bytes = await repository.readBlob(layer, { maxBytes: 512 * 2 ** 20 });
  const catalog = parseCatalog(bytes, `catalog of oci-layout:${layout}`);
  const config = await readConfig(registry);
  return {
    catalog,
    config,
    ...(config.theme?.logo
      ? { logo: await readFile(join(registry, config.theme.logo), 'utf8') }
      : {}),
    digest: tag.digest,
    signature: await readSignature(repository, tag.digest, catalog.development === true),
    readVersion: (server, version) => readVersion(repository, server, version),
  };
}

/** Reads registry/catalog.yaml. Throws `malformed`. */
export async function readConfig(registry: string): Promise<CatalogConfig> {
  const path = join(registry, 'catalog.yaml');
  const value: unknown = load(await readFile(path, 'utf8'));
  const validate = validatorOf('catalog-config');
  if (validate(value)) return value;
  const [first] = validate.errors ?? [];
  throw new PortolanError(
    'malformed',
    'CONFIG_MALFORMED',
    `${path}: ${first?.instancePath || '/'} ${first?.message}; see schemas/catalog-config.schema.json`,
  );
}

async function readVersion(
  repository: Repository,
  server: CatalogServer,
  version: CatalogVersion,
): Promise<PublishedVersion> {
  const where = `${server.name} ${version.version}`;
  const { manifest } = await repository.readManifest(asDigest(version.digest, where));
  const text = async (mediaType: string) => {
    const layer = manifest.layers.find((item) => item.mediaType === mediaType);
    return layer && (await repository.readBlob(layer));
  };
  const [entry, tools, readme, icon] = await Promise.all(
    [ENTRY_LAYER, TOOLS_LAYER, README_LAYER, ICON_LAYER].map(text),
  );
  if (!entry) {
    throw new PortolanError(
      'malformed',
      'ENTRY_MALFORMED',
      `${where}: its artifact ${version.digest} has no layer ${ENTRY_LAYER}; publish it again`,
    );
  }
  const lock = manifest.layers.find((item) => item.mediaType === LOCK_LAYER);
  return {
    entry: parseEntry(entry, where),
    ...(tools ? { tools: parseTools(tools, `${where} tools`) } : {}),
    ...(readme ? { readme: Buffer.from(readme).toString('utf8') } : {}),
    ...(icon ? { icon: Buffer.from(icon).toString('utf8') } : {}),
    ...(lock ? { lock: lock.digest } : {}),
  };
}
