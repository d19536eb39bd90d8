// Moves one generated blob for streaming.test.ts, and says how much memory that took:
// push|pull HOST REPOSITORY MEGABYTES
import { createHash } from 'node:crypto';
import { openRegistry } from '../../../core/oci/registry.ts';

const [, , way, host = '', name = '', size = '0'] = process.argv;
const MEGABYTE = 2 ** 20;
const count = Number(size);
const repository = openRegistry(
  { kind: 'registry', host, repository: name },
  { credentials: async () => undefined },
);

async function* content() {
  for (let index = 0; index < count; index += 1) yield new Uint8Array(MEGABYTE).fill(index % 251);
}

// With one buffer, so that the peak before the work is low and nothing can hide in it.
const hash = createHash('sha256');
const buffer = new Uint8Array(MEGABYTE);
for (let index = 0; index < count; index += 1) hash.update(buffer.fill(index % 251));
const descriptor = {
  mediaType: 'application/octet-stream',
  digest: `sha256:${hash.digest('hex')}` as const,
  size: count * MEGABYTE,
};
const before = process.resourceUsage().maxRSS;
if (way === 'push') await repository.putBlob(descriptor, content);
let read = 0;
if (way === 'pull')
  for await (const piece of repository.streamBlob(descriptor)) read += piece.length;
const growth = process.resourceUsage().maxRSS - before;
console.log(JSON.stringify({ read, growthMegabytes: Math.round(growth / 1024) }));
