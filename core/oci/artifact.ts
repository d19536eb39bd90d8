import { canonicalBytes } from '../entry/canonical.ts';
import { PortolanError } from '../errors.ts';
import { type Digest, digestOf } from './digest.ts';
import {
  EMPTY_BLOB,
  EMPTY_DESCRIPTOR,
  MANIFEST_TYPE,
  type Manifest,
  TITLE_ANNOTATION,
} from './manifest.ts';
import type { Descriptor, ReadOptions, Repository } from './repository.ts';

/** One file of an artifact. */
export interface ArtifactFile {
  readonly title: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** A file whose digest was computed. */
export interface PackedFile extends ArtifactFile {
  readonly digest: Digest;
}

/** An artifact ready to be stored: its manifest's bytes and the blobs that they name. */
export interface Artifact {
  readonly descriptor: Descriptor;
  readonly manifest: Uint8Array;
  readonly files: readonly PackedFile[];
}

/**
 * Packs files into an OCI artifact (image-spec, "Guidelines for Artifact Usage"), with titles as
 * ORAS has them. No dates and no compression: equal files give equal bytes.
 */
export function packArtifact(
  artifactType: string,
  files: readonly ArtifactFile[],
  annotations: Readonly<Record<string, string>> = {},
): Artifact {
  const packed = files.map((file): PackedFile => ({ ...file, digest: digestOf(file.bytes) }));
  const manifest = canonicalBytes({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    artifactType,
    config: EMPTY_DESCRIPTOR,
    layers: packed.map(({ title, mediaType, bytes, digest }) => ({
      mediaType,
      digest,
      size: bytes.byteLength,
      annotations: { [TITLE_ANNOTATION]: title },
    })),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  });
  return {
    descriptor: {
      mediaType: MANIFEST_TYPE,
      artifactType,
      digest: digestOf(manifest),
      size: manifest.byteLength,
    },
    manifest,
    files: packed,
  };
}

/** Stores an artifact: blobs first, so that its manifest never names what is not there. */
export async function putArtifact(
  repository: Repository,
  artifact: Artifact,
  options: ReadOptions = {},
): Promise<Descriptor> {
  await putFiles(repository, artifact, options);
  return repository.putManifest(artifact.manifest, options);
}

/** Stores what the manifest of an artifact names. */
export async function putFiles(
  repository: Repository,
  { files }: Artifact,
  options: ReadOptions = {},
): Promise<void> {
  await repository.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, options);
  for (const { mediaType, bytes, digest } of files) {
    const descriptor = { mediaType, digest, size: bytes.byteLength };
    await repository.putBlob(descriptor, bytes, options);
  }
}

/**
 * The one layer of a media type. Throws `malformed` / `MANIFEST_MALFORMED` when there are several:
 * two entries in one artifact would let each reader see another one.
 */
export function layerOf(
  manifest: Manifest,
  mediaType: string,
  where: string,
): Descriptor | undefined {
  const layers = manifest.layers.filter((layer) => layer.mediaType === mediaType);
  if (layers.length > 1) {
    throw new PortolanError(
      'malformed',
      'MANIFEST_MALFORMED',
      `${where} has ${layers.length} layers of type ${mediaType}, where one is meant`,
    );
  }
  return layers[0];
}
