import type { VerifiedCatalog } from '../../core/catalog/read-catalog.ts';
import type { Repository } from '../../core/oci/repository.ts';
import { type TrustPolicy, verifyAttached } from '../../core/trust/verify.ts';
import { DOCKER_TAG, type DockerLines, readDockerLines } from './docker-catalog.ts';
import type { CatalogLine, CatalogPosition } from './make-catalog.ts';

/** What is published of entries that did not change since. */
export interface Unchanged {
  readonly lines: ReadonlyMap<string, CatalogLine>;
  /** Their lines in Docker's catalog; those that it leaves out have none. */
  readonly docker: DockerLines;
}

const MAX_DOCKER_BYTES = 512 * 2 ** 20;

/**
 * Takes over what a verified catalog says of entries that Git knows to be the same as in the
 * catalog's own commit. Undefined when that cannot be told, or when Docker's catalog is not there
 * and signed: then every entry is read.
 */
export async function unchangedSince(
  previous: VerifiedCatalog | undefined,
  repository: Repository,
  {
    policy,
    position,
  }: { readonly policy: TrustPolicy; readonly position: Pick<CatalogPosition, 'changedSince'> },
): Promise<Unchanged | undefined> {
  const commit = previous?.catalog.commit;
  if (!previous || !commit || !position.changedSince) return undefined;
  const changed = await position.changedSince(commit);
  if (!changed) return undefined;
  const docker = await readDocker(repository, policy);
  if (!docker) return undefined;
  const lines = new Map<string, CatalogLine>();
  for (const { name, versions, summary } of previous.catalog.servers) {
    const [listed] = versions;
    if (listed && !changed.has(name)) lines.set(name, { name, listed, summary });
  }
  return { lines, docker };
}

async function readDocker(
  repository: Repository,
  policy: TrustPolicy,
): Promise<DockerLines | undefined> {
  const tagged = await repository.resolveTag(DOCKER_TAG);
  if (!tagged) return undefined;
  const { manifest, descriptor } = await repository.readManifest(tagged.digest);
  const [layer] = manifest.layers;
  const isSigned = await verifyAttached(repository, descriptor, policy).then(
    () => true,
    () => false,
  );
  if (!layer || !isSigned) return undefined;
  return readDockerLines(await repository.readBlob(layer, { maxBytes: MAX_DOCKER_BYTES }));
}
