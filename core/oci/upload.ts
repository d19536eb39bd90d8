import { PortolanError } from '../errors.ts';
import type { Client } from './client.ts';
import { verifyBytes } from './digest.ts';
import { discard } from './follow.ts';
import type { Descriptor, ReadOptions } from './repository.ts';
import { hashing } from './stream.ts';

/**
 * Stores a blob: mounts it from another repository where the registry can, else POST for a place
 * and one PUT (distribution spec, "Pushing a blob monolithically"). The content is hashed on its
 * way, so a wrong digest ends the upload here and does not depend on the registry to notice.
 */
export async function uploadBlob(
  client: Client,
  descriptor: Descriptor,
  content: Uint8Array | (() => AsyncIterable<Uint8Array>),
  { signal, onProgress }: ReadOptions,
): Promise<void> {
  const { digest, size } = descriptor;
  if (content instanceof Uint8Array) verifyBytes(content, descriptor, client.name);
  const body =
    content instanceof Uint8Array
      ? content
      : () => counted(hashing(content(), descriptor, client.name), descriptor, onProgress);
  // A broken upload is begun anew from POST: what became of its place is not known.
  await client.retry(async () => {
    const place = await begin(client, descriptor, signal);
    if (!place) return;
    await client.once(
      {
        path: withDigest(place, digest),
        method: 'PUT',
        action: 'pull,push',
        headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': String(size) },
        body,
        accept: [200, 201, 204],
        signal,
      },
      discard,
    );
  }, signal);
  onProgress?.({ digest, done: size, size });
}

/** Asks for a place to upload to; undefined when the blob was mounted and nothing is left to do. */
function begin(
  client: Client,
  { digest }: Descriptor,
  signal: AbortSignal | undefined,
): Promise<URL | undefined> {
  const mount = client.mountFrom
    ? `?${new URLSearchParams({ mount: digest, from: client.mountFrom })}`
    : '';
  return client.once(
    {
      path: `blobs/uploads/${mount}`,
      method: 'POST',
      action: 'pull,push',
      headers: { 'Content-Length': '0' },
      accept: [201, 202],
      signal,
    },
    async (response, url) => {
      await discard(response);
      if (response.status === 201) return undefined;
      const location = response.headers.get('location');
      if (location === null || !URL.canParse(location, url)) {
        throw new PortolanError(
          'unreachable',
          'REGISTRY_ERROR',
          `${client.name}: the registry gave no usable Location for an upload; ask its owner`,
        );
      }
      const place = new URL(location, url);
      // Behind a proxy that ends TLS, registries name themselves with http: they mean this host.
      if (place.host === client.base.host) place.protocol = client.base.protocol;
      return place;
    },
  );
}

/** Adds the digest and keeps the registry's own query, byte for byte: it may be signed. */
function withDigest(place: URL, digest: string): URL {
  const url = new URL(place);
  url.search = `${place.search === '' ? '?' : `${place.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  { digest, size }: Descriptor,
  onProgress: ReadOptions['onProgress'],
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const piece of source) {
    done += piece.byteLength;
    yield piece;
    onProgress?.({ digest, done, size });
  }
}
