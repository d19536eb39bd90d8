import { createReadStream } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalBytes } from '../entry/canonical.ts';
import { hasErrno, PortolanError } from '../errors.ts';
import { writeFileAtomic } from '../files.ts';
import { asDigest, type Digest, digestOf, hexOf, verifyBytes } from './digest.ts';
import {
  INDEX_TYPE,
  type Index,
  MANIFEST_TYPE,
  MAX_MANIFEST_BYTES,
  parseIndex,
  parseManifest,
} from './manifest.ts';
import type { Descriptor, ReadManifest, ReadOptions, Repository } from './repository.ts';
import { hashing } from './stream.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';
/** Which manifest a referrer in index.json belongs to; spares reading every manifest to find out. */
const SUBJECT = 'dev.portolan.subject';
const MAX_INDEX_BYTES = 64 * 2 ** 20;
const MAX_BLOB_BYTES = 64 * 2 ** 20;
const MAX_REFERRERS = 1000;

/** A repository in an OCI image layout directory (image-spec, image-layout.md). */
export interface Layout extends Repository {
  /** Runs `work` and writes index.json once, at its end, instead of after each change. */
  batch<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Opens the layout at `folder`. With `create`, an empty one is begun by the first write; without it
 * a missing layout is `unreachable` / `NOT_FOUND`.
 */
export async function openLayout(
  folder: string,
  options: { readonly create?: boolean } = {},
): Promise<Layout> {
  const name = `oci-layout:${folder}`;
  const indexPath = join(folder, 'index.json');
  let index = await readIndex(indexPath, folder, options.create === true);
  let batching = 0;
  let dirty = false;

  const pathOf = (digest: Digest) => join(folder, 'blobs', 'sha256', hexOf(asDigest(digest, name)));

  async function changeIndex(change: (manifests: readonly Descriptor[]) => Descriptor[]) {
    index = { ...index, manifests: change(index.manifests) };
    dirty = true;
    if (batching === 0) await writeIndex();
  }

  async function writeIndex() {
    dirty = false;
    await writeFileAtomic(
      join(folder, 'oci-layout'),
      canonicalBytes({ imageLayoutVersion: '1.0.0' }),
    );
    // Sorted, so that the same content gives the same bytes whatever the order of writing was.
    const manifests = [...index.manifests].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
    await writeFileAtomic(
      indexPath,
      canonicalBytes({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests }),
    );
  }

  async function readVerified(
    descriptor: Pick<Descriptor, 'digest'> & { size?: number },
    max: number,
  ) {
    const path = pathOf(descriptor.digest);
    let size: number;
    try {
      ({ size } = await stat(path));
    } catch (error) {
      throw notFound(name, descriptor.digest, error);
    }
    if (size > max) {
      throw new PortolanError(
        'malformed',
        'TOO_LARGE',
        `${name}: ${descriptor.digest} has ${size} bytes, more than the ${max} allowed here`,
      );
    }
    const bytes = await readFile(path);
    verifyBytes(bytes, descriptor, name);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  const layout: Layout = {
    name,
    async resolveTag(tag) {
      const found = index.manifests.find((item) => item.annotations?.[REF_NAME] === tag);
      return found && withoutOurs(found);
    },
    async readManifest(
      digest,
      { maxBytes = MAX_MANIFEST_BYTES }: ReadOptions = {},
    ): Promise<ReadManifest> {
      const bytes = await readVerified({ digest }, maxBytes);
      const manifest = parseManifest(bytes, `${name} ${digest}`);
      return {
        descriptor: { mediaType: manifest.mediaType, digest, size: bytes.byteLength },
        manifest,
        bytes,
      };
    },
    readBlob: (descriptor, { maxBytes = MAX_BLOB_BYTES } = {}) =>
      readVerified(descriptor, maxBytes),
    async *streamBlob(descriptor) {
      const source = createReadStream(pathOf(descriptor.digest));
      try {
        yield* hashing(source, descriptor, name);
      } catch (error) {
        throw hasErrno(error, 'ENOENT') ? notFound(name, descriptor.digest, error) : error;
      }
    },
    async hasBlob(digest) {
      return access(pathOf(digest)).then(
        () => true,
        () => false,
      );
    },
    async putBlob(descriptor, content) {
      if (await layout.hasBlob(descriptor.digest)) return;
      if (content instanceof Uint8Array) {
        verifyBytes(content, descriptor, name);
        await writeFileAtomic(pathOf(descriptor.digest), content);
      } else {
        await writeFileAtomic(pathOf(descriptor.digest), hashing(content(), descriptor, name));
      }
    },
    async putManifest(bytes) {
      const digest = digestOf(bytes);
      const manifest = parseManifest(bytes, `manifest for ${name}`);
      await layout.putBlob({ mediaType: MANIFEST_TYPE, digest, size: bytes.byteLength }, bytes);
      const descriptor: Descriptor = { mediaType: MANIFEST_TYPE, digest, size: bytes.byteLength };
      if (!index.manifests.some((item) => item.digest === digest)) {
        const listed: Descriptor = {
          ...descriptor,
          ...(manifest.artifactType ? { artifactType: manifest.artifactType } : {}),
          ...(manifest.subject ? { annotations: { [SUBJECT]: manifest.subject.digest } } : {}),
        };
        await changeIndex((manifests) => [...manifests, listed]);
      }
      return descriptor;
    },
    async putTag(tag, descriptor) {
      await changeIndex((manifests) => {
        // A tag names one manifest, and a manifest that loses its last tag stays listed without one.
        const old = manifests.filter((item) => item.annotations?.[REF_NAME] === tag);
        const kept = manifests.filter(
          (item) =>
            item.annotations?.[REF_NAME] !== tag &&
            !(item.digest === descriptor.digest && item.annotations?.[REF_NAME] === undefined),
        );
        const orphans = old.filter(
          (item) =>
            item.digest !== descriptor.digest &&
            !kept.some((other) => other.digest === item.digest),
        );
        const listed = manifests.find((item) => item.digest === descriptor.digest) ?? descriptor;
        return [
          ...kept,
          ...orphans.map((item) => withAnnotation(item, REF_NAME, undefined)),
          withAnnotation(listed, REF_NAME, tag),
        ];
      });
    },
    async referrers(digest) {
      const found = new Map<Digest, Descriptor>();
      for (const item of index.manifests) {
        if (item.mediaType !== MANIFEST_TYPE || found.has(item.digest)) continue;
        const subject = item.annotations?.[SUBJECT] ?? (await subjectOf(item));
        if (subject !== digest) continue;
        if (found.size === MAX_REFERRERS) break;
        found.set(item.digest, withoutOurs(item));
      }
      return [...found.values()];
    },
    async tags() {
      return [
        ...new Set(index.manifests.flatMap((item) => item.annotations?.[REF_NAME] ?? [])),
      ].sort();
    },
    async batch(work) {
      batching += 1;
      try {
        return await work();
      } finally {
        batching -= 1;
        if (batching === 0 && dirty) await writeIndex();
      }
    },
  };

  const subjects = new Map<Digest, Digest | undefined>();
  /** For layouts that other tools wrote: the subject is only in the manifest itself. */
  async function subjectOf(item: Descriptor): Promise<Digest | undefined> {
    // A Portolan manifest without the annotation has no subject.
    if (item.artifactType?.startsWith('application/vnd.portolan.')) return undefined;
    if (!subjects.has(item.digest)) {
      const { manifest } = await layout.readManifest(item.digest);
      subjects.set(item.digest, manifest.subject?.digest);
    }
    return subjects.get(item.digest);
  }

  return layout;
}

async function readIndex(path: string, folder: string, create: boolean): Promise<Index> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (create && hasErrno(error, 'ENOENT')) {
      return { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [] };
    }
    throw new PortolanError(
      'unreachable',
      'NOT_FOUND',
      `oci-layout:${folder} is not an OCI image layout: index.json cannot be read; give the folder that holds index.json, or build one with \`npm run build:catalog\``,
      { cause: error },
    );
  }
  return parseIndex(bytes, path, MAX_INDEX_BYTES);
}

function sortKey(item: Descriptor): string {
  return `${item.annotations?.[REF_NAME] ?? '~'} ${item.digest}`;
}

function withAnnotation(item: Descriptor, key: string, value: string | undefined): Descriptor {
  const { annotations: old, ...rest } = item;
  const annotations = { ...old };
  if (value === undefined) delete annotations[key];
  else annotations[key] = value;
  return Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
}

function withoutOurs(item: Descriptor): Descriptor {
  return withAnnotation(withAnnotation(item, REF_NAME, undefined), SUBJECT, undefined);
}

function notFound(name: string, digest: Digest, cause: unknown): PortolanError {
  return new PortolanError('unreachable', 'NOT_FOUND', `${name} has no content ${digest}`, {
    cause,
  });
}
