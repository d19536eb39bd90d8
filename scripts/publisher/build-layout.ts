import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CATALOG_TAG } from '../../core/catalog/read-catalog.ts';
import type { PublishedCatalog } from '../../core/entry/types.generated.ts';
import { openLayout } from '../../core/oci/layout.ts';
import type { StatementSigner } from '../../core/trust/sign.ts';
import type { ValidRegistry } from '../registry/load.ts';
import { DOCKER_TAG, dockerCatalogOf, packDockerCatalog } from './docker-catalog.ts';
import { type CatalogPosition, makeCatalog, packCatalog } from './make-catalog.ts';
import { packServer } from './pack-server.ts';
import { putSigned } from './put-signed.ts';

/**
 * Builds the whole publication of a registry as an OCI image layout: every server's artifact, the
 * catalog over them, what Docker's toolkit can use of it, and a signature on each. The layout is
 * built beside `folder` and takes its place at the end, so a failed build leaves the old one.
 */
export async function buildLayout(
  registry: ValidRegistry,
  folder: string,
  sign: StatementSigner,
  position: CatalogPosition,
): Promise<PublishedCatalog> {
  const packed = registry.servers.map(packServer);
  const catalog = makeCatalog(registry.config, packed, position);
  const temporary = join(dirname(folder), `.catalog-${process.pid}`);
  await rm(temporary, { recursive: true, force: true });
  try {
    const layout = await openLayout(temporary, { create: true });
    await layout.batch(async () => {
      const artifact = packCatalog(catalog);
      const docker = packDockerCatalog(catalog.title, dockerCatalogOf(packed));
      await putSigned(layout, [...packed.map((server) => server.artifact), artifact, docker], {
        sign,
        batchSize: 1,
        development: position.development,
      });
      for (const { name, entry, artifact: server } of packed) {
        await layout.putTag(`${name}_${entry.version}`, server.descriptor);
      }
      await layout.putTag(CATALOG_TAG, artifact.descriptor);
      await layout.putTag(`${CATALOG_TAG}-${position.number}`, artifact.descriptor);
      await layout.putTag(DOCKER_TAG, docker.descriptor);
    });
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return catalog;
}
