import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { credentialsFromFiles } from '../../core/oci/credentials.ts';
import { openRegistry } from '../../core/oci/registry.ts';
import { bytesOf, descriptorOf, storeText } from '../support/artifacts.ts';
import { needs } from '../support/needs.ts';
import { startRegistry, TEST_PASSWORD, TEST_USER, type TestRegistry } from '../support/registry.ts';

const skip = needs('docker-registry', 'openssl').skip;
const AUTH = Buffer.from(`${TEST_USER}:${TEST_PASSWORD}`).toString('base64');
let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'portolan-home-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Opens a repository for a user whose docker configuration is the given one. */
function openAs(
  registry: TestRegistry,
  repository: string,
  dockerConfig: unknown,
  options: { path?: string; mountFrom?: string } = {},
) {
  const folder = mkdtempSync(join(home, 'docker-'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(dockerConfig));
  const env = { HOME: folder, DOCKER_CONFIG: folder, PATH: options.path ?? process.env.PATH };
  if (options.path) process.env.PATH = options.path;
  return openRegistry(
    { kind: 'registry', host: registry.host, repository },
    { credentials: credentialsFromFiles({ env }), attempts: 1, ...options },
  );
}

describe.skipIf(skip)('a registry with user and password', () => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry({ auth: 'basic' });
  });
  afterAll(() => registry?.stop());

  it('lets in whom docker has logged in', async () => {
    const auths = { [registry.host]: { auth: AUTH } };
    const repository = openAs(registry, 'team/basic', { auths });
    await storeText(repository, 'v1', 'by a user');
    expect(await repository.tags()).toEqual(['v1']);
  });

  it('says how to sign in when nobody has', async () => {
    const repository = openAs(registry, 'team/basic', {});
    await expect(repository.tags()).rejects.toMatchObject({
      kind: 'forbidden',
      code: 'ACCESS_DENIED',
      message: expect.stringContaining(`docker login ${registry.host}`),
    });
  });

  it('does not repeat a wrong password in its error', async () => {
    const wrong = Buffer.from('tester:hunter2-wrong').toString('base64');
    const auths = { [registry.host]: { auth: wrong } };
    const error = await openAs(registry, 'team/basic', { auths })
      .tags()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'forbidden', code: 'ACCESS_DENIED' });
    expect(JSON.stringify([String(error), (error as Error).stack])).not.toMatch(/hunter2|aHVudGVy/);
  });

  it('asks a credential helper, with the host on its stdin', async () => {
    const bin = join(home, 'bin');
    mkdirSync(bin, { recursive: true });
    const helper = join(bin, 'docker-credential-portolantest');
    writeFileSync(
      helper,
      `#!/bin/sh\nread host\necho "$1 $host" > "${home}/asked"\necho '${JSON.stringify({ ServerURL: 'x', Username: TEST_USER, Secret: TEST_PASSWORD })}'\n`,
    );
    chmodSync(helper, 0o755);
    const config = { credHelpers: { [registry.host]: 'portolantest' }, credsStore: 'absent' };
    const before = process.env.PATH;
    try {
      const path = `${bin}:${before}`;
      await storeText(openAs(registry, 'team/helper', config, { path }), 'v1', 'helped');
    } finally {
      process.env.PATH = before;
    }
    expect(readFileSync(join(home, 'asked'), 'utf8').trim()).toBe(`get ${registry.host}`);
  });
});

describe.skipIf(skip)('a registry with a token server', () => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry({ auth: 'token' });
    const auths = { [registry.host]: { auth: AUTH } };
    await storeText(openAs(registry, 'public/notes', { auths }), 'v1', 'for everybody');
  });
  afterAll(() => registry?.stop());
  beforeEach(() => {
    registry.tokens?.log.splice(0);
    if (registry.tokens) registry.tokens.lifetime = 300;
  });

  it('gets one token for one scope, however many requests there are', async () => {
    const repository = openAs(registry, 'public/notes', {});
    const found = await repository.resolveTag('v1');
    if (!found) throw new Error('the tag is gone');
    await Promise.all(Array.from({ length: 8 }, () => repository.readManifest(found.digest)));
    expect(registry.tokens?.log).toEqual([
      { method: 'GET', scopes: ['repository:public/notes:pull'], proof: 'none' },
    ]);
  });

  it('shares a token request among requests that start at once', async () => {
    const repository = openAs(registry, 'public/notes', {});
    await Promise.all(Array.from({ length: 8 }, () => repository.tags()));
    expect(registry.tokens?.log).toHaveLength(1);
  });

  it('asks for push only when it pushes', async () => {
    const auths = { [registry.host]: { auth: AUTH } };
    const repository = openAs(registry, 'team/push', { auths });
    await storeText(repository, 'v1', 'pushed');
    const scopes = registry.tokens?.log.flatMap((request) => request.scopes);
    expect(scopes).toEqual(['repository:team/push:pull', 'repository:team/push:pull,push']);
  });

  it('mounts with the right to pull from the other repository', async () => {
    const auths = { [registry.host]: { auth: AUTH } };
    const bytes = bytesOf('to be mounted');
    const descriptor = descriptorOf(bytes);
    await openAs(registry, 'team/origin', { auths }).putBlob(descriptor, bytes);
    const repository = openAs(registry, 'team/copy', { auths }, { mountFrom: 'team/origin' });
    let sent = false;
    await repository.putBlob(descriptor, async function* () {
      sent = true;
      yield bytes;
    });
    expect(sent).toBe(false);
  });

  it('renews a token that has run out', async () => {
    if (registry.tokens) registry.tokens.lifetime = 1;
    const repository = openAs(registry, 'public/notes', {});
    await repository.tags();
    await repository.tags();
    expect(registry.tokens?.log).toHaveLength(2);
  });

  it('uses an identity token as OAuth refresh token', async () => {
    registry.tokens?.refreshTokens.add('a-refresh-token');
    const auths = { [registry.host]: { identitytoken: 'a-refresh-token' } };
    await storeText(openAs(registry, 'team/oauth', { auths }), 'v1', 'refreshed');
    expect(registry.tokens?.log.map(({ method, proof }) => `${method} ${proof}`)).toEqual([
      'POST refresh',
      'POST refresh',
    ]);
  });

  it('keeps private what is private', async () => {
    await expect(openAs(registry, 'team/push', {}).tags()).rejects.toMatchObject({
      kind: 'forbidden',
      code: 'ACCESS_DENIED',
    });
    const wrong = { [registry.host]: { auth: Buffer.from('tester:wrong').toString('base64') } };
    await expect(openAs(registry, 'public/notes', { auths: wrong }).tags()).rejects.toMatchObject({
      kind: 'forbidden',
    });
  });
});

describe.skipIf(skip)('a registry with TLS of a private authority', () => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry({ tls: true, relativeUrls: true });
  });
  afterAll(() => registry?.stop());
  const open = (options: object) =>
    openRegistry({ kind: 'registry', host: registry.host, repository: 'a/b' }, options);

  it('is trusted with its authority, and not without', async () => {
    await storeText(open({ ca: registry.ca }), 'v1', 'over TLS');
    await expect(open({ plainHttp: false }).tags()).rejects.toMatchObject({
      kind: 'unreachable',
      code: 'CERTIFICATE_REFUSED',
    });
  });

  it('takes no file for an authority that holds none', () => {
    writeFileSync(join(home, 'empty.pem'), 'nothing here');
    expect(() => open({ ca: join(home, 'empty.pem') })).toThrow(/certificate/);
    expect(() => open({ ca: join(home, 'missing.pem') })).toThrow(/missing\.pem/);
  });
});
