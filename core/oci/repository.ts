import type { Digest } from './digest.ts';
import type { Manifest } from './manifest.ts';

/** OCI content descriptor (image-spec, descriptor.md). `size` in bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** How far a blob has come; in bytes. */
export interface Progress {
  readonly digest: Digest;
  readonly done: number;
  readonly size: number;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Refuse more than this many bytes; each method has its own default. */
  readonly maxBytes?: number;
  /** Told about each piece of a blob that was received or sent. */
  readonly onProgress?: (progress: Progress) => void;
}

/** A manifest as it was read: its exact bytes (whose digest was recomputed) and what they say. */
export interface ReadManifest {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly bytes: Uint8Array;
}

/**
 * One OCI repository: a registry's (`oci://host/name`), or a layout on disk (`oci-layout:PATH`).
 * Everything read is checked against its digest and size; nothing that a server says is believed.
 *
 * All methods throw PortolanError: `unreachable` when the other side does not answer or lacks the
 * content (code `NOT_FOUND`), `unverified` on a digest or size that does not hold, `malformed` on
 * shapes that are not OCI's, `forbidden` on refused credentials.
 */
export interface Repository {
  /** As the user would write it, for messages: `oci://ghcr.io/a/b` or `oci-layout:dist/catalog`. */
  readonly name: string;
  /** The descriptor that a tag points to; undefined when there is no such tag. */
  resolveTag(tag: string, options?: ReadOptions): Promise<Descriptor | undefined>;
  /** At most 4 MiB unless told otherwise. */
  readManifest(digest: Digest, options?: ReadOptions): Promise<ReadManifest>;
  /** A whole blob in memory; at most 64 MiB unless told otherwise. */
  readBlob(descriptor: Descriptor, options?: ReadOptions): Promise<Uint8Array>;
  /** A blob piece by piece; throws at the end when the digest does not hold. */
  streamBlob(descriptor: Descriptor, options?: ReadOptions): AsyncIterable<Uint8Array>;
  hasBlob(digest: Digest, options?: ReadOptions): Promise<boolean>;
  /** Stores a blob unless it is there. */
  putBlob(
    descriptor: Descriptor,
    content: Uint8Array | (() => AsyncIterable<Uint8Array>),
    options?: ReadOptions,
  ): Promise<void>;
  /**
   * Stores a manifest by digest. When it has a `subject`, it becomes one of that manifest's
   * referrers, also where the registry lacks the referrers API (fallback tag).
   */
  putManifest(bytes: Uint8Array, options?: ReadOptions): Promise<Descriptor>;
  /** Points a tag to a stored manifest. */
  putTag(tag: string, descriptor: Descriptor, options?: ReadOptions): Promise<void>;
  /** Manifests whose `subject` is the given one; at most 1,000. */
  referrers(digest: Digest, options?: ReadOptions): Promise<readonly Descriptor[]>;
  tags(options?: ReadOptions): Promise<readonly string[]>;
  /** Where it is there: runs `work` and makes its changes visible together, at its end. */
  batch?<T>(work: () => Promise<T>): Promise<T>;
}
