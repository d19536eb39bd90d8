import { packArtifact, putArtifact } from '../../core/oci/artifact.ts';
import { digestOf } from '../../core/oci/digest.ts';
import { EMPTY_BLOB, EMPTY_DESCRIPTOR, MANIFEST_TYPE } from '../../core/oci/manifest.ts';
import type { Descriptor, Repository } from '../../core/oci/repository.ts';

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export function descriptorOf(
  bytes: Uint8Array,
  mediaType = 'application/octet-stream',
): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

/** Stores an artifact of one text file and tags it. */
export async function storeText(
  repository: Repository,
  tag: string,
  text: string,
): Promise<Descriptor> {
  const artifact = packArtifact('application/vnd.example.note', [
    { title: 'note.txt', mediaType: 'text/plain', bytes: bytesOf(text) },
  ]);
  const descriptor = await putArtifact(repository, artifact);
  await repository.putTag(tag, descriptor);
  return descriptor;
}

/** Attaches an artifact of one text to a subject, as signatures are attached. */
export async function attachText(
  repository: Repository,
  subject: Descriptor,
  text: string,
): Promise<Descriptor> {
  const bytes = bytesOf(text);
  const layer = descriptorOf(bytes, 'text/plain');
  await repository.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB);
  await repository.putBlob(layer, bytes);
  const { mediaType, digest, size } = subject;
  return repository.putManifest(
    bytesOf(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST_TYPE,
        artifactType: 'application/vnd.example.remark',
        config: EMPTY_DESCRIPTOR,
        layers: [{ ...layer, annotations: { 'org.opencontainers.image.title': 'remark.txt' } }],
        subject: { mediaType, digest, size },
        annotations: { 'org.example.text': text },
      }),
    ),
  );
}
