import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readFreshness } from '../../core/catalog/freshness.ts';
import { readCatalog } from '../../core/catalog/read-catalog.ts';
import { readServer } from '../../core/catalog/read-server.ts';
import { hexOf } from '../../core/oci/digest.ts';
import { openRepository } from '../../core/oci/open.ts';
import type { Repository } from '../../core/oci/repository.ts';
import { keySigner } from '../../core/trust/sign.ts';
import { verifyAttached } from '../../core/trust/verify.ts';
import { mirror } from '../../scripts/publisher/mirror.ts';
import { publish } from '../../scripts/publisher/publish.ts';
import { openRegistrySource } from '../../scripts/publisher/registry-source.ts';
import { needs } from '../support/needs.ts';
import { remoteEntry, type TestPublication, testPublication } from '../support/publication.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

let publication: TestPublication;
let from: Repository;
/** Not the synchronous way: this process must keep reading what the registry says. */
const run = promisify(execFile);
const layout = (name: string) => `oci-layout:${join(publication.folder, name)}`;
beforeEach(async () => {
  publication = await testPublication();
  from = await openRepository(layout('source'), { create: true });
  for (const [index, version] of ['1.0.0', '1.1.0'].entries()) {
    await publication.write('alpha', remoteEntry('alpha', version));
    await publish(openRegistrySource(publication.registry), from, {
      sign: keySigner(publication.key),
      batchSize: 1,
      policy: publication.policy,
      position: { number: index + 1, development: false },
    });
  }
});
afterEach(() => publication[Symbol.asyncDispose]());

async function readAll(repository: Repository) {
  const { catalog } = await readCatalog(repository, publication.policy);
  const found: string[] = [];
  for (const { name, versions } of catalog.servers) {
    for (const listed of versions) {
      await readServer(repository, name, listed, publication.policy);
      found.push(`${name} ${listed.version}`);
    }
  }
  return found;
}

describe('a mirror', () => {
  let registry: TestRegistry | undefined;
  const noRegistry = needs('docker-registry').skip;
  beforeAll(async () => {
    if (!noRegistry) registry = await startRegistry();
  });
  afterAll(() => registry?.stop());

  it.each([
    { name: 'a layout', skip: false, target: () => layout('copy') },
    { name: 'a registry', skip: noRegistry, target: () => `oci://${registry?.host}/copy` },
  ])('on $name has every version with its signature', async ({ skip, target }) => {
    if (skip) return;
    const to = await openRepository(target(), { create: true });
    expect((await mirror(from, to, publication.policy)).number).toBe(2);
    const copy = await openRepository(target());
    expect(await readAll(copy)).toEqual(['alpha 1.1.0', 'alpha 1.0.0', 'beta 1.0.0']);
    expect(await readFreshness(copy, publication.policy)).toMatchObject({ number: 2 });
    const docker = await copy.resolveTag('docker');
    if (!docker) throw new Error('no tag docker');
    await verifyAttached(copy, docker, publication.policy);
    // A second run finds everything there.
    await mirror(from, to, publication.policy);
    expect(await copy.tags()).toEqual(expect.arrayContaining(['alpha_1.0.0', 'catalog-2']));
  });

  it.skipIf(noRegistry || needs('oras').skip)(
    'travels as a tar to a network of its own, as docs/own-catalog.md says',
    async () => {
      const folder = join(publication.folder, 'copy');
      const to = await openRepository(`oci-layout:${folder}`, { create: true });
      await mirror(from, to, publication.policy);
      const tar = join(publication.folder, 'catalog.tar');
      await run('tar', ['-cf', tar, '-C', folder, '.']);
      const all = ['alpha 1.1.0', 'alpha 1.0.0', 'beta 1.0.0'];
      expect(await readAll(await openRepository(`oci-layout:${tar}`))).toEqual(all);
      const inside = `${registry?.host}/inside`;
      await run('oras', ['restore', '--plain-http', '--input', tar, inside]);
      expect(await readAll(await openRepository(`oci://${inside}`))).toEqual(all);
    },
  );

  it('copies nothing that does not verify', async () => {
    const alpha = await from.resolveTag('alpha_1.1.0');
    const { manifest } = await from.readManifest(alpha?.digest ?? 'sha256:');
    const [entry] = manifest.layers;
    const path = join(
      publication.folder,
      'source',
      'blobs',
      'sha256',
      hexOf(entry?.digest ?? 'sha256:'),
    );
    await writeFile(path, (await readFile(path, 'utf8')).replace('mcp.example', 'mcp.badhost'));
    const to = await openRepository(layout('copy'), { create: true });
    await expect(mirror(from, to, publication.policy)).rejects.toMatchObject({
      kind: 'unverified',
    });
    expect(await to.resolveTag('catalog')).toBeUndefined();
  });
});
