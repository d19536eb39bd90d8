import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_SNAPSHOT_BYTES } from '../../scripts/publisher/write-snapshot.ts';
import { buildRunner } from '../../scripts/runner/build-runner.ts';
import { type BuiltCatalog, builtCatalog } from '../support/built-gateway.ts';
import { LIST_TOOLS } from '../support/list-tools.ts';
import { needs } from '../support/needs.ts';
import { nodeOf } from '../support/node-versions.ts';

const skip = needs('npm').skip;

describe.skipIf(skip)('the package', () => {
  let folder = '';
  let installed = '';
  let catalog: BuiltCatalog;
  beforeAll(async () => {
    catalog = await builtCatalog(['everything']);
    folder = mkdtempSync(join(tmpdir(), 'portolan-pack-'));
    // Built as from a fresh clone: parts of earlier builds stay in dist for an hour.
    const stage = join(folder, 'stage');
    await buildRunner(join(stage, 'dist'));
    for (const file of ['package.json', 'README.md', 'LICENSE']) {
      cpSync(file, join(stage, file));
    }
    execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
      cwd: stage,
    });
    const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    installed = join(folder, 'empty');
    execFileSync('npm', [
      'install',
      '--offline',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      '--silent',
      '--engine-strict=false',
      '--prefix',
      installed,
      join(folder, file),
    ]);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
    catalog?.remove();
  });

  it('is smaller than 2 MB and brings no dependency', () => {
    const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    // A release has the catalog in it, too.
    const { size } = statSync(join(folder, file));
    expect(size + MAX_SNAPSHOT_BYTES).toBeLessThan(2_000_000);
    const modules = readdirSync(join(installed, 'node_modules')).filter(
      (one) => !one.startsWith('.'),
    );
    expect(modules).toEqual(['portolan']);
  });

  const portolan = (node: string, ...args: string[]) =>
    spawnSync(node, [join(installed, 'node_modules', '.bin', 'portolan'), ...args], {
      encoding: 'utf8',
      env: catalog.env,
      cwd: installed,
    });

  for (const major of [22, 24, 26]) {
    const node = skip ? undefined : nodeOf(major);
    it.skipIf(!node)(`runs on Node.js ${major}`, () => {
      expect(portolan(String(node), '--version').stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
      const shown = portolan(String(node), 'show', 'everything', ...catalog.source, '--json');
      expect(shown.status).toBe(0);
      expect(JSON.parse(shown.stdout).entry.name).toBe('everything');
      // The gateway answers one client on stdio and leaves with it.
      const served = spawnSync(
        String(node),
        [
          join(installed, 'node_modules', '.bin', 'portolan'),
          'run',
          ...catalog.source,
          '--servers',
          'everything',
        ],
        {
          encoding: 'utf8',
          env: catalog.env,
          input: LIST_TOOLS,
        },
      );
      expect(served.status).toBe(0);
      expect(served.stdout).toContain('get-sum');
    });
  }

  const old = skip ? undefined : nodeOf(20);
  it.skipIf(!old)('refuses Node.js 20 with one sentence', () => {
    const { status, stdout, stderr } = portolan(String(old), '--version');
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('needs Node.js 22 or newer; this is v20.');
  });
});
