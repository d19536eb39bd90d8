// Servers as files hold them: each of its own, or several in one, which of a huge catalog is compressed.
import type { ServerJson } from '../../../scripts/site/model.ts';
import { type Packed, type Shard, serverIn } from '../../../scripts/site/shard.ts';

/** The server in the file with this address; undefined when there is none. Throws without an answer. */
export async function readServer(address: string, name: string): Promise<Packed | undefined> {
  const response = await fetch(address);
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const bytes = await response.arrayBuffer();
  // Some hosts say that it is compressed, and then the browser has opened it already.
  const packed = new Uint8Array(bytes)[0] === 0x1f;
  const open = new Blob([bytes]).stream();
  const text = new Response(packed ? open.pipeThrough(new DecompressionStream('gzip')) : open);
  return serverIn((await text.json()) as Shard, name);
}

/** The JSON of a server in the file with this address; undefined when there is none. */
export async function readServerJson(
  address: string,
  name: string,
): Promise<ServerJson | undefined> {
  if (address.endsWith('.gz')) return (await readServer(address, name))?.server;
  const response = await fetch(address);
  if (!response.ok) return undefined;
  const json = await response.json();
  return address.endsWith('/server.json') ? json : json[name];
}
