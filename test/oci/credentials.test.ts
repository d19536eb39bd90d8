import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { credentialsFromFiles } from '../../core/oci/credentials.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'portolan-credentials-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
const user = (username: string, password: string) => ({ kind: 'password', username, password });

function write(path: string, content: unknown) {
  const full = join(home, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, typeof content === 'string' ? content : JSON.stringify(content));
  return full;
}

function find(
  host: string,
  repository = 'a/b',
  env: NodeJS.ProcessEnv = {},
  runHelper?: (program: string, input: string) => Promise<{ stdout: string; ok: boolean }>,
) {
  const sources = { env: { HOME: home, ...env }, ...(runHelper ? { runHelper } : {}) };
  return credentialsFromFiles(sources)(host, repository);
}

describe('credentials', () => {
  it('are nobody’s where there are no files', async () => {
    expect(await find('ghcr.io')).toBeUndefined();
  });

  it('belong to one host exactly', async () => {
    const auths = { 'ghcr.io': auth('me:one'), 'https://old.example/v1/': auth('me:two') };
    write('.docker/config.json', { auths });
    expect(await find('ghcr.io')).toEqual(user('me', 'one'));
    expect(await find('old.example')).toEqual(user('me', 'two'));
    for (const host of ['ghcr.io.evil.example', 'evil-ghcr.io', 'ghcr.i', 'ghcr.io:444', 'io']) {
      expect(await find(host)).toBeUndefined();
    }
  });

  it('of a part of a host do not leave that part', async () => {
    const auths = { 'quay.io/team': auth('team:one'), 'quay.io/team/b': auth('team:two') };
    write('.config/containers/auth.json', { auths });
    expect(await find('quay.io', 'team/a')).toEqual(user('team', 'one'));
    expect(await find('quay.io', 'team/b')).toEqual(user('team', 'two'));
    expect(await find('quay.io', 'teams/a')).toBeUndefined();
    expect(await find('quay.io', 'other')).toBeUndefined();
  });

  it('are found where DOCKER_CONFIG and REGISTRY_AUTH_FILE point, docker first', async () => {
    const folder = dirname(write('elsewhere/config.json', { auths: { a: auth('d:1') } }));
    const file = write('podman.json', { auths: { a: auth('p:1'), b: auth('p:2') } });
    const env = { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: file };
    expect(await find('a', 'x', env)).toEqual(user('d', '1'));
    expect(await find('b', 'x', env)).toEqual(user('p', '2'));
  });

  it('keep colons of a password, and know Docker Hub by its old name', async () => {
    write('.docker/config.json', { auths: { 'https://index.docker.io/v1/': auth('me:a:b:c') } });
    expect(await find('docker.io')).toEqual(user('me', 'a:b:c'));
    expect(await find('registry-1.docker.io')).toEqual(user('me', 'a:b:c'));
  });

  it('come from the helper of the host, then the store, then auths', async () => {
    write('.docker/config.json', {
      credHelpers: { a: 'helper' },
      credsStore: 'store',
      auths: { c: auth('file:3') },
    });
    const asked: string[] = [];
    const runHelper = async (program: string, host: string) => {
      asked.push(`${program} ${host}`);
      const found = host === 'a' ? 'helper' : 'store';
      return host === 'c'
        ? { ok: false, stdout: 'credentials not found in native keychain\n' }
        : { ok: true, stdout: JSON.stringify({ Username: found, Secret: 's' }) };
    };
    expect(await find('a', 'x', {}, runHelper)).toEqual(user('helper', 's'));
    expect(await find('b', 'x', {}, runHelper)).toEqual(user('store', 's'));
    expect(await find('c', 'x', {}, runHelper)).toEqual(user('file', '3'));
    expect(asked).toEqual([
      'docker-credential-helper a',
      'docker-credential-store b',
      'docker-credential-store c',
    ]);
  });

  it('may be tokens', async () => {
    write('.docker/config.json', {
      auths: { a: { identitytoken: 'refresh' }, b: { registrytoken: 'bearer' } },
    });
    expect(await find('a')).toEqual({ kind: 'identity', refreshToken: 'refresh' });
    expect(await find('b')).toEqual({ kind: 'bearer', token: 'bearer' });
    const runHelper = async () => ({ ok: true, stdout: '{"Username":"<token>","Secret":"r"}' });
    write('.docker/config.json', { credsStore: 'x' });
    expect(await find('a', 'x', {}, runHelper)).toEqual({ kind: 'identity', refreshToken: 'r' });
  });

  it.each([
    [
      'a file that is not JSON',
      '{"auths": {"a": {"auth": "c2VjcmV0OnNlY3JldA=="',
      'DOCKER_CONFIG_MALFORMED',
    ],
    ['an auth without a colon', { auths: { a: auth('c2VjcmV0') } }, 'DOCKER_CONFIG_MALFORMED'],
    ['a helper that is a path', { credsStore: '../../bin/sh' }, 'DOCKER_CONFIG_MALFORMED'],
    ['a helper that is missing', { credsStore: 'portolan-no-such' }, 'CREDENTIAL_HELPER_FAILED'],
  ])('in %s give an error that names the file and no secret', async (_, content, code) => {
    const path = write('.docker/config.json', content);
    const error = await find('a').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain(
      code === 'CREDENTIAL_HELPER_FAILED' ? 'portolan-no-such' : path,
    );
    expect(String(error)).not.toContain('c2VjcmV0');
  });
});
