import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRepository } from '../../core/oci/open.ts';
import { keySigner } from '../../core/trust/sign.ts';
import { openCatalog } from '../../gateway/catalog/open-catalog.ts';
import { type PublishOptions, publish } from '../../scripts/publisher/publish.ts';
import { loadRegistry, requireValid } from '../../scripts/registry/load.ts';
import { needs } from '../support/needs.ts';
import { remoteEntry, type TestPublication, testPublication } from '../support/publication.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

describe.skipIf(needs('docker-registry').skip)('a catalog on a registry', () => {
  let registry: TestRegistry;
  let publication: TestPublication;
  let home: string;
  let source: string;
  let counter = 0;
  const logged: string[] = [];

  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => registry.stop());
  beforeEach(async () => {
    publication = await testPublication();
    home = await mkdtemp(join(tmpdir(), 'portolan-home-'));
    counter += 1;
    source = `oci://${registry.host}/open-${counter}`;
    await publishNow(1);
  });
  afterEach(async () => {
    await publication[Symbol.asyncDispose]();
    await rm(home, { recursive: true });
    logged.length = 0;
  });

  async function publishNow(number: number, change: Partial<PublishOptions> = {}) {
    const loaded = requireValid(await loadRegistry(publication.registry));
    await publish(loaded, await openRepository(source), {
      sign: keySigner(publication.key),
      batchSize: 1,
      policy: publication.policy,
      position: { number, development: false },
      ...change,
    });
  }

  const open = (fetchFails = false, now = new Date(), look = false) =>
    openCatalog(source, publication.policy, {
      stateDir: join(home, 'state'),
      cacheDir: join(home, 'cache'),
      log: (line) => logged.push(line),
      now: () => now,
      look,
      connection: {
        attempts: 1,
        ...(fetchFails ? { fetch: () => Promise.reject(new TypeError('fetch failed')) } : {}),
      },
    });

  it('is read, verified and remembered', async () => {
    const catalog = await open();
    expect(catalog.catalog.number).toBe(1);
    expect(catalog.offline).toBe(false);
    expect(catalog.freshness?.number).toBe(1);
    expect((await catalog.server('beta')).tools?.tools[0]?.name).toBe('beta_tool');
  });

  it('works without the network once it was read', async () => {
    await (await open()).server('beta');
    const catalog = await open(true);
    expect(catalog.offline).toBe(true);
    expect((await catalog.server('beta')).entry.name).toBe('beta');
    expect(logged.join('\n')).toContain('going on with what was fetched before');
    await expect(catalog.server('alpha')).rejects.toMatchObject({ kind: 'unreachable' });
  });

  it('does not run from a copy that nobody vouches for any more, and shows it as old', async () => {
    await (await open()).server('beta');
    const later = new Date(Date.now() + 8 * 86_400_000);
    await expect(open(true, later)).rejects.toMatchObject({
      kind: 'unreachable',
      code: 'CATALOG_UNCONFIRMED',
    });
    const old = await open(true, later, true);
    expect(old.lookOnly).toContain('that was fetched before is 8 days old');
    expect((await old.server('beta')).entry.name).toBe('beta');
    expect(logged).toContain(old.lookOnly);
  });

  it('does not start from nothing without the network', async () => {
    await expect(open(true)).rejects.toMatchObject({ kind: 'unreachable' });
  });

  it('mends a damaged copy from the registry, and refuses it without', async () => {
    await (await open()).server('beta');
    const [cache = ''] = await readdir(join(home, 'cache', 'oci'));
    const blobs = join(home, 'cache', 'oci', cache, 'blobs', 'sha256');
    for (const name of await readdir(blobs)) {
      await writeFile(join(blobs, name), `${await readFile(join(blobs, name), 'utf8')} `);
    }
    await expect(open(true)).rejects.toMatchObject({ name: 'PortolanError' });
    expect((await (await open()).server('beta')).entry.name).toBe('beta');
    expect(logged.join('\n')).toContain('is damaged; it is fetched again');
    expect((await (await open(true)).server('beta')).entry.name).toBe('beta');
  });

  it('refuses an older catalog under the same tag', async () => {
    await publication.write('gamma', remoteEntry('gamma'));
    await publishNow(2);
    await open();
    const repository = await openRepository(source);
    const old = await repository.resolveTag('catalog-1');
    if (old) await repository.putTag('catalog', old);
    await expect(open()).rejects.toMatchObject({ code: 'CATALOG_ROLLBACK' });
    // Someone who never saw the new one is warned by the freshness statement.
    await rm(join(home, 'state'), { recursive: true });
    await expect(open()).rejects.toMatchObject({ code: 'CATALOG_STALE' });
  });

  it('refuses a source that leaves the freshness statement out', async () => {
    const opened = openCatalog(source, publication.policy, {
      stateDir: join(home, 'state'),
      cacheDir: join(home, 'cache'),
      connection: {
        fetch: (input, init) =>
          String(input).endsWith('/manifests/freshness')
            ? Promise.resolve(new Response('{}', { status: 404 }))
            : fetch(input, init as RequestInit),
      },
    });
    await expect(opened).rejects.toMatchObject({ kind: 'untrusted', code: 'FRESHNESS_MISSING' });
  });

  it('refuses a source that is no longer kept fresh', async () => {
    const later = new Date(Date.now() + 30 * 86_400_000);
    await expect(open(false, later)).rejects.toMatchObject({
      kind: 'untrusted',
      code: 'CATALOG_STALE',
    });
  });

  it('refuses a clock that went back', async () => {
    await open();
    await rm(join(home, 'cache'), { recursive: true });
    const earlier = new Date(Date.now() - 30 * 86_400_000);
    await expect(open(false, earlier)).rejects.toMatchObject({ code: 'CLOCK_WRONG' });
  });
});
