import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionOf } from '../../scripts/publisher/connection.ts';
import { needs } from '../support/needs.ts';
import { remoteEntry, testPublication } from '../support/publication.ts';
import { startRegistry, TEST_PASSWORD, TEST_USER, type TestRegistry } from '../support/registry.ts';

const run = promisify(execFile);
const skip = needs('docker-registry', 'openssl').skip;

describe.skipIf(skip)('a job of CI with credentials in its environment', () => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry({ auth: 'basic' });
  });
  afterAll(() => registry?.stop());

  it('publishes with them, and not without', async () => {
    await using publication = await testPublication();
    const { folder, registry: entries } = publication;
    await publication.write('files', remoteEntry('files'));
    const git = (...args: string[]) =>
      run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: folder });
    await git('init', '--quiet');
    await git('add', 'registry');
    await git('commit', '--quiet', '-m', 'Start');
    const publish = (env: NodeJS.ProcessEnv) =>
      run(
        process.execPath,
        [
          ...[join(process.cwd(), 'scripts/publish.ts'), '--registry', entries],
          ...['--to', `oci://${registry.host}/catalog`],
        ],
        { cwd: folder, env: { PATH: process.env.PATH, HOME: folder, ...env } },
      );
    await expect(publish({})).rejects.toMatchObject({
      stderr: expect.stringContaining('wants a user and a password'),
    });
    const { stdout } = await publish({
      REGISTRY: registry.host,
      REGISTRY_USER: TEST_USER,
      REGISTRY_TOKEN: TEST_PASSWORD,
    });
    expect(stdout).toContain('is current');
    expect(stdout).not.toContain(TEST_PASSWORD);
  });
});

describe('credentials of the environment', () => {
  const env = { HOME: '/nowhere', REGISTRY: 'ghcr.io', REGISTRY_USER: 'me', REGISTRY_TOKEN: 'x' };
  const find = (host: string, set: NodeJS.ProcessEnv) =>
    connectionOf({ 'plain-http': false }, set).credentials?.(host, 'team/catalog');

  it('are for their host alone', async () => {
    expect(await find('ghcr.io', env)).toEqual({ kind: 'password', username: 'me', password: 'x' });
    expect(await find('ghcr.io.example', env)).toBeUndefined();
    expect(await find('docker.io', env)).toBeUndefined();
  });

  it('count only when all three are set', async () => {
    expect(await find('ghcr.io', { ...env, REGISTRY_USER: '' })).toBeUndefined();
    expect(await find('ghcr.io', { ...env, REGISTRY_TOKEN: undefined })).toBeUndefined();
  });
});
