import { messageOf, PortolanError } from '../errors.ts';
import { asDigest, type Digest } from './digest.ts';
import type { Descriptor } from './repository.ts';

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
export const TITLE_ANNOTATION = 'org.opencontainers.image.title';
export const MAX_MANIFEST_BYTES = 4 * 2 ** 20;

/** The OCI empty descriptor: the blob `{}` (image-spec, "Guidance for an Empty Descriptor"). */
export const EMPTY_DESCRIPTOR: Descriptor = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  size: 2,
};
export const EMPTY_BLOB: Uint8Array = new TextEncoder().encode('{}');

/** OCI image manifest (image-spec, manifest.md), as used for artifacts. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** OCI image index (image-spec, image-index.md). */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly manifests: readonly Descriptor[];
}

const MAX_LAYERS = 100;
const MAX_INDEX_ENTRIES = 250_000;

/** Reads a manifest from its bytes; `where` names it in errors. Throws `malformed`. */
export function parseManifest(bytes: Uint8Array, where: string): Manifest {
  const value = parseObject(bytes, where);
  const { mediaType, layers, artifactType } = value;
  if (value.schemaVersion !== 2) throw malformed(where, 'schemaVersion is not 2');
  if (mediaType !== MANIFEST_TYPE) {
    throw malformed(where, `mediaType is ${JSON.stringify(mediaType)}, not ${MANIFEST_TYPE}`);
  }
  if (!Array.isArray(layers)) throw malformed(where, 'layers is not a list');
  if (layers.length > MAX_LAYERS) {
    throw malformed(where, `has ${layers.length} layers, more than ${MAX_LAYERS}`);
  }
  if (artifactType !== undefined && typeof artifactType !== 'string') {
    throw malformed(where, 'artifactType is not a text');
  }
  const annotations = parseAnnotations(value.annotations, where);
  return {
    schemaVersion: 2,
    mediaType,
    ...(artifactType === undefined ? {} : { artifactType }),
    config: parseDescriptor(value.config, `${where} config`),
    layers: layers.map((layer, index) => parseDescriptor(layer, `${where} layers[${index}]`)),
    ...(value.subject === undefined
      ? {}
      : { subject: parseDescriptor(value.subject, `${where} subject`) }),
    ...(annotations ? { annotations } : {}),
  };
}

/** Reads an index (of a layout, or of referrers) from its bytes. Throws `malformed`. */
export function parseIndex(
  bytes: Uint8Array,
  where: string,
  maxBytes: number = MAX_MANIFEST_BYTES,
): Index {
  const value = parseObject(bytes, where, maxBytes);
  const { manifests, mediaType } = value;
  if (value.schemaVersion !== 2) throw malformed(where, 'schemaVersion is not 2');
  if (mediaType !== undefined && mediaType !== INDEX_TYPE) {
    throw malformed(where, `mediaType is ${JSON.stringify(mediaType)}, not ${INDEX_TYPE}`);
  }
  if (!Array.isArray(manifests)) throw malformed(where, 'manifests is not a list');
  if (manifests.length > MAX_INDEX_ENTRIES) {
    throw malformed(where, `has ${manifests.length} manifests, more than ${MAX_INDEX_ENTRIES}`);
  }
  return {
    schemaVersion: 2,
    ...(mediaType === undefined ? {} : { mediaType }),
    manifests: manifests.map((item, i) => parseDescriptor(item, `${where} manifests[${i}]`)),
  };
}

/** Reads a descriptor from parsed JSON. Throws `malformed`. */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isRecord(value)) throw malformed(where, 'is not a descriptor');
  const { mediaType, size, artifactType } = value;
  if (typeof mediaType !== 'string' || mediaType.length > 255) {
    throw malformed(where, 'mediaType is not a media type');
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw malformed(where, 'size is not a number of bytes');
  }
  if (artifactType !== undefined && typeof artifactType !== 'string') {
    throw malformed(where, 'artifactType is not a text');
  }
  const digest: Digest = asDigest(value.digest, where);
  const annotations = parseAnnotations(value.annotations, where);
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations ? { annotations } : {}),
  };
}

function parseAnnotations(value: unknown, where: string): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value) || Object.values(value).some((text) => typeof text !== 'string')) {
    throw malformed(where, 'annotations is not a map of texts');
  }
  return value as Record<string, string>;
}

function parseObject(
  bytes: Uint8Array,
  where: string,
  maxBytes: number = MAX_MANIFEST_BYTES,
): Record<string, unknown> {
  if (bytes.byteLength > maxBytes) {
    throw malformed(where, `has ${bytes.byteLength} bytes, more than ${maxBytes}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw malformed(where, `is not JSON: ${messageOf(error)}`, error);
  }
  if (!isRecord(value)) throw malformed(where, 'is not a JSON object');
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(where: string, fact: string, cause?: unknown): PortolanError {
  return new PortolanError('malformed', 'MANIFEST_MALFORMED', `${where} ${fact}`, { cause });
}
