import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CATALOG_TAG } from '../../core/catalog/read-catalog.ts';
import type { PublishedCatalog } from '../../core/entry/types.generated.ts';
import { openLayout } from '../../core/oci/layout.ts';
import type { Descriptor } from '../../core/oci/repository.ts';
import type { StatementSigner } from '../../core/trust/sign.ts';
import { MAX_SUBJECTS } from '../../core/trust/statement.ts';
import type { ValidRegistry } from '../registry/load.ts';
import { DOCKER_TAG, packDockerCatalog } from './docker-catalog.ts';
import {
  type CatalogLine,
  type CatalogPosition,
  dated,
  makeCatalog,
  packCatalog,
} from './make-catalog.ts';
import { packServers } from './pack-in-threads.ts';
import { putSignatures, putSigned } from './put-signed.ts';
import { type RegistrySource, sourceOf } from './registry-source.ts';
import type { ServerLines } from './server-lines.ts';

/**
 * Builds the whole publication of a registry as an OCI image layout: every server's artifact, the
 * catalog over them, what Docker's toolkit can use of it, and a signature on each. The layout is
 * built beside `folder` and takes its place at the end, so a failed build leaves the old one.
 */
export async function buildLayout(
  registry: RegistrySource | ValidRegistry,
  folder: string,
  sign: StatementSigner,
  position: CatalogPosition,
): Promise<PublishedCatalog> {
  const source = sourceOf(registry);
  const signing = { sign, batchSize: MAX_SUBJECTS, development: position.development };
  const temporary = join(dirname(folder), `.catalog-${process.pid}`);
  await rm(temporary, { recursive: true, force: true });
  try {
    const layout = await openLayout(temporary, { create: true, unshared: true });
    const catalog = await layout.batch(async () => {
      const lines: CatalogLine[] = [];
      const docker = new Map<string, Uint8Array>();
      // One statement for each group: a tenth of a layout's files would be bundles otherwise.
      const take = async (group: readonly ServerLines[]) => {
        const stored: Descriptor[] = [];
        for (const { line, docker: mapping, manifest } of group) {
          lines.push(dated(line, position));
          if ('line' in mapping) docker.set(line.name, mapping.line);
          const descriptor = await layout.putManifest(manifest);
          await layout.putTag(`${line.name}_${line.listed.version}`, descriptor);
          stored.push(descriptor);
        }
        await putSignatures(layout, stored, signing);
      };
      await packServers(source, source.names, take, { blobs: temporary });
      const made = makeCatalog(source.config, lines, position);
      const artifact = packCatalog(made);
      const forDocker = packDockerCatalog(made.title, docker);
      await putSigned(layout, [artifact, forDocker], signing);
      await layout.putTag(CATALOG_TAG, artifact.descriptor);
      await layout.putTag(`${CATALOG_TAG}-${position.number}`, artifact.descriptor);
      await layout.putTag(DOCKER_TAG, forDocker.descriptor);
      return made;
    });
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
    return catalog;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
