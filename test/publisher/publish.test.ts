import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkFreshness } from '../../core/catalog/check-freshness.ts';
import { readFreshness } from '../../core/catalog/freshness.ts';
import { readCatalog } from '../../core/catalog/read-catalog.ts';
import { readServer } from '../../core/catalog/read-server.ts';
import { openRepository } from '../../core/oci/open.ts';
import type { Repository } from '../../core/oci/repository.ts';
import { keySigner } from '../../core/trust/sign.ts';
import { type PublishOptions, publish } from '../../scripts/publisher/publish.ts';
import { loadRegistry, requireValid } from '../../scripts/registry/load.ts';
import { needs } from '../support/needs.ts';
import { remoteEntry, type TestPublication, testPublication } from '../support/publication.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

let publication: TestPublication;
beforeEach(async () => {
  publication = await testPublication();
});
afterEach(() => publication[Symbol.asyncDispose]());

function options(number: number, change: Partial<PublishOptions> = {}): PublishOptions {
  return {
    sign: keySigner(publication.key),
    batchSize: 1,
    policy: publication.policy,
    position: { number, development: false },
    ...change,
  };
}

const load = async () => requireValid(await loadRegistry(publication.registry));

/** Everything that a client would read, verified. */
async function readAll(repository: Repository) {
  const { catalog, descriptor } = await readCatalog(repository, publication.policy);
  for (const { name, versions } of catalog.servers) {
    for (const version of versions) {
      await readServer(repository, name, version, publication.policy);
    }
  }
  const freshness = await readFreshness(repository, publication.policy);
  return { catalog, descriptor, freshness };
}

/** Lets `allowed` writes through, then fails like a lost network. */
function failingAfter(repository: Repository, allowed: number): Repository & { writes: number } {
  const state = { writes: 0 };
  const guard =
    <Args extends unknown[], Result>(method: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (state.writes >= allowed) throw new Error('the network is gone');
      state.writes += 1;
      return method(...args);
    };
  return {
    ...repository,
    putBlob: guard(repository.putBlob),
    putManifest: guard(repository.putManifest),
    putTag: guard(repository.putTag),
    get writes() {
      return state.writes;
    },
  };
}

const targets: readonly { name: string; skip: boolean }[] = [
  { name: 'a layout', skip: false },
  { name: 'a registry', skip: needs('docker-registry').skip },
];

describe.each(targets)('publishing to $name', ({ name, skip }) => {
  let registry: TestRegistry | undefined;
  let counter = 0;
  beforeAll(async () => {
    if (name === 'a registry' && !skip) registry = await startRegistry();
  });
  afterAll(() => registry?.stop());

  async function open(fresh = true): Promise<Repository> {
    if (fresh) counter += 1;
    const source = registry
      ? `oci://${registry.host}/catalog-${counter}`
      : `oci-layout:${join(publication.folder, `target-${counter}`)}`;
    return openRepository(source, { create: true });
  }

  it.skipIf(skip)('adds what is new and keeps every version', async () => {
    const repository = await open();
    expect(await publish(await load(), repository, options(1))).toMatchObject({ added: 2 });
    await publication.write('alpha', remoteEntry('alpha', '1.1.0'));
    expect(await publish(await load(), repository, options(2))).toMatchObject({ added: 1 });
    expect(await publish(await load(), repository, options(3))).toEqual({
      number: 2,
      added: 0,
      changed: false,
    });
    const { catalog, freshness, descriptor } = await readAll(repository);
    expect(catalog.servers[0]?.versions.map(({ version }) => version)).toEqual(['1.1.0', '1.0.0']);
    expect(freshness).toMatchObject({ number: 2, digest: descriptor.digest });
    expect(await repository.tags()).toEqual(
      expect.arrayContaining(['alpha_1.0.0', 'alpha_1.1.0', 'catalog', 'catalog-1', 'catalog-2']),
    );
  });

  it.skipIf(skip)(
    'leaves the old catalog whole wherever it breaks, and a rerun finishes',
    async () => {
      // How many writes a whole publication takes.
      const counting = failingAfter(await open(), Number.POSITIVE_INFINITY);
      await publish(await load(), counting, options(1));
      await publication.write('alpha', remoteEntry('alpha', '1.1.0'));
      await publication.write('gamma', remoteEntry('gamma'));
      const before = counting.writes;
      await publish(await load(), counting, options(2));
      const total = counting.writes - before;
      expect(total).toBeGreaterThan(10);

      // A registry takes longer, so it is broken at each of the last steps and now and then before.
      for (let allowed = 0; allowed < total; allowed += registry && allowed < total - 8 ? 9 : 1) {
        const repository = await open();
        await publication.write('alpha', remoteEntry('alpha'));
        await rm(join(publication.registry, 'servers', 'gamma'), { recursive: true });
        await publish(await load(), repository, options(1));
        await publication.write('alpha', remoteEntry('alpha', '1.1.0'));
        await publication.write('gamma', remoteEntry('gamma'));

        const broken = failingAfter(repository, allowed);
        await expect(publish(await load(), broken, options(2, { concurrency: 1 }))).rejects.toThrow(
          'the network is gone',
        );
        const { catalog } = await readAll(await open(false));
        expect([1, 2]).toContain(catalog.number);

        await publish(await load(), await open(false), options(2));
        const after = await readAll(await open(false));
        expect(after.catalog.number).toBe(2);
        expect(after.catalog.servers.map((server) => server.name)).toEqual([
          'alpha',
          'beta',
          'gamma',
        ]);
        expect(after.freshness).toMatchObject({ number: 2, digest: after.descriptor.digest });
      }
    },
  );

  it.skipIf(skip)('lets one of two publishers win and tells the other', async () => {
    const repository = await open();
    await publish(await load(), repository, options(1));
    const first = await load();
    await publication.write('gamma', remoteEntry('gamma'));
    const second = await load();
    // The second one publishes while the first one is about to move the tag.
    let raced = false;
    const slow: Repository = {
      ...repository,
      async putTag(tag, descriptor) {
        if (tag === 'catalog-2' && !raced) {
          raced = true;
          await publish(second, await open(false), options(3));
        }
        return repository.putTag(tag, descriptor);
      },
    };
    const changed = { ...first, config: { ...first.config, title: 'Another title' } };
    // Two processes: each has its own view of the layout.
    const outcome = publish(changed, slow, options(2));
    await expect(outcome).rejects.toMatchObject({ code: 'PUBLISH_CONFLICT' });
    expect((await readAll(await open(false))).catalog.number).toBe(3);
  });

  it.skipIf(skip)('never gives a published version other content', async () => {
    const repository = await open();
    await publish(await load(), repository, options(1));
    await publication.write(
      'alpha',
      remoteEntry('alpha').replace('only in tests', 'in tests only'),
    );
    await expect(publish(await load(), repository, options(2))).rejects.toMatchObject({
      kind: 'forbidden',
      code: 'VERSION_REUSED',
    });
    expect((await readAll(repository)).catalog.number).toBe(1);
  });

  it.skipIf(skip)('wants a tombstone for an entry that goes', async () => {
    const repository = await open();
    await publish(await load(), repository, options(1));
    await rm(join(publication.registry, 'servers', 'alpha'), { recursive: true });
    await expect(publish(await load(), repository, options(2))).rejects.toMatchObject({
      code: 'ENTRY_DELETED',
    });
    await publication.write(
      'alpha',
      `${remoteEntry('alpha', '1.0.1')}status: { state: withdrawn, reason: It was only a test. }\n`,
    );
    await publish(await load(), repository, options(2));
    const { catalog } = await readAll(repository);
    expect(catalog.servers[0]?.versions.map(({ status }) => status)).toEqual([
      'withdrawn',
      'active',
    ]);
  });

  it.skipIf(skip)('refuses a checkout that is older than what is published', async () => {
    const repository = await open();
    await publish(await load(), repository, options(5));
    await publication.write('gamma', remoteEntry('gamma'));
    await expect(publish(await load(), repository, options(5))).rejects.toMatchObject({
      code: 'NUMBER_NOT_GROWN',
    });
  });

  it.skipIf(skip)('renews freshness without a new catalog', async () => {
    const repository = await open();
    const start = new Date('2026-01-01T00:00:00Z');
    await publish(await load(), repository, options(1, { now: () => start }));
    const later = new Date('2026-01-03T00:00:00Z');
    await publish(await load(), repository, options(2, { now: () => later }));
    const { freshness, catalog } = await readAll(repository);
    expect(catalog.number).toBe(1);
    expect(freshness).toMatchObject({
      number: 1,
      issued: '2026-01-03T00:00:00.000Z',
      expires: '2026-01-10T00:00:00.000Z',
    });
  });
});

describe('a freshness statement', () => {
  const digest = `sha256:${'a'.repeat(64)}` as const;
  const statement = {
    number: 7,
    digest,
    issued: '2026-01-03T00:00:00Z',
    expires: '2026-01-10T00:00:00Z',
  };
  const at = (time: string) => new Date(time);

  it.each([
    ['expired', { number: 7, digest }, '2026-01-11T00:00:00Z', 'CATALOG_STALE'],
    ['from the future', { number: 7, digest }, '2026-01-02T00:00:00Z', 'CLOCK_WRONG'],
    ['of a newer catalog', { number: 6, digest }, '2026-01-04T00:00:00Z', 'CATALOG_STALE'],
    [
      'of another catalog with the same number',
      { number: 7, digest: `sha256:${'b'.repeat(64)}` },
      '2026-01-04T00:00:00Z',
      'CATALOG_FORKED',
    ],
  ])('%s is refused', (_name, catalog, now, code) => {
    expect(() => checkFreshness(statement, catalog, 'source', at(now))).toThrow(
      expect.objectContaining({ kind: 'untrusted', code }),
    );
  });

  it('holds within its time, and for a catalog that is newer than it', () => {
    checkFreshness(statement, { number: 7, digest }, 'source', at('2026-01-04T00:00:00Z'));
    checkFreshness(statement, { number: 8, digest }, 'source', at('2026-01-04T00:00:00Z'));
  });
});
