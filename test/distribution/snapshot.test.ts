import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRepository } from '../../core/oci/open.ts';
import { keySigner } from '../../core/trust/sign.ts';
import { buildLayout } from '../../scripts/publisher/build-layout.ts';
import { publish, publishFreshness } from '../../scripts/publisher/publish.ts';
import { MAX_SNAPSHOT_BYTES, writeSnapshot } from '../../scripts/publisher/write-snapshot.ts';
import { loadRegistry, requireValid } from '../../scripts/registry/load.ts';
import { buildRunner } from '../../scripts/runner/build-runner.ts';
import { runPortolan } from '../support/command-line.ts';
import { LIST_TOOLS } from '../support/list-tools.ts';
import { needs } from '../support/needs.ts';
import { remoteEntry, type TestPublication, testPublication } from '../support/publication.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type RegistryProxy, startRegistryProxy } from '../support/registry-proxy.ts';

const DAY_MS = 86_400_000;
const skip = needs('docker-registry', 'npm').skip;

describe.skipIf(skip)('the catalog in the package', () => {
  let registry: TestRegistry;
  let proxy: RegistryProxy;
  let publication: TestPublication;
  let source = '';
  let installed = '';
  let home = '';
  let online = false;
  /** Snapshots by name, as the release workflow makes them. */
  const file = (name: string) => join(publication.folder, `${name}.tar.br`);

  beforeAll(async () => {
    registry = await startRegistry();
    proxy = await startRegistryProxy(registry.host);
    proxy.interfere = (request) => {
      if (!online) request.socket.destroy();
      return !online;
    };
    source = `oci://${proxy.host}/catalog`;
    publication = await testPublication();
    await declare(publication, source);
    const { folder } = publication;

    await publishNow(1, 40);
    await snapshot('old', 40);
    await publishNow(1, 1);
    await snapshot('fresh', 1);
    await publication.write('gamma', remoteEntry('gamma'));
    await publishNow(2, 0);

    // A package of this catalog, as a fork of this repository would publish it.
    const stage = join(folder, 'package');
    await buildRunner(join(stage, 'dist'), publication.registry);
    cpSync(file('old'), join(stage, 'dist', 'snapshot.tar.br'));
    cpSync('package.json', join(stage, 'package.json'));
    execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
      cwd: stage,
    });
    const [packed = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    installed = join(folder, 'empty');
    execFileSync('npm', [
      'install',
      ...['--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--silent'],
      ...['--engine-strict=false', '--prefix', installed, join(folder, packed)],
    ]);
  }, 240_000);
  afterAll(async () => {
    await proxy?.stop();
    await registry?.stop();
    await publication?.[Symbol.asyncDispose]();
  });
  let homes = 0;
  beforeEach(() => {
    homes += 1;
    home = join(publication.folder, `home-${homes}`);
    online = false;
    ship('old');
  });

  async function publishNow(number: number, daysAgo: number, key = publication.key) {
    await publish(
      requireValid(await loadRegistry(publication.registry)),
      await openRepository(`oci://${registry.host}/catalog`),
      {
        sign: keySigner(key),
        batchSize: 1,
        policy: publication.policy,
        position: { number, development: false },
        now: () => new Date(Date.now() - daysAgo * DAY_MS),
      },
    );
  }

  async function snapshot(name: string, daysAgo: number) {
    const from = await openRepository(`oci://${registry.host}/catalog`);
    const now = new Date(Date.now() - daysAgo * DAY_MS);
    await writeSnapshot(from, file(name), publication.policy, {
      maxBytes: MAX_SNAPSHOT_BYTES,
      now,
    });
  }

  const shipped = () => join(installed, 'node_modules', 'portolan', 'dist', 'snapshot.tar.br');
  const ship = (name: string) => cpSync(file(name), shipped());

  function portolan(args: readonly string[], stdin = '') {
    const { PORTOLAN_DEFAULT_CATALOG: _, ...env } = process.env;
    return runPortolan(args, {
      env: { ...env, PORTOLAN_HOME: home },
      cwd: installed,
      stdin,
      runner: join(installed, 'node_modules', '.bin', 'portolan'),
    });
  }

  it('is searched and shown with no network and nothing set up, and says how old it is', async () => {
    const found = await portolan(['search', 'beta']);
    expect(found).toMatchObject({ code: 0, stdout: expect.stringMatching(/^beta +container/) });
    expect(found.stderr).toContain('going on with what came with Portolan');
    expect(found.stderr).toContain('40 days old');
    const shown = await portolan(['show', 'beta']);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain('beta_tool');
    expect(shown.stdout).toContain(publication.key.fingerprint);
    expect((await portolan(['catalog', 'ls'])).stdout).toContain(source);
    expect((await portolan(['catalog', 'rm', 'default'])).stderr).toContain('CATALOG_BUILT_IN');
    const status = await portolan(['catalog', 'status']);
    expect(status.code).toBe(0);
    expect(status.stdout).toContain('this is what came with Portolan');
    expect(status.stdout).toContain('40 days ago');
    expect(status.stdout).toContain('nothing is run or added from it');
    expect(JSON.parse((await portolan(['catalog', 'status', '--json'])).stdout)[0]).toMatchObject({
      number: 1,
      offline: true,
      packaged: true,
    });
    expect((await portolan(['__complete', 'show', 'be'])).stdout).toContain('beta');
  });

  it('is not run or added from once nobody vouches for it', async () => {
    for (const args of [
      ['add', 'beta'],
      ['run', '--servers', 'beta'],
    ]) {
      const { code, stdout, stderr } = await portolan(args);
      expect(stderr).toContain('nothing is run or added from it');
      expect([args[0], code, stdout]).toEqual([args[0], 4, '']);
    }
  });

  it('is run from while its freshness statement holds', async () => {
    ship('fresh');
    expect(await portolan(['add', 'beta'])).toMatchObject({ code: 0 });
    const served = await portolan(['run'], LIST_TOOLS);
    expect(served.stdout).toContain('beta_tool');
    // The readme did not come with the package.
    const verified = await portolan(['verify', 'beta']);
    expect(verified.stdout).toContain('is needed, is not among what came with Portolan');
    online = true;
    expect(await portolan(['verify', 'beta'])).toMatchObject({ code: 0 });
  });

  it('gives way to what the registry has, and never comes back for it', async () => {
    online = true;
    proxy.log.length = 0;
    expect((await portolan(['search', 'gamma'])).stdout).toContain('gamma');
    expect(await portolan(['show', 'beta'])).toMatchObject({ code: 0 });
    // What has the same digest is taken from the package; who signed it is asked for.
    const { digest } = JSON.parse((await portolan(['show', 'beta', '--json'])).stdout);
    const asked = proxy.log.map(({ url }) => url);
    expect(asked).not.toContain(`/v2/catalog/manifests/${digest}`);
    expect(asked.join()).toContain(String(digest).replace(':', '-'));
    online = false;
    expect((await portolan(['search', 'gamma'])).stdout).toContain('gamma');
    rmSync(join(home, 'cache'), { recursive: true });
    const older = await portolan(['search', 'beta']);
    expect(older.code).toBe(4);
    expect(older.stderr).toContain('older than catalog 2');
  });

  it('is read beside a catalog of one’s own when it is added', async () => {
    online = true;
    const own = await portolan([
      ...['catalog', 'add', `oci-layout:${publication.layout}`, '--name', 'own'],
      ...['--key', publication.publicKeyPath],
    ]);
    expect(own).toMatchObject({ code: 0 });
    expect(own.stderr).toContain('portolan catalog add default');
    expect((await portolan(['search', 'gamma'])).stdout).toContain('No server matches');
    const { stdout } = await portolan(['catalog', 'add', 'default', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'default', source, number: 2, servers: 3 });
    expect((await portolan(['search', 'gamma'])).stdout).toContain('gamma');
    expect((await portolan(['catalog', 'ls'])).stdout.split('\n')).toHaveLength(3);
  });

  it('is refused when it was altered or cut off, or when somebody else signed it', async () => {
    const tar = brotliDecompressSync(readFileSync(file('old')));
    const text = 'A container server that exists only in tests.';
    for (let at = tar.indexOf(text); at >= 0; at = tar.indexOf(text, at)) tar.write('B', at);
    writeFileSync(shipped(), brotliCompressSync(tar));
    const altered = await portolan(['search']);
    expect(altered).toMatchObject({ code: 4, stdout: '' });
    expect(altered.stderr).toMatch(/came with Portolan.*sha256/);
    writeFileSync(shipped(), readFileSync(file('old')).subarray(0, -10));
    expect(await portolan(['search'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('install Portolan again'),
    });

    const other = await testPublication();
    const from = await openRepository(`oci-layout:${other.layout}`);
    await freshen(from, other);
    await writeSnapshot(from, file('other'), other.policy, { maxBytes: MAX_SNAPSHOT_BYTES });
    ship('other');
    expect(await portolan(['search'])).toMatchObject({ code: 6, stdout: '' });
    // And cannot be made for a catalog that trusts somebody else.
    await expect(
      writeSnapshot(from, file('never'), publication.policy, { maxBytes: MAX_SNAPSHOT_BYTES }),
    ).rejects.toMatchObject({ code: 'SIGNER_UNTRUSTED' });
    await other[Symbol.asyncDispose]();
  });
});

describe('the size of the snapshot', () => {
  it('stays within its part of the package, with every server of this registry', async () => {
    const publication = await testPublication();
    const layout = join(publication.folder, 'all');
    const all = requireValid(await loadRegistry(resolve('registry')));
    await buildLayout(all, layout, keySigner(publication.key), { number: 1, development: false });
    const from = await openRepository(`oci-layout:${layout}`);
    await freshen(from, publication);
    const path = join(publication.folder, 'all.tar.br');
    const whole = await writeSnapshot(from, path, publication.policy, {
      maxBytes: MAX_SNAPSHOT_BYTES,
    });
    expect(whole.shown).toBe(whole.catalog.servers.length);
    // Room for signatures by identities, which are larger, and for what is added next.
    expect(whole.bytes).toBeLessThan(MAX_SNAPSHOT_BYTES * 0.8);
    const half = await writeSnapshot(from, path, publication.policy, {
      maxBytes: whole.bytes / 2,
    });
    expect(half.bytes).toBeLessThanOrEqual(whole.bytes / 2);
    expect(half.shown).toBeGreaterThan(0);
    expect(half.shown).toBeLessThan(whole.shown);
    await publication[Symbol.asyncDispose]();
  }, 600_000);
});

/** Gives a layout the freshness statement that registries have. */
async function freshen(
  repository: Awaited<ReturnType<typeof openRepository>>,
  { key, policy }: TestPublication,
): Promise<void> {
  const tagged = await repository.resolveTag('catalog');
  await publishFreshness(
    repository,
    { number: 1, digest: tagged?.digest as never },
    {
      sign: keySigner(key),
      batchSize: 1,
      policy,
      position: { number: 1, development: false },
    },
  );
}

/** Names the address and the signer in catalog.yaml, as an owner does. */
async function declare({ registry, publicKeyPath }: TestPublication, source: string) {
  const path = join(registry, 'catalog.yaml');
  const key = readFileSync(publicKeyPath, 'utf8').trim().replace(/^/gm, '      ');
  writeFileSync(
    path,
    readFileSync(path, 'utf8')
      .replace(/^repository: .*$/m, `repository: ${source}`)
      .concat(`signers:\n  - publicKey: |\n${key}\n`),
  );
  mkdirSync(join(registry, 'servers', 'beta'), { recursive: true });
  writeFileSync(join(registry, 'servers', 'beta', 'readme.md'), '# Beta\n');
}
