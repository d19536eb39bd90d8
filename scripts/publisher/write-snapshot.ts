import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { checkFreshness, FRESHNESS_TAG } from '../../core/catalog/check-freshness.ts';
import { readFreshness } from '../../core/catalog/freshness.ts';
import { CATALOG_TAG, readCatalog } from '../../core/catalog/read-catalog.ts';
import { readServer } from '../../core/catalog/read-server.ts';
import type { PublishedCatalog } from '../../core/entry/types.generated.ts';
import { writeFileAtomic } from '../../core/files.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { openLayout } from '../../core/oci/layout.ts';
import { packLayout } from '../../core/oci/layout-tar.ts';
import {
  CATALOG_LAYER,
  ENTRY_LAYER,
  FRESHNESS_LAYER,
  TOOLS_LAYER,
} from '../../core/oci/media-types.ts';
import type { Repository } from '../../core/oci/repository.ts';
import type { TrustPolicy } from '../../core/trust/verify.ts';
import { copySigned } from './mirror.ts';

/** What a snapshot holds. */
export interface Snapshot {
  readonly catalog: PublishedCatalog;
  /** Servers that can be shown from it; the others are listed only. */
  readonly shown: number;
  readonly bytes: number;
}

/** The most bytes that the snapshot of a package takes; what npm asks people to download is 2 MB. */
export const MAX_SNAPSHOT_BYTES = 720_000;

/** What search and show read; lockfiles, readmes and bills of materials are fetched when needed. */
const KEPT = new Set<string>([CATALOG_LAYER, FRESHNESS_LAYER, ENTRY_LAYER, TOOLS_LAYER]);

/**
 * Writes the part of a publication that `portolan search` and `show` need into one file: catalog,
 * freshness statement, and the newest version of each server, with their signatures. Each is verified
 * before it is copied. When that would be more than `maxBytes`, the largest servers are listed only.
 *
 * Throws what readCatalog, checkFreshness, readServer and the repository throw.
 */
export async function writeSnapshot(
  from: Repository,
  path: string,
  policy: TrustPolicy,
  { maxBytes, now = new Date() }: { readonly maxBytes: number; readonly now?: Date },
): Promise<Snapshot> {
  const { catalog, descriptor } = await readCatalog(from, policy);
  const freshness = await readFreshness(from, policy);
  // Its date is the age of the snapshot.
  checkFreshness(freshness, { number: catalog.number, digest: descriptor.digest }, from.name, now);
  const sized: { readonly digest: Digest; readonly size: number }[] = [];
  for (const { name, versions } of catalog.servers) {
    const [newest] = versions;
    if (!newest || newest.status === 'withdrawn') continue;
    const { descriptor: server } = await readServer(from, name, newest, policy);
    const { manifest } = await from.readManifest(server.digest);
    const kept = manifest.layers.filter(({ mediaType }) => KEPT.has(mediaType));
    sized.push({ digest: server.digest, size: kept.reduce((sum, { size }) => sum + size, 0) });
  }
  sized.sort((a, b) => a.size - b.size);
  const servers = sized.map(({ digest }) => digest);
  let shown = servers.length;
  for (;;) {
    const packed = await pack(from, [CATALOG_TAG, FRESHNESS_TAG], servers.slice(0, shown));
    const bytes = packed.byteLength;
    if (bytes <= maxBytes || shown === 0) {
      await writeFileAtomic(path, packed);
      return { catalog, shown, bytes };
    }
    // The largest go first, so this share of the servers is less than that share of the bytes.
    shown = Math.floor(shown * Math.min(0.95, maxBytes / bytes));
  }
}

async function pack(
  from: Repository,
  tags: readonly string[],
  servers: readonly Digest[],
): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-snapshot-'));
  try {
    const layout = await openLayout(join(folder, 'layout'), { create: true, unshared: true });
    await layout.batch(async () => {
      for (const digest of servers) await copySigned(from, layout, digest, KEPT);
      for (const tag of tags) {
        const tagged = await from.resolveTag(tag);
        if (tagged) await layout.putTag(tag, await copySigned(from, layout, tagged.digest, KEPT));
      }
    });
    await packLayout(join(folder, 'layout'), join(folder, 'layout.tar'));
    const tar = await readFile(join(folder, 'layout.tar'));
    // One window over all of it: tools and signatures resemble each other.
    return await promisify(brotliCompress)(tar, {
      params: {
        [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: tar.byteLength,
      },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
