import { readFileSync } from 'node:fs';
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
import { asDigest, hexOf, verifyBytes } from '../../core/oci/digest.ts';
import { openLayout } from '../../core/oci/layout.ts';
import { parseManifest } from '../../core/oci/manifest.ts';
import {
  CATALOG_LAYER,
  ENTRY_LAYER,
  ICON_LAYER,
  LOCK_LAYER,
  README_LAYER,
  SBOM_LAYER,
  TOOLS_LAYER,
} from '../../core/oci/media-types.ts';
import type { Descriptor, Repository } from '../../core/oci/repository.ts';
import { BUNDLE_TYPE_PREFIX } from '../../core/trust/bundle.ts';
import { readSignature, type Signature, signatureOf } from './signature.ts';

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
  /** Digest of the layer with the software bill of materials. */
  readonly sbom?: string;
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
  /** Downloads of a week by server, where the registry has collected them. */
  readonly downloads: Readonly<Record<string, number>>;
  readonly reader: ReaderSource;
  /** Forgets the catalog and where it is stored, which of very many servers fill the memory. */
  release?(): void;
  readVersion(server: CatalogServer, version: CatalogVersion): PublishedVersion;
  /** The manifest that holds the signature of an artifact, by its digest. */
  signatureOf(digest: string): Promise<string | undefined>;
}

/** Reads servers; opened by each thread of a build for itself. */
export interface Reader {
  readVersion(server: CatalogServer, version: CatalogVersion): PublishedVersion;
  readSignature(manifest: string | undefined): Signature;
}

/** A module with `openReader(argument): Reader`, for threads. */
export interface ReaderSource {
  readonly module: string;
  readonly argument: unknown;
}

interface LayoutReader {
  readonly layout: string;
  /** True for a catalog that a development key signed. */
  readonly development: boolean;
}

/** Opens the reader of an OCI image layout. */
export function openReader(argument: unknown): Reader {
  const { layout, development } = argument as LayoutReader;
  return {
    readVersion: (server, version) => readVersion(layout, server, version),
    readSignature(digest) {
      if (!digest) return { kind: 'none' };
      const where = `signature ${digest}`;
      const manifest = parseManifest(
        readBlob(layout, { digest: asDigest(digest, where) }, where),
        where,
      );
      const [layer] = manifest.layers;
      return layer ? signatureOf(readBlob(layout, layer, where), development) : { kind: 'none' };
    },
  };
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
  let kept: { readonly catalog: PublishedCatalog; readonly repository: Repository } | undefined = {
    catalog,
    repository,
  };
  const held = () => {
    if (!kept) throw new TypeError('the catalog was released');
    return kept;
  };
  return {
    get catalog() {
      return held().catalog;
    },
    release() {
      kept = undefined;
    },
    config,
    ...(config.theme?.logo
      ? { logo: await readFile(join(registry, config.theme.logo), 'utf8') }
      : {}),
    digest: tag.digest,
    downloads: await readPopularity(registry),
    signature: await readSignature(repository, tag.digest, catalog.development === true),
    reader: {
      module: import.meta.url,
      argument: { layout, development: catalog.development === true } satisfies LayoutReader,
    },
    readVersion: (server, version) => readVersion(layout, server, version),
    async signatureOf(digest) {
      const found = await held().repository.referrers(asDigest(digest, layout));
      return found.find(({ artifactType }) => artifactType?.startsWith(BUNDLE_TYPE_PREFIX))?.digest;
    },
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

/**
 * Reads registry/popularity.json, which is optional: `{"downloads": {NAME: NUMBER}}`. It is not
 * signed, so it only sorts. Throws `malformed`.
 */
export async function readPopularity(registry: string): Promise<Readonly<Record<string, number>>> {
  const path = join(registry, 'popularity.json');
  const text = await readFile(path, 'utf8').catch(() => '{"downloads":{}}');
  let value: { readonly downloads?: unknown } | undefined;
  try {
    value = JSON.parse(text);
  } catch {
    // Said below.
  }
  const downloads = value?.downloads;
  if (
    typeof downloads === 'object' &&
    downloads !== null &&
    Object.values(downloads).every((count) => Number.isSafeInteger(count) && count >= 0)
  ) {
    return downloads as Record<string, number>;
  }
  throw new PortolanError(
    'malformed',
    'CONFIG_MALFORMED',
    `${path}: downloads is not an object with a whole number for each server; write {"downloads": {"NAME": 123}}, or remove the file`,
  );
}

function readVersion(
  layout: string,
  server: CatalogServer,
  version: CatalogVersion,
): PublishedVersion {
  const where = `${server.name} ${version.version}`;
  const digest = asDigest(version.digest, where);
  const manifest = parseManifest(readBlob(layout, { digest, size: version.size }, where), where);
  const layers = new Map(manifest.layers.map((layer) => [layer.mediaType, layer]));
  const read = (mediaType: string) => {
    const layer = layers.get(mediaType);
    return layer && readBlob(layout, layer, where);
  };
  const text = (mediaType: string) => {
    const bytes = read(mediaType);
    return bytes && Buffer.from(bytes).toString('utf8');
  };
  const entry = read(ENTRY_LAYER);
  if (!entry) {
    throw new PortolanError(
      'malformed',
      'ENTRY_MALFORMED',
      `${where}: its artifact ${digest} has no layer ${ENTRY_LAYER}; publish it again`,
    );
  }
  const tools = read(TOOLS_LAYER);
  const readme = text(README_LAYER);
  const icon = text(ICON_LAYER);
  const lock = layers.get(LOCK_LAYER);
  const sbom = layers.get(SBOM_LAYER);
  return {
    entry: parseEntry(entry, where),
    ...(tools ? { tools: parseTools(tools, `${where} tools`) } : {}),
    ...(readme ? { readme } : {}),
    ...(icon ? { icon } : {}),
    ...(lock ? { lock: lock.digest } : {}),
    ...(sbom ? { sbom: sbom.digest } : {}),
  };
}

/**
 * A blob of a layout on disk, checked against its digest. Synchronous, because ten thousand servers
 * are fifty thousand small files, and reading each through promises takes three times as long.
 */
function readBlob(
  layout: string,
  { digest, size }: Pick<Descriptor, 'digest'> & Partial<Pick<Descriptor, 'size'>>,
  where: string,
): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(join(layout, 'blobs', 'sha256', hexOf(asDigest(digest, where))));
  } catch (error) {
    throw new PortolanError(
      'unreachable',
      'NOT_FOUND',
      `${where}: oci-layout:${layout} has no content ${digest}; build the catalog again`,
      { cause: error },
    );
  }
  verifyBytes(bytes, { digest, size: size ?? bytes.byteLength }, where);
  return bytes;
}
