import { readSync } from 'node:fs';
import type { ServerPage } from './model.ts';

/** Where a compiled server lies in servers.ndjson, and a key that changes with its page. */
export interface ServerLocation {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
  readonly key: string;
}

/** The line of one server, from the opened servers.ndjson. */
export function readLine(file: number, { offset, length }: ServerLocation): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  readSync(file, bytes, 0, length, offset);
  return bytes;
}

export const readPage = (file: number, location: ServerLocation): ServerPage =>
  JSON.parse(readLine(file, location).toString('utf8')) as ServerPage;
