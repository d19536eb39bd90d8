import { PortolanError } from '../errors.ts';
import type { HttpResponse } from './transport.ts';

/** The pieces of an answer's body. */
export async function* piecesOf(response: HttpResponse): AsyncGenerator<Uint8Array> {
  if (!response.body) return;
  yield* response.body as unknown as AsyncIterable<Uint8Array>;
}

/** Collects pieces; throws `malformed` / `TOO_LARGE` beyond `max` bytes, whatever was announced. */
export async function collect(
  pieces: AsyncIterable<Uint8Array>,
  max: number,
  where: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let count = 0;
  for await (const part of pieces) {
    count += part.byteLength;
    if (count > max) throw tooLarge(where, max);
    parts.push(part);
  }
  const only = parts[0];
  if (only && parts.length === 1) return only;
  const all = new Uint8Array(count);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

/** The whole body of an answer, at most `max` bytes. */
export function readCapped(
  response: HttpResponse,
  max: number,
  where: string,
): Promise<Uint8Array> {
  return collect(piecesOf(response), max, where);
}

export function tooLarge(where: string, max: number): PortolanError {
  return new PortolanError(
    'malformed',
    'TOO_LARGE',
    `${where} has more than the ${max} bytes allowed here`,
  );
}
