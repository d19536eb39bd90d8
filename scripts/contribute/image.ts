import { PortolanError } from '../../core/errors.ts';
import { createClient, type RegistryOptions } from '../../core/oci/client.ts';
import { type Digest, digestOf, isDigest } from '../../core/oci/digest.ts';
import { parseDescriptor } from '../../core/oci/manifest.ts';
import { getManifest } from '../../core/oci/manifests.ts';
import { openRegistry } from '../../core/oci/registry.ts';

/** A container image as it is written: `HOST/NAME[:TAG][@DIGEST]`. */
export interface ImageReference {
  readonly host: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

/** What a registry says of an image. */
export interface ImageFacts {
  /** Digest of the manifest, or of the index of a multi-platform image. */
  readonly digest: Digest;
  /** `org.opencontainers.image.*` labels and annotations, with that prefix taken off. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Reads a reference; without a host it is Docker Hub's. Throws `usage` / `IMAGE_MALFORMED`. */
export function parseImage(text: string): ImageReference {
  const [named = '', digest] = text.split('@');
  const first = named.split('/')[0] ?? '';
  const hasHost = named.includes('/') && /[.:]|^localhost$/.test(first);
  const host = hasHost ? first : 'docker.io';
  const path = hasHost ? named.slice(first.length + 1) : named;
  const [, name, tag] = /^([a-z0-9._/-]+?)(?::([\w][\w.-]{0,127}))?$/.exec(path) ?? [];
  if (!name || (digest !== undefined && !isDigest(digest))) {
    throw new PortolanError(
      'usage',
      'IMAGE_MALFORMED',
      `${JSON.stringify(text)} is not an image reference; write HOST/NAME:TAG or HOST/NAME@sha256:DIGEST`,
    );
  }
  const repository = host === 'docker.io' && !name.includes('/') ? `library/${name}` : name;
  return { host, repository, tag, digest: digest as Digest | undefined };
}

/** The reference of an image as entries have it, pinned by digest. */
export function pinned({ host, repository, tag }: ImageReference, digest: Digest): string {
  return `${host}/${repository}${tag ? `:${tag}` : ''}@${digest}`;
}

/**
 * Asks the image's registry. Images use Docker's media types as well as those of OCI, and an index
 * of platforms more often than a manifest. Throws as the registry client does.
 */
export async function inspectImage(
  { host, repository, tag, digest }: ImageReference,
  options: RegistryOptions = {},
): Promise<ImageFacts> {
  const source = { kind: 'registry', host, repository } as const;
  const client = createClient(source, options);
  const top = (await getManifest(client, digest ?? tag ?? 'latest')).bytes;
  const index = parse(top);
  const child = platformOf(index);
  const manifest = child ? parse((await getManifest(client, child)).bytes) : index;
  const config = parseDescriptor(manifest.config, `${client.name} config`);
  const image = parse(await openRegistry(source, options).readBlob(config));
  const { Labels } = (image.config ?? {}) as { Labels?: Record<string, unknown> };
  return {
    digest: digestOf(top),
    labels: labelsIn({
      ...Labels,
      ...asRecord(manifest.annotations),
      ...asRecord(index.annotations),
    }),
  };
}

/** Tags of the image's repository. */
export async function imageTags(
  { host, repository }: ImageReference,
  options: RegistryOptions = {},
): Promise<readonly string[]> {
  return await openRegistry({ kind: 'registry', host, repository }, options).tags();
}

/** Digest of the manifest for linux/amd64, or of the first one that is an image. */
function platformOf(index: Record<string, unknown>): Digest | undefined {
  if (!Array.isArray(index.manifests)) return undefined;
  const items = index.manifests.map(asRecord).filter(({ digest }) => isDigest(digest));
  const isFor = (item: Record<string, unknown>, architecture: string) => {
    const platform = asRecord(item.platform);
    return platform.os === 'linux' && platform.architecture === architecture;
  };
  const found = items.find((item) => isFor(item, 'amd64')) ?? items[0];
  return found?.digest as Digest | undefined;
}

function labelsIn(all: Record<string, unknown>): Record<string, string> {
  const prefix = 'org.opencontainers.image.';
  return Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) =>
      key.startsWith(prefix) && typeof value === 'string'
        ? [[key.slice(prefix.length), value]]
        : [],
    ),
  );
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  return asRecord(JSON.parse(new TextDecoder().decode(bytes)));
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
