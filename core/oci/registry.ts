import { PortolanError } from '../errors.ts';
import { collect, readCapped, tooLarge } from './body.ts';
import { type Client, createClient, type RegistryOptions } from './client.ts';
import { asDigest, type Digest, digestOf, isDigest } from './digest.ts';
import { streamBlob } from './download.ts';
import { parseManifest } from './manifest.ts';
import { ACCEPT, getManifest, putManifest, typeOf } from './manifests.ts';
import { nextPage } from './pages.ts';
import { isTag, type RegistrySource } from './reference.ts';
import { addToFallback, readReferrers } from './referrers.ts';
import type { Descriptor, ReadOptions, Repository } from './repository.ts';
import { uploadBlob } from './upload.ts';

const MAX_BLOB_BYTES = 64 * 2 ** 20;
const MAX_TAGS = 100_000;
const RECENT = 64;
const MAX_PRESENT = 100_000;

/** A repository on a registry that speaks the OCI distribution spec 1.0 or 1.1. */
export function openRegistry(source: RegistrySource, options: RegistryOptions = {}): Repository {
  const client = createClient(source, options);
  const { name } = client;
  /** Manifests just stored: tagging one need not fetch it again. */
  const recent = new Map<Digest, { readonly mediaType: string; readonly bytes: Uint8Array }>();
  /** Blobs that this repository was seen to have, such as the empty one of every artifact. */
  const present = new Set<Digest>();
  /**
   * Uploads under way. Several artifacts may share a blob, such as the bundle of a group, and a
   * registry may lose a blob for a moment while the same one is stored again (Docker's
   * distribution does).
   */
  const uploads = new Map<Digest, Promise<void>>();

  return {
    name,
    resolveTag: (tag, options) => resolve(client, checkedTag(tag, name), options),
    async readManifest(digest, options = {}) {
      const { bytes } = await getManifest(client, asDigest(digest, name), options);
      const manifest = parseManifest(bytes, `${name} ${digest}`);
      return {
        descriptor: { mediaType: manifest.mediaType, digest, size: bytes.byteLength },
        manifest,
        bytes,
      };
    },
    async readBlob(descriptor, options = {}) {
      const { maxBytes = MAX_BLOB_BYTES } = options;
      if (descriptor.size > maxBytes) throw tooLarge(`${name}: ${descriptor.digest}`, maxBytes);
      return collect(streamBlob(client, descriptor, options), maxBytes, name);
    },
    streamBlob: (descriptor, options = {}) => streamBlob(client, descriptor, options),
    hasBlob: (digest, { signal } = {}) => hasBlob(client, digest, signal),
    async putBlob(descriptor, content, options = {}) {
      const { digest } = descriptor;
      // One that failed, or was called off by its own caller, is tried again here.
      for (let other = uploads.get(digest); other; other = uploads.get(digest)) {
        await other.catch(() => {});
      }
      if (present.has(digest)) return;
      const upload = (async () => {
        if (!(await hasBlob(client, digest, options.signal))) {
          await uploadBlob(client, descriptor, content, options);
        }
        if (present.size < MAX_PRESENT) present.add(digest);
      })();
      uploads.set(digest, upload);
      try {
        await upload;
      } finally {
        uploads.delete(digest);
      }
    },
    async putManifest(bytes, { signal } = {}) {
      const manifest = parseManifest(bytes, `manifest for ${name}`);
      const { mediaType, subject } = manifest;
      const descriptor: Descriptor = {
        mediaType,
        digest: digestOf(bytes),
        size: bytes.byteLength,
      };
      const answered = await putManifest(client, descriptor.digest, mediaType, bytes, signal);
      remember(descriptor.digest, mediaType, bytes);
      // A registry that keeps referrers itself says so with this header; others need the tag.
      if (subject && answered !== subject.digest) {
        const { artifactType = manifest.config.mediaType, annotations } = manifest;
        const listed = { ...descriptor, artifactType, ...(annotations ? { annotations } : {}) };
        await addToFallback(client, subject.digest, listed, signal);
      }
      return descriptor;
    },
    async putTag(tag, descriptor, options = {}) {
      const { mediaType, bytes } =
        recent.get(descriptor.digest) ??
        (await getManifest(client, asDigest(descriptor.digest, name), options));
      await putManifest(client, checkedTag(tag, name), mediaType, bytes, options.signal);
    },
    referrers: (digest, { signal } = {}) => readReferrers(client, asDigest(digest, name), signal),
    tags: ({ signal } = {}) => listTags(client, signal),
  };

  function remember(digest: Digest, mediaType: string, bytes: Uint8Array) {
    recent.set(digest, { mediaType, bytes });
    const oldest = recent.keys().next().value;
    if (recent.size > RECENT && oldest) recent.delete(oldest);
  }
}

/**
 * HEAD first, because registries that limit pulls count GET. Digest and size are the registry's
 * word, which is enough for a tag: whoever reads the manifest checks its bytes against them.
 */
async function resolve(
  client: Client,
  tag: string,
  options: ReadOptions = {},
): Promise<Descriptor | undefined> {
  const head = await client.ask(
    {
      path: `manifests/${tag}`,
      method: 'HEAD',
      headers: { Accept: ACCEPT },
      accept: [200, 404],
      signal: options.signal,
    },
    async (response) => response,
  );
  if (head.status === 404) return undefined;
  const digest = head.headers.get('docker-content-digest');
  const size = Number(head.headers.get('content-length') ?? Number.NaN);
  const mediaType = typeOf(head);
  if (isDigest(digest) && Number.isSafeInteger(size) && mediaType) {
    return { mediaType, digest, size };
  }
  const got = await getManifest(client, tag, options);
  return { mediaType: got.mediaType, digest: digestOf(got.bytes), size: got.bytes.byteLength };
}

function hasBlob(client: Client, digest: Digest, signal?: AbortSignal): Promise<boolean> {
  return client.ask(
    {
      path: `blobs/${asDigest(digest, client.name)}`,
      method: 'HEAD',
      accept: [200, 404],
      signal,
    },
    async ({ status }) => status === 200,
  );
}

async function listTags(client: Client, signal?: AbortSignal): Promise<readonly string[]> {
  const all = new Set<string>();
  let page: string | URL | undefined = 'tags/list?n=1000';
  while (page) {
    const path: string | URL = page;
    page = await client.ask({ path, accept: [200, 404], signal }, async (response, url) => {
      if (response.status === 404) return undefined;
      const bytes = await readCapped(response, 16 * 2 ** 20, `${client.name} tags`);
      const before = all.size;
      for (const tag of parseTags(bytes, client.name)) all.add(tag);
      // A page that brings nothing new ends the list, so a registry cannot keep us going.
      return all.size > before && all.size < MAX_TAGS ? nextPage(response, url) : undefined;
    });
  }
  return [...all].sort();
}

function parseTags(bytes: Uint8Array, name: string): string[] {
  let tags: unknown;
  try {
    ({ tags } = JSON.parse(new TextDecoder().decode(bytes)) as { tags?: unknown });
  } catch (error) {
    throw new PortolanError(
      'malformed',
      'TAGS_MALFORMED',
      `${name}: the list of tags is not JSON`,
      {
        cause: error,
      },
    );
  }
  // `null` is how Go writes an empty list.
  return Array.isArray(tags)
    ? tags.filter((tag): tag is string => typeof tag === 'string' && isTag(tag))
    : [];
}

function checkedTag(tag: string, name: string): string {
  if (isTag(tag)) return tag;
  throw new PortolanError(
    'malformed',
    'TAG_MALFORMED',
    `${name}: ${JSON.stringify(tag)} is not a tag; use up to 128 letters, digits, _ . -`,
  );
}
