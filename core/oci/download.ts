import { piecesOf } from './body.ts';
import type { Client } from './client.ts';
import { asDigest } from './digest.ts';
import { discard } from './follow.ts';
import type { Descriptor, ReadOptions } from './repository.ts';
import { networkFailure, Passing } from './retry.ts';
import { hashing } from './stream.ts';

const RESUMES = 3;

/** Streams a blob from a registry; throws at the end when its digest or size does not hold. */
export function streamBlob(
  client: Client,
  descriptor: Descriptor,
  options: ReadOptions,
): AsyncIterable<Uint8Array> {
  asDigest(descriptor.digest, client.name);
  return hashing(pieces(client, descriptor, options), descriptor, client.name);
}

/**
 * The bytes as they come. When the connection breaks, the rest is asked for with a range; what was
 * handed on cannot be taken back, so a registry that ignores ranges has its beginning skipped.
 */
async function* pieces(
  client: Client,
  { digest, size }: Descriptor,
  { signal, onProgress }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  let done = 0;
  for (let resumes = 0; ; resumes += 1) {
    const response = await client.ask(
      {
        path: `blobs/${digest}`,
        headers: {
          Accept: 'application/octet-stream, */*',
          // A compressed answer would not have the digest.
          'Accept-Encoding': 'identity',
          ...(done > 0 ? { Range: `bytes=${done}-` } : {}),
        },
        accept: [200, 206],
        signal,
      },
      async (answer) => answer,
    );
    let skip = response.status === 206 ? 0 : done;
    try {
      for await (const piece of piecesOf(response)) {
        const rest = skip > 0 ? piece.subarray(skip) : piece;
        skip -= piece.byteLength - rest.byteLength;
        if (rest.byteLength === 0) continue;
        done += rest.byteLength;
        yield rest;
        onProgress?.({ digest, done: Math.min(done, size), size });
      }
      return;
    } catch (error) {
      const failure = networkFailure(error, client.name, signal);
      if (!(failure instanceof Passing)) throw failure;
      if (resumes === RESUMES) throw failure.final;
    } finally {
      await discard(response);
    }
  }
}
