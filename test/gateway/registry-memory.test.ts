import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRepository } from '../../core/oci/open.ts';
import { generateKeyPem, parseSigningKey } from '../../core/trust/keys.ts';
import { keySigner } from '../../core/trust/sign.ts';
import type { TrustPolicy } from '../../core/trust/verify.ts';
import { connectSource, type SourceOptions } from '../../gateway/catalog/connect-source.ts';
import { openCatalog } from '../../gateway/catalog/open-catalog.ts';
import { recallCatalog } from '../../gateway/catalog/recall.ts';
import { rememberCatalog, watchCatalog } from '../../gateway/catalog/remember.ts';
import { circumstancesOf } from '../../gateway/catalog/start-memory.ts';
import { type PublishOptions, publish, publishFreshness } from '../../scripts/publisher/publish.ts';
import { loadRegistry, requireValid } from '../../scripts/registry/load.ts';
import { runPortolan } from '../support/command-line.ts';
import { LIST_TOOLS } from '../support/list-tools.ts';
import { needs } from '../support/needs.ts';
import { type TestPublication, testPublication } from '../support/publication.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type RegistryProxy, startRegistryProxy } from '../support/registry-proxy.ts';

const DAY_MS = 86_400_000;
const WANTED = { servers: ['beta'], all: false };

describe.skipIf(needs('docker-registry').skip)('the memory of a start from a registry', () => {
  let registry: TestRegistry;
  let proxy: RegistryProxy;
  let publication: TestPublication;
  let home: string;
  let source: string;
  let counter = 0;

  beforeAll(async () => {
    registry = await startRegistry();
    proxy = await startRegistryProxy(registry.host);
  });
  afterAll(async () => {
    await proxy.stop();
    await registry.stop();
  });
  beforeEach(async () => {
    publication = await testPublication();
    home = await mkdtemp(join(tmpdir(), 'portolan-home-'));
    counter += 1;
    source = `oci://${proxy.host}/memory-${counter}`;
    // A statement of yesterday can be renewed today.
    await publishNow(1, { now: () => new Date(Date.now() - DAY_MS) });
    expect(await start()).toEqual({ recalled: false, tool: 'Does beta.' });
    proxy.log.length = 0;
  });
  afterEach(async () => {
    proxy.interfere = () => false;
    await publication[Symbol.asyncDispose]();
    await rm(home, { recursive: true });
  });

  const options = (change: Partial<PublishOptions> = {}): PublishOptions => ({
    sign: keySigner(publication.key),
    batchSize: 1,
    policy: publication.policy,
    position: { number: 1, development: false },
    ...change,
  });

  async function publishNow(number: number, change: Partial<PublishOptions> = {}) {
    const loaded = requireValid(await loadRegistry(publication.registry));
    const position = { number, development: false };
    await publish(loaded, await openRepository(source), options({ position, ...change }));
  }

  /** As openServed goes about it; says whether the memory was believed. */
  async function start({
    policy = publication.policy,
    wanted = WANTED,
    now = () => new Date(),
    connection,
  }: {
    policy?: TrustPolicy;
    wanted?: typeof WANTED;
    now?: () => Date;
  } & Pick<SourceOptions, 'connection'> = {}) {
    const folders = { stateDir: join(home, 'state'), cacheDir: join(home, 'cache') };
    const opened = await connectSource(source, { ...folders, ...(connection && { connection }) });
    const before = circumstancesOf(source, policy);
    if (!before) throw new Error('a registry is remembered');
    const all = { ...folders, opened, now };
    const recalled = await recallCatalog(source, policy, wanted, all);
    const [name = ''] = wanted.servers;
    if (recalled) {
      const { tools } = await recalled.catalog.server(name);
      await recalled.remember();
      return { recalled: true, tool: tools?.tools[0]?.description };
    }
    const watched = watchCatalog(await openCatalog(source, policy, all));
    const { tools } = await watched.catalog.server(name);
    await rememberCatalog(watched, policy, wanted, before, folders);
    return { recalled: false, tool: tools?.tools[0]?.description };
  }

  const asked = () =>
    proxy.log.map(({ method, url }) => `${method} ${url.split('/').pop()}`).sort();
  const memoryPath = async () => {
    const folder = join(home, 'state', 'starts');
    return join(folder, (await readdir(folder))[0] as string);
  };

  it('asks for two tags and nothing else', async () => {
    expect(await start()).toEqual({ recalled: true, tool: 'Does beta.' });
    expect(asked()).toEqual(['HEAD catalog', 'HEAD freshness']);
  });

  it('is what `portolan run` goes by, with --all too', async () => {
    const env = {
      ...process.env,
      PORTOLAN_HOME: join(home, 'own'),
      PORTOLAN_DEFAULT_CATALOG: 'none',
    };
    await mkdir(join(home, 'own', 'config'), { recursive: true });
    // Its tools would be listed live.
    await writeFile(join(home, 'own', 'config', 'policy.yaml'), 'servers: { deny: [alpha] }\n');
    for (const what of [['--servers', 'beta'], ['--all']]) {
      const run = () => {
        proxy.log.length = 0;
        const from = ['--catalog', source, '--key', publication.publicKeyPath];
        return runPortolan(['run', ...from, ...what, '--audit', 'off'], { stdin: LIST_TOOLS, env });
      };
      expect((await run()).stdout).toContain('Does beta.');
      expect((await run()).stdout).toContain('Does beta.');
      expect(asked()).toEqual(['HEAD catalog', 'HEAD freshness']);
    }
  });

  it('does not hold for a new catalog: a withdrawn server is gone at once', async () => {
    const withdrawn = `${await nextBeta()}status: { state: withdrawn, reason: Abandoned. }\n`;
    await publication.write('beta', withdrawn, await toolsOfBeta());
    await publishNow(2);
    await expect(start()).rejects.toMatchObject({ code: 'SERVER_WITHDRAWN' });
  });

  it('does not hold for an older catalog that is put back', async () => {
    const repository = await openRepository(source);
    const freshness = await repository.resolveTag('freshness');
    await publication.write('beta', await nextBeta(), await toolsOfBeta());
    await publishNow(2);
    // The memory of "beta" is still of catalog 1; another start has seen catalog 2.
    await start({ wanted: { servers: ['alpha'], all: false } });
    const old = await repository.resolveTag('catalog-1');
    if (!old || !freshness) throw new Error('not published');
    await repository.putTag('catalog', old);
    await repository.putTag('freshness', freshness);
    await expect(start()).rejects.toMatchObject({ code: 'CATALOG_ROLLBACK' });
  });

  it('judges the freshness statement at each start', async () => {
    const later = () => new Date(Date.now() + 8 * DAY_MS);
    await expect(start({ now: later })).rejects.toMatchObject({ code: 'CATALOG_STALE' });
    const earlier = () => new Date(Date.now() - 3 * DAY_MS);
    await expect(start({ now: earlier })).rejects.toMatchObject({ code: 'CLOCK_WRONG' });
    proxy.interfere = ({ url }, response) => {
      if (!url?.endsWith('/manifests/freshness')) return false;
      response.writeHead(404).end('{}');
      return true;
    };
    await expect(start()).rejects.toMatchObject({ code: 'FRESHNESS_MISSING' });
  });

  it('verifies a renewed statement, and remembers it', async () => {
    const repository = await openRepository(source);
    const catalog = await repository.resolveTag('catalog');
    if (!catalog) throw new Error('not published');
    await publishFreshness(repository, { number: 1, digest: catalog.digest }, options());
    proxy.log.length = 0;
    expect(await start()).toEqual({ recalled: true, tool: 'Does beta.' });
    expect(asked().length).toBeGreaterThan(2);
    proxy.log.length = 0;
    expect(await start()).toEqual({ recalled: true, tool: 'Does beta.' });
    expect(asked()).toEqual(['HEAD catalog', 'HEAD freshness']);
  });

  it('does not believe a statement that a stranger renewed', async () => {
    const stranger = parseSigningKey(generateKeyPem().privatePem, 'stranger');
    const repository = await openRepository(source);
    const catalog = await repository.resolveTag('catalog');
    if (!catalog) throw new Error('not published');
    await publishFreshness(
      repository,
      { number: 1, digest: catalog.digest },
      options({ sign: keySigner(stranger) }),
    );
    await expect(start()).rejects.toMatchObject({ code: 'SIGNER_UNTRUSTED' });
  });

  it('does not hold for another key', async () => {
    const key = parseSigningKey(generateKeyPem().privatePem, 'stranger');
    const policy: TrustPolicy = { signers: [{ kind: 'key', key }] };
    await expect(start({ policy })).rejects.toMatchObject({ code: 'SIGNER_UNTRUSTED' });
  });

  it.each([
    ['a digest', /"digest":"sha256:([0-9a-f]{8})/g, '"digest":"sha256:00000000'],
    ['the time until which it is fresh', /"expires":"20/, '"expires":"30'],
    ['bytes of tools', 'Does beta.', 'Does evil.'],
  ])('is not believed when %s was altered', async (_, found, replacement) => {
    const path = await memoryPath();
    const before = await readFile(path, 'utf8');
    const altered = before.replace(found, replacement);
    expect(altered).not.toBe(before);
    await writeFile(path, altered);
    expect(await start()).toEqual({ recalled: false, tool: 'Does beta.' });
  });

  it('starts without the network, for as long as the statement holds', async () => {
    const connection = { attempts: 1, fetch: () => Promise.reject(new TypeError('fetch failed')) };
    expect(await start({ connection })).toEqual({ recalled: true, tool: 'Does beta.' });
    const later = () => new Date(Date.now() + 8 * DAY_MS);
    await expect(start({ connection, now: later })).rejects.toMatchObject({
      code: 'CATALOG_UNCONFIRMED',
    });
  });

  async function nextBeta(): Promise<string> {
    const path = join(publication.registry, 'servers', 'beta', 'server.yaml');
    return (await readFile(path, 'utf8')).replace('version: 1.0.0', 'version: 1.0.1');
  }

  async function toolsOfBeta(): Promise<object> {
    const path = join(publication.registry, 'servers', 'beta', 'tools.json');
    return JSON.parse(await readFile(path, 'utf8'));
  }
});
