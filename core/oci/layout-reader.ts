import { PortolanError } from '../errors.ts';
import { collect, tooLarge } from './body.ts';
import { asDigest, type Digest, verifyBytes } from './digest.ts';
import type { LayoutIndex } from './layout-index.ts';
import { MAX_MANIFEST_BYTES, parseManifest } from './manifest.ts';
import type { Descriptor, ReadOptions, Repository } from './repository.ts';
import { cancelled } from './retry.ts';
import { hashing } from './stream.ts';

const MAX_BLOB_BYTES = 64 * 2 ** 20;
const MAX_REFERRERS = 1000;
const ABSENT = new Set(['NOT_FOUND', 'MANIFEST_MALFORMED', 'DIGEST_MALFORMED', 'TOO_LARGE']);

/** Where the bytes of a layout are: a folder or a tar. */
export interface LayoutFiles {
  readonly name: string;
  /** The index as it is now. */
  index(): Promise<LayoutIndex>;
  /** Size of a blob in bytes; undefined when it is not there. */
  sizeOf(digest: Digest): Promise<number | undefined>;
  /** The bytes of a blob that is there. */
  read(digest: Digest): AsyncIterable<Uint8Array>;
}

export type LayoutReader = Omit<Repository, 'putBlob' | 'putManifest' | 'putTag'>;

/** The reading half of a repository in an OCI image layout; everything read is checked. */
export function readLayout(files: LayoutFiles): LayoutReader {
  const { name } = files;
  const subjects = new Map<Digest, Digest | undefined>();

  async function readVerified(
    expected: { readonly digest: Digest; readonly size?: number },
    max: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    if (signal?.aborted) throw cancelled(name, signal);
    const digest = asDigest(expected.digest, name);
    const size = await files.sizeOf(digest);
    if (size === undefined) throw notFound(name, digest);
    if (size > max) throw tooLarge(`${name}: ${digest}`, max);
    const bytes = await collect(files.read(digest), max, `${name}: ${digest}`);
    verifyBytes(bytes, expected, name);
    return bytes;
  }

  async function* stream(descriptor: Descriptor, { signal, onProgress }: ReadOptions) {
    const digest = asDigest(descriptor.digest, name);
    if ((await files.sizeOf(digest)) === undefined) throw notFound(name, digest);
    let done = 0;
    for await (const piece of hashing(files.read(digest), descriptor, name)) {
      if (signal?.aborted) throw cancelled(name, signal);
      done += piece.byteLength;
      yield piece;
      onProgress?.({ digest, done, size: descriptor.size });
    }
  }

  const reader: LayoutReader = {
    name,
    async resolveTag(tag) {
      return (await files.index()).resolve(tag);
    },
    async readManifest(digest, { maxBytes = MAX_MANIFEST_BYTES, signal } = {}) {
      const bytes = await readVerified({ digest }, maxBytes, signal);
      const manifest = parseManifest(bytes, `${name} ${digest}`);
      const descriptor = { mediaType: manifest.mediaType, digest, size: bytes.byteLength };
      return { descriptor, manifest, bytes };
    },
    readBlob: (descriptor, { maxBytes = MAX_BLOB_BYTES, signal } = {}) =>
      readVerified(descriptor, maxBytes, signal),
    streamBlob: (descriptor, options = {}) => stream(descriptor, options),
    hasBlob: async (digest) => (await files.sizeOf(asDigest(digest, name))) !== undefined,
    async referrers(digest, { signal } = {}) {
      const index = await files.index();
      for (const { digest: each } of index.unlabelled()) {
        index.label(each, await subjectOf(each, signal));
      }
      return index.referrersOf(digest).slice(0, MAX_REFERRERS);
    },
    async tags() {
      return (await files.index()).tags();
    },
  };

  /** For layouts that other tools wrote: the subject is only in the manifest itself. */
  async function subjectOf(digest: Digest, signal?: AbortSignal): Promise<Digest | undefined> {
    if (!subjects.has(digest)) subjects.set(digest, await readSubject(digest, signal));
    return subjects.get(digest);
  }

  async function readSubject(digest: Digest, signal?: AbortSignal): Promise<Digest | undefined> {
    try {
      return (await reader.readManifest(digest, signal ? { signal } : {})).manifest.subject?.digest;
    } catch (error) {
      // What is no artifact, or was left out of a partial copy, belongs to nobody. What was altered
      // may be a signature: that must be heard.
      if (error instanceof PortolanError && ABSENT.has(error.code)) return undefined;
      throw error;
    }
  }

  return reader;
}

function notFound(name: string, digest: Digest): PortolanError {
  return new PortolanError('unreachable', 'NOT_FOUND', `${name} has no content ${digest}`);
}
