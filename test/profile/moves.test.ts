import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packArtifact, putArtifact } from '../../core/oci/artifact.ts';
import { openRepository } from '../../core/oci/open.ts';
import { generateKeyPem } from '../../core/trust/keys.ts';
import { needs } from '../support/needs.ts';
import { type Outcome, portolan, portolanOutput } from '../support/portolan.ts';
import { type TestPublication, testPublication } from '../support/publication.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { identityToken, startSigstore } from '../support/sigstore.ts';

let publication: TestPublication;
let env: NodeJS.ProcessEnv;
let registry: TestRegistry | undefined;
const { skip: noRegistry } = needs('docker-registry');
const signing = generateKeyPem();
const stranger = generateKeyPem();

beforeAll(async () => {
  publication = await testPublication();
  if (!noRegistry) registry = await startRegistry();
  env = {
    ...process.env,
    PORTOLAN_HOME: join(publication.folder, 'home'),
    PORTOLAN_DEFAULT_CATALOG: 'none',
  };
  await writeFile(at('team.key'), signing.privatePem);
  await writeFile(at('team.pub'), signing.publicPem);
  await writeFile(at('stranger.pub'), stranger.publicPem);
  const source = `oci-layout:${publication.layout}`;
  await run('catalog', 'add', source, '--key', publication.publicKeyPath, '--name', 'mine');
  await run('add', 'beta', '--profile', 'team');
  const path = at('home', 'config', 'profiles', 'team.yaml');
  await writeFile(path, `# Written by the team.\n${await readFile(path, 'utf8')}`);
});
afterAll(async () => {
  await registry?.stop();
  await publication[Symbol.asyncDispose]();
});

const at = (...parts: string[]) => join(publication.folder, ...parts);
const attempt = (...args: string[]): Promise<Outcome> =>
  portolan(args, { env, cwd: publication.folder });
const run = (...args: string[]): Promise<string> =>
  portolanOutput(args, { env, cwd: publication.folder });
const shown = async (name: string) => JSON.parse(await run('profile', 'show', name, '--json'));
const profileFile = (name: string) =>
  readFile(at('home', 'config', 'profiles', `${name}.yaml`), 'utf8');

describe('a profile in one file', () => {
  it('comes back with its lock and its comments', async () => {
    await run('profile', 'export', 'team', '--output', 'team.yaml');
    await run('profile', 'import', 'team.yaml', 'copy');
    expect((await shown('copy')).lock).toEqual((await shown('team')).lock);
    expect(await profileFile('copy')).toBe(await profileFile('team'));
    expect((await attempt('profile', 'import', 'team.yaml', 'copy')).stderr).toContain(
      'PROFILE_EXISTS',
    );
    expect(await run('profile', 'import', 'team.yaml', 'copy', '--replace')).toContain('beta');
    await writeFile(at('bad.yaml'), 'servers: {beta: {isolation: none}}\n');
    expect((await attempt('profile', 'import', 'bad.yaml', 'bad')).stderr).toContain('bad.yaml:1:');
  });

  it('of Docker gives what the catalogs have, and says what is lost', async () => {
    await writeFile(
      at('docker.json'),
      JSON.stringify({
        version: 1,
        id: 'dev',
        name: 'dev',
        servers: [
          {
            type: 'image',
            image: `mcp/beta@sha256:${'a'.repeat(64)}`,
            secrets: 'default',
            config: { folder: '/srv' },
            tools: ['beta_tool'],
            snapshot: { server: { name: 'beta', type: 'server' } },
          },
          {
            type: 'remote',
            endpoint: 'https://x.example/mcp',
            snapshot: { server: { name: 'x' } },
          },
        ],
        secrets: { default: { provider: 'docker-desktop-store' } },
      }),
    );
    const text = await run('profile', 'import', 'docker.json', 'fromdocker');
    expect(text).toContain('! x is in none of the catalogs; left out');
    expect(text).toContain('! beta: the setting folder has no counterpart here; left out');
    expect(text).toContain('portolan update --profile fromdocker');
    expect((await shown('fromdocker')).profile.servers).toEqual({
      beta: { tools: { enable: ['beta_tool'] } },
    });
  });
});

const targets = [
  ['a layout', () => `oci-layout:${at('profiles')}:team`],
  ['a registry', () => `oci://${registry?.host}/profiles:team`],
] as const;

describe.each(targets)('a profile in %s', (name, target) => {
  it.skipIf(name === 'a registry' && noRegistry)('is signed, and verified first', async () => {
    expect((await attempt('profile', 'push', 'team', target())).stderr).toContain('SIGNER_MISSING');
    const pushed = await run('profile', 'push', 'team', target(), '--signing-key', 'team.key');
    expect(pushed).toContain('signed by the key SHA256:');
    const into = name.replaceAll(' ', '-');
    expect((await attempt('profile', 'pull', target(), into)).stderr).toContain('TRUST_MISSING');
    const wrong = await attempt('profile', 'pull', target(), into, '--key', 'stranger.pub');
    expect(wrong).toMatchObject({ code: 6 });
    // Nothing is written before the signature held.
    expect((await attempt('profile', 'show', into)).stderr).toContain('PROFILE_UNKNOWN');
    const pulled = await run('profile', 'pull', target(), into, '--key', 'team.pub', '--use');
    expect(pulled).toContain('signed by the key SHA256:');
    expect(await profileFile(into)).toBe(await profileFile('team'));
    expect((await shown(into)).lock).toEqual((await shown('team')).lock);
    // The same files give the same artifact.
    const again = await run('profile', 'push', into, target(), '--signing-key', 'team.key');
    expect(/sha256:[0-9a-f]{64}/.exec(again)?.[0]).toBe(/sha256:[0-9a-f]{64}/.exec(pushed)?.[0]);
  });

  it.skipIf(name === 'a registry' && noRegistry)('is not pulled unsigned', async () => {
    const other = target().replace(/:team$/, ':unsigned');
    await writeFile(at('unsigned.yaml'), '# Another one.\nservers: {}\n');
    await run('profile', 'push', './unsigned.yaml', other, '--unsigned');
    const pulled = await attempt('profile', 'pull', other, 'unsigned', '--key', 'team.pub');
    expect(pulled).toMatchObject({ code: 5 });
    expect(pulled.stderr).toContain('SIGNATURE_MISSING');
  });

  it.skipIf(name === 'a registry' && noRegistry)('of Docker is read as well', async () => {
    const repository = await openRepository(target(), { create: true });
    const bytes = new TextEncoder().encode(
      JSON.stringify({
        version: 1,
        id: 'd',
        name: 'd',
        servers: [{ type: 'image', image: 'mcp/beta:latest' }],
      }),
    );
    const file = { title: 'profile.json', mediaType: 'application/json', bytes };
    const artifact = packArtifact('application/vnd.docker.mcp.profile.v1+json', [file]);
    await repository.putTag('docker', await putArtifact(repository, artifact));
    const text = await run(
      'profile',
      'pull',
      target().replace(/:team$/, ':docker'),
      `docker-${name.replaceAll(' ', '-')}`,
    );
    expect(text).toContain('which nobody signed');
    expect(text).toContain('beta');
  });
});

describe('a profile signed without a key', () => {
  it('is pulled by whom it names as signer, and by nobody else', async () => {
    const sigstore = await startSigstore();
    const sub = 'https://github.com/example/team/.github/workflows/profile.yml@refs/heads/main';
    const iss = 'https://token.actions.githubusercontent.com';
    await writeFile(at('root.json'), JSON.stringify(sigstore.trustedRoot));
    const target = `oci-layout:${at('keyless')}:v1`;
    const { url } = sigstore;
    const services = ['--fulcio-url', url, '--rekor-url', url, '--tsa-url', url];
    const push = (token: string | undefined) =>
      portolan(['profile', 'push', 'team', target, '--keyless', ...services], {
        env: { ...env, SIGSTORE_ID_TOKEN: token },
        cwd: publication.folder,
      });
    expect(await push(undefined)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('SIGSTORE_ID_TOKEN'),
    });
    const pushed = await push(identityToken({ sub, iss, aud: 'sigstore' }));
    expect(pushed.stdout).toContain('signed by the identity of this job');
    const trust = (identity: string) => [
      ...['--identity', identity, '--issuer', iss, '--trusted-root', 'root.json'],
    ];
    const other = await attempt('profile', 'pull', target, 'keyless', ...trust(`${sub}x`));
    expect(other).toMatchObject({ code: 6 });
    expect(await run('profile', 'pull', target, 'keyless', ...trust(sub))).toContain(sub);
    expect((await shown('keyless')).lock).toEqual((await shown('team')).lock);
    await sigstore[Symbol.asyncDispose]();
  });
});

describe('other tools', () => {
  it.skipIf(needs('oras').skip)('pull the two files with their names', async () => {
    await run(
      'profile',
      'push',
      'team',
      `oci-layout:${at('oras')}:v1`,
      '--signing-key',
      'team.key',
    );
    await mkdir(at('pulled'), { recursive: true });
    const oras = spawnSync('oras', [
      'pull',
      '--oci-layout',
      `${at('oras')}:v1`,
      '-o',
      at('pulled'),
    ]);
    expect(oras.stderr.toString()).toBe('');
    expect(await readFile(at('pulled', 'portolan.yaml'), 'utf8')).toBe(await profileFile('team'));
    expect(await readFile(at('pulled', 'portolan.lock.json'), 'utf8')).toContain('"beta"');
  });
});
