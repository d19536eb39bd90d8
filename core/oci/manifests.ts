import { readCapped } from './body.ts';
import type { Client } from './client.ts';
import { isDigest, verifyBytes } from './digest.ts';
import { discard } from './follow.ts';
import { INDEX_TYPE, MANIFEST_TYPE, MAX_MANIFEST_BYTES } from './manifest.ts';
import type { ReadOptions } from './repository.ts';
import type { HttpResponse } from './transport.ts';

/** Docker's own types are accepted so that what is found can be named in the error. */
export const ACCEPT = [
  MANIFEST_TYPE,
  INDEX_TYPE,
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

/** Stores a manifest under a tag or a digest; gives what the registry says in `OCI-Subject`. */
export function putManifest(
  client: Client,
  reference: string,
  mediaType: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  return client.ask(
    {
      path: `manifests/${reference}`,
      method: 'PUT',
      action: 'pull,push',
      headers: { 'Content-Type': mediaType },
      body: bytes,
      accept: [200, 201, 202],
      signal,
    },
    async (response) => {
      await discard(response);
      return response.headers.get('oci-subject');
    },
  );
}

/** The bytes of a manifest, by digest (then checked) or by tag. */
export function getManifest(
  client: Client,
  reference: string,
  { maxBytes = MAX_MANIFEST_BYTES, signal }: ReadOptions = {},
): Promise<{ readonly mediaType: string; readonly bytes: Uint8Array }> {
  return client.ask(
    { path: `manifests/${reference}`, headers: { Accept: ACCEPT }, accept: [200], signal },
    async (response) => {
      const where = `${client.name} ${reference}`;
      const bytes = await readCapped(response, maxBytes, where);
      if (isDigest(reference)) verifyBytes(bytes, { digest: reference }, client.name);
      return { mediaType: typeOf(response) ?? MANIFEST_TYPE, bytes };
    },
  );
}

/** The media type that an answer announces, without its parameters. */
export function typeOf(response: HttpResponse): string | undefined {
  const type = response.headers.get('content-type')?.split(';')[0]?.trim();
  return type && type.length <= 255 ? type : undefined;
}
