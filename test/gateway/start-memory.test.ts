import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hexOf } from '../../core/oci/digest.ts';
import { openLayout } from '../../core/oci/layout.ts';
import { TOOLS_LAYER } from '../../core/oci/media-types.ts';
import { generateKeyPem } from '../../core/trust/keys.ts';
import { openCatalog } from '../../gateway/catalog/open-catalog.ts';
import { recallCatalog } from '../../gateway/catalog/recall.ts';
import { rememberCatalog, watchCatalog } from '../../gateway/catalog/remember.ts';
import { circumstancesOf } from '../../gateway/catalog/start-memory.ts';
import { type Outcome, runPortolan } from '../support/command-line.ts';
import { containerEntry, type TestPublication, testPublication } from '../support/publication.ts';

const LIST = [
  {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    },
  },
  { jsonrpc: '2.0', method: 'notifications/initialized' },
  { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} },
]
  .map((message) => `${JSON.stringify(message)}\n`)
  .join('');

let publication: TestPublication;
let home: string;
beforeEach(async () => {
  publication = await testPublication();
  home = join(publication.folder, 'home');
  // A layout that was written this moment is not remembered.
  await expect.poll(async () => (await list()).code === 0 && (await memories()).length).toBe(1);
});
afterEach(() => publication[Symbol.asyncDispose]());

function list(key = publication.publicKeyPath): Promise<Outcome> {
  const source = ['--catalog', `oci-layout:${publication.layout}`, '--key', key];
  return runPortolan(['run', ...source, '--servers', 'beta', '--audit', 'off'], {
    stdin: LIST,
    env: { ...process.env, PORTOLAN_HOME: home, PORTOLAN_DEFAULT_CATALOG: 'none' },
  });
}

const folder = () => join(home, 'state', 'starts');
const memories = () => readdir(folder()).catch(() => []);
const memory = async () => join(folder(), (await memories())[0] as string);

/** Alters the signed tools in the layout, and leaves its index as it is. */
async function alterTools() {
  const layout = await openLayout(publication.layout);
  const { digest } = (await layout.resolveTag('beta_1.0.0')) ?? { digest: 'sha256:' as const };
  const { manifest } = await layout.readManifest(digest);
  const tools = manifest.layers.find(({ mediaType }) => mediaType === TOOLS_LAYER);
  const path = join(publication.layout, 'blobs', 'sha256', hexOf(tools?.digest ?? 'sha256:'));
  await writeFile(path, (await readFile(path, 'utf8')).replace('Does beta.', 'Does evil.'));
}

/** Publishes catalog 2, in which beta is a tombstone. */
async function withdrawBeta() {
  const entry = join(publication.registry, 'servers', 'beta', 'server.yaml');
  const text = await readFile(entry, 'utf8');
  await writeFile(entry, `${text}status: { state: withdrawn, reason: Abandoned. }\n`);
  await publication.build({ number: 2 });
}

describe('the memory of a start', () => {
  it('stands in for what it verified, and is for its owner only', async () => {
    await alterTools();
    const { code, stdout } = await list();
    expect(code).toBe(0);
    expect(stdout).toContain('Does beta.');
    await rm(folder(), { recursive: true });
    expect((await list()).stderr).toContain('(unverified: DIGEST_MISMATCH)');
  });

  it.each([
    ['bytes of tools', 'Does beta.', 'Does evil.'],
    ['the digest of an artifact', /"digest":"sha256:([0-9a-f]{8})/g, '"digest":"sha256:00000000'],
    ['a signer', /"signer":"SHA256:[0-9a-f]{8}/g, '"signer":"SHA256:00000000'],
    ['the policy', /"policy":"[0-9a-f]{8}/, '"policy":"00000000'],
    ['the schemas', /"schemas":"[^"]*"/, '"schemas":"others"'],
    ['the first line', '{"circumstances"', '{circumstances'],
    ['everything', /^[\s\S]*$/, ''],
  ])('is not believed when %s was altered', async (_, found, replacement) => {
    const path = await memory();
    const before = await readFile(path, 'utf8');
    const altered = before.replace(found, replacement);
    expect(altered).not.toBe(before);
    await writeFile(path, altered);
    const { stdout } = await list();
    expect(stdout).toContain('Does beta.');
    // Verified anew, and written anew.
    expect(await readFile(path, 'utf8')).toBe(before);
  });

  it('is not believed when others can read or write it', async () => {
    await alterTools();
    await chmod(await memory(), 0o664);
    expect((await list()).stderr).toContain('(unverified: DIGEST_MISMATCH)');
  });

  it('does not hold for another key', async () => {
    const stranger = join(publication.folder, 'stranger.pub');
    await writeFile(stranger, generateKeyPem().publicPem);
    const outcome = await list(stranger);
    expect(outcome.stdout).not.toContain('beta_tool');
    expect(outcome.stderr).toContain('(untrusted: SIGNER_UNTRUSTED)');
  });

  it('does not hold for another catalog: a withdrawn server is gone at once', async () => {
    await withdrawBeta();
    const outcome = await list();
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr).toContain('(forbidden: SERVER_WITHDRAWN)');
  });

  it('does not hold for an older catalog that is put back', async () => {
    const old = join(publication.folder, 'old');
    await cp(publication.layout, old, { recursive: true, preserveTimestamps: true });
    await publication.build({ number: 2 });
    expect((await list()).code).toBe(0);
    await cp(old, publication.layout, { recursive: true, preserveTimestamps: true });
    expect((await list()).stderr).toContain('(untrusted: CATALOG_ROLLBACK)');
  });

  it('does not hold for what it lacks: that is read from a catalog that is accepted', async () => {
    const source = `oci-layout:${publication.layout}`;
    const { policy } = publication;
    const stateDir = join(home, 'own-state');
    const folders = { stateDir, cacheDir: stateDir };
    const wanted = { servers: ['beta'], all: false };
    const open = watchCatalog(await openCatalog(source, policy, folders));
    await open.catalog.server('beta');
    await expect
      .poll(async () => {
        const before = circumstancesOf(source, policy);
        if (before) await rememberCatalog(open, policy, wanted, before, folders);
        return recallCatalog(source, policy, wanted, folders);
      })
      .toBeDefined();
    const recalled = (await recallCatalog(source, policy, wanted, folders))?.catalog;
    expect((await recalled?.server('alpha'))?.entry.name).toBe('alpha');
    const beta = await recalled?.server('beta');
    const lock = { version: '1.0.0', digest: beta?.descriptor.digest ?? '' };
    expect((await recalled?.server('beta', undefined, lock))?.entry.name).toBe('beta');

    const old = join(publication.folder, 'old');
    await cp(publication.layout, old, { recursive: true, preserveTimestamps: true });
    await withdrawBeta();
    const withdrawn = { code: 'SERVER_WITHDRAWN' };
    await expect(recalled?.server('beta', undefined, lock)).rejects.toMatchObject(withdrawn);
    await expect(beta?.readLayer('text/markdown')).rejects.toMatchObject(withdrawn);
    await cp(old, publication.layout, { recursive: true, preserveTimestamps: true });
    const rollback = { code: 'CATALOG_ROLLBACK' };
    await expect(recalled?.server('alpha')).rejects.toMatchObject(rollback);
    await expect(recalled?.server('beta', undefined, lock)).rejects.toMatchObject(rollback);
  });

  describe('of a profile whose servers are locked', () => {
    const env = () => ({
      ...process.env,
      PORTOLAN_HOME: home,
      PORTOLAN_DEFAULT_CATALOG: 'none',
    });
    const portolan = (...args: string[]) => runPortolan(args, { env: env() });
    const listProfile = () =>
      runPortolan(['run', '--profile', 'work', '--audit', 'off'], { stdin: LIST, env: env() });

    beforeEach(async () => {
      await rm(folder(), { recursive: true });
      const source = `oci-layout:${publication.layout}`;
      await portolan('catalog', 'add', source, '--key', publication.publicKeyPath);
      expect((await portolan('add', 'beta', '--profile', 'work')).stderr).not.toContain('error');
      const first = await listProfile();
      expect(first.stdout, first.stderr).toContain('Does beta.');
      expect(await memories()).toHaveLength(1);
    });

    it('stands in for what it verified', async () => {
      await alterTools();
      expect((await listProfile()).stdout).toContain('Does beta.');
      await rm(folder(), { recursive: true });
      expect((await listProfile()).stdout).not.toContain('Does beta.');
    });

    it('does not hold for another digest in the lock, nor for a lock that contradicts it', async () => {
      const path = join(home, 'config', 'profiles', 'work.lock.json');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace(/("digest": ")sha256:.{8}/, '$1sha256:00000000'));
      expect((await listProfile()).stdout).not.toContain('Does beta.');
      await writeFile(path, text.replace(/("tools": ")sha256:.{8}/, '$1sha256:00000000'));
      const contradicted = await listProfile();
      expect(contradicted.stdout).not.toContain('Does beta.');
      expect(contradicted.stderr).toContain('contradicts itself');
      await writeFile(path, text);
      expect((await listProfile()).stdout).toContain('Does beta.');
    });

    it('remembers a server that is left out, too', async () => {
      await withdrawBeta();
      await expect
        .poll(async () => {
          await rm(folder(), { recursive: true });
          const outcome = await listProfile();
          expect(outcome.stderr).toContain('was withdrawn');
          expect(outcome.stderr).not.toContain('not remembered');
          return memories();
        })
        .toHaveLength(1);
      const before = await readFile(await memory(), 'utf8');
      const layout = await openLayout(publication.layout);
      const { digest } = (await layout.resolveTag('catalog')) ?? { digest: 'sha256:' as const };
      await rm(join(publication.layout, 'blobs', 'sha256', hexOf(digest)));
      const again = await listProfile();
      expect(again.stderr).toContain('was withdrawn');
      expect(again.code).toBe(0);
      expect(await readFile(await memory(), 'utf8')).toBe(before);
    });

    it('does not hold for a server that was withdrawn since', async () => {
      await withdrawBeta();
      const outcome = await listProfile();
      expect(outcome.stdout).not.toContain('Does beta.');
      expect(outcome.stderr).toContain('was withdrawn');
    });
  });

  describe('of every server of a catalog', () => {
    const all = () => {
      const source = ['--catalog', `oci-layout:${publication.layout}`];
      const trust = ['--key', publication.publicKeyPath, '--audit', 'off'];
      return runPortolan(['run', ...source, ...trust, '--all'], {
        stdin: LIST,
        env: { ...process.env, PORTOLAN_HOME: home, PORTOLAN_DEFAULT_CATALOG: 'none' },
      });
    };
    const deny = async (...names: string[]) => {
      await mkdir(join(home, 'config'), { recursive: true });
      const policy = `servers: { deny: [${names.join(', ')}] }\n`;
      await writeFile(join(home, 'config', 'policy.yaml'), policy);
    };

    beforeEach(async () => {
      await rm(folder(), { recursive: true });
      // Its tools would be listed live.
      await deny('alpha');
      expect((await all()).stdout).toContain('Does beta.');
      expect(await memories()).toHaveLength(1);
    });

    it('stands in for what it verified, and is another one than that of named servers', async () => {
      await alterTools();
      expect((await all()).stdout).toContain('Does beta.');
      expect((await list()).stderr).toContain('(unverified: DIGEST_MISMATCH)');
      await rm(folder(), { recursive: true });
      expect((await all()).stderr).toContain('(unverified: DIGEST_MISMATCH)');
    });

    it('serves what came and not what went since', async () => {
      const tools = [{ name: 'gamma_tool', inputSchema: { type: 'object' } }];
      await publication.write('gamma', containerEntry('gamma'), {
        capturedFrom: `registry.example/gamma@sha256:${'b'.repeat(64)}`,
        serverInfo: { name: 'gamma', version: '1.0.0' },
        capabilities: { tools: {} },
        tools,
      });
      await withdrawBeta();
      const outcome = await all();
      expect(outcome.stdout).toContain('gamma_tool');
      expect(outcome.stdout).not.toContain('beta_tool');
    });

    it('lacks what a policy refused, which is verified once it is allowed', async () => {
      await deny('alpha', 'beta');
      await rm(folder(), { recursive: true });
      expect((await all()).stdout).not.toContain('Does beta.');
      expect(await memories()).toHaveLength(1);
      await deny('alpha');
      await alterTools();
      expect((await all()).stderr).toContain('(unverified: DIGEST_MISMATCH)');
    });
  });

  it('obeys a policy that came later', async () => {
    await mkdir(join(home, 'config'), { recursive: true });
    await writeFile(join(home, 'config', 'policy.yaml'), 'servers: { deny: [beta] }\n');
    const outcome = await list();
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr).toContain('(forbidden: POLICY_REFUSED)');
  });
});
