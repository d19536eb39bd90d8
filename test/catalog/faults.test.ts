import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRepository } from '../../core/oci/open.ts';
import { keySigner } from '../../core/trust/sign.ts';
import { openCatalog } from '../../gateway/catalog/open-catalog.ts';
import { publish } from '../../scripts/publisher/publish.ts';
import { loadRegistry, requireValid } from '../../scripts/registry/load.ts';
import { needs } from '../support/needs.ts';
import { type TestPublication, testPublication } from '../support/publication.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { startRegistryProxy } from '../support/registry-proxy.ts';

const { skip } = needs('docker-registry');

describe.skipIf(skip)('a gateway and its registry', () => {
  let registry: TestRegistry;
  let publication: TestPublication;
  let home: string;
  let logged: string[];

  beforeEach(async () => {
    registry = await startRegistry();
    publication = await testPublication();
    home = mkdtempSync(join(tmpdir(), 'portolan-home-'));
    logged = [];
    const loaded = requireValid(await loadRegistry(publication.registry));
    await publish(loaded, await openRepository(`oci://${registry.host}/faults`), {
      sign: keySigner(publication.key),
      batchSize: 1,
      policy: publication.policy,
      position: { number: 1, development: false },
    });
  });
  afterEach(async () => {
    await registry.stop();
    await publication[Symbol.asyncDispose]();
    rmSync(home, { recursive: true, force: true });
  });

  const open = (host: string, cacheDir = join(home, 'cache')) =>
    openCatalog(`oci://${host}/faults`, publication.policy, {
      stateDir: join(home, 'state'),
      cacheDir,
      log: (line) => logged.push(line),
      connection: { attempts: 1 },
    });

  it('a registry that is killed during the pull: a clear error, and a start from what is there', async () => {
    const proxy = await startRegistryProxy(registry.host);
    const catalog = await open(proxy.host);
    await catalog.server('alpha');
    // The registry dies when the next server's content is asked for.
    let killed = false;
    proxy.interfere = async () => {
      if (!killed) await registry.stop();
      killed = true;
      return false;
    };
    await expect(catalog.server('beta')).rejects.toMatchObject({ kind: 'unreachable' });
    expect(killed).toBe(true);
    const later = await open(proxy.host);
    expect(later.offline).toBe(true);
    expect((await later.server('alpha')).entry.name).toBe('alpha');
    await expect(later.server('beta')).rejects.toMatchObject({ kind: 'unreachable' });
    expect(logged.join('\n')).toContain('going on with what was fetched before');
    await proxy.stop();
  });

  it('a start whose downloads are cut off at every single request: never half a catalog', async () => {
    const proxy = await startRegistryProxy(registry.host);
    const counted = await open(proxy.host, join(home, 'counted'));
    await counted.server('beta');
    const requests = proxy.log.length;
    expect(requests).toBeGreaterThan(5);
    for (let cut = 0; cut < requests; cut += 1) {
      let seen = 0;
      proxy.interfere = (_request, response) => {
        seen += 1;
        if (seen <= cut) return false;
        response.destroy();
        return true;
      };
      const cache = join(home, `cut-${cut}`);
      const broken = open(proxy.host, cache).then((catalog) => catalog.server('beta'));
      const outcome = await broken.then(
        () => 'complete',
        (error) => error.kind,
      );
      expect(['complete', 'unreachable']).toContain(outcome);
      proxy.interfere = () => false;
      expect((await (await open(proxy.host, cache)).server('beta')).entry.name).toBe('beta');
    }
    await proxy.stop();
  });

  it('a disk that is full, or fills up: everything is verified and used, only not kept', async () => {
    const disk = join(home, 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    if (mounted.status !== 0) {
      // Only root may mount; .ci/run is root.
      expect(process.getuid?.()).not.toBe(0);
      return;
    }
    try {
      for (const free of [48, 16, 8, 4, 0]) {
        rmSync(join(disk, 'cache'), { recursive: true, force: true });
        rmSync(join(disk, 'ballast'), { force: true });
        const { bsize, bavail } = statfsSync(disk);
        const fill = bsize * bavail - free * 1024;
        if (fill > 0) writeFileSync(join(disk, 'ballast'), Buffer.alloc(fill));
        const catalog = await open(registry.host, join(disk, 'cache'));
        expect((await catalog.server('beta')).tools?.tools[0]?.name).toBe('beta_tool');
      }
      expect(statfsSync(disk).bavail).toBe(0);
      expect(logged.join('\n')).toContain('cannot be written');
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});
