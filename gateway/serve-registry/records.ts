import { readServer } from '../../core/catalog/read-server.ts';
import { README_LAYER } from '../../core/oci/media-types.ts';
import { serverPageAddress } from '../../core/registry-api/page-address.ts';
import { type RegistryRecord, registryRecord } from '../../core/registry-api/registry-api.ts';
import { serverJsonOf } from '../../core/registry-api/server-json.ts';
import type { TrustPolicy } from '../../core/trust/verify.ts';
import type { OpenCatalog } from '../catalog/open-catalog.ts';
import type { Listed } from './select.ts';

/** Gives the record of a version, from its verified artifact. */
export type ReadRecord = (item: Listed) => Promise<RegistryRecord>;

const MAX_KEPT = 20_000;

/**
 * Records of a catalog, each read and verified when it is first asked for, and kept: a digest names
 * its content for good. Throws what readServer throws; that is tried again the next time.
 */
export function recordsOf(catalog: OpenCatalog, policy: TrustPolicy): ReadRecord {
  const kept = new Map<string, Promise<RegistryRecord>>();
  return (item) => {
    const key = `${item.version.digest} ${item.isLatest} ${item.version.status}`;
    let record = kept.get(key);
    if (!record) {
      record = readRecord(catalog, policy, item);
      kept.set(key, record);
      record.catch(() => kept.delete(key));
      if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value ?? '');
    }
    return record;
  };
}

async function readRecord(
  { repository, catalog }: OpenCatalog,
  policy: TrustPolicy,
  { server: { name }, version, isLatest }: Listed,
): Promise<RegistryRecord> {
  const server = await readServer(repository, name, version, policy);
  const readme = await server.readLayer(README_LAYER);
  const record = serverJsonOf(server.entry, {
    namespace: catalog.namespace,
    digest: version.digest,
    ...(server.tools ? { tools: server.tools } : {}),
    ...(readme ? { readme: new TextDecoder().decode(readme) } : {}),
    ...(catalog.site
      ? { page: serverPageAddress(catalog.site, name, catalog.servers.length) }
      : {}),
  });
  return registryRecord(record, server.entry, version, isLatest);
}
