import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCatalog, builtCatalog } from '../support/built-gateway.ts';
import { freePort } from '../support/free-port.ts';
import { needs } from '../support/needs.ts';
import { type FixtureImage, podmanEnv, startFixtureImage } from '../support/podman.ts';
import { runScript } from '../support/run-script.ts';

const skip = needs('podman', 'docker-registry').skip;
const VOLUME = `portolan-test-${process.pid}`;
const TAG = 'localhost/portolan-test:image';

describe.skipIf(skip)('the image of the gateway', () => {
  let fixture: FixtureImage;
  let catalog: BuiltCatalog;
  let env: NodeJS.ProcessEnv = {};
  let port = 0;
  let container = '';
  let mounted = '';
  const podman = (...args: string[]) => spawnSync('podman', args, { env, encoding: 'utf8' });

  beforeAll(async () => {
    env = podmanEnv();
    catalog = await builtCatalog(['everything']);
    // A base with our own Node.js and nothing else, not even a shell, by its tag.
    fixture = await startFixtureImage();
    const built = await runScript(
      'build-image.ts',
      ['--base', fixture.reference, '--tag', TAG, '--engine', 'podman'],
      env as Record<string, string>,
    );
    expect(built).toMatchObject({ code: 0 });
    mounted = join(catalog.folder, 'mounted');
    mkdirSync(mounted);
    cpSync(catalog.layout, join(mounted, 'catalog'), { recursive: true });
    cpSync(join(catalog.folder, 'key.pub'), join(mounted, 'key.pub'));
    port = await freePort();
    const started = podman(
      'run',
      ...['--detach', '--read-only', '--tmpfs', '/tmp', '--cap-drop', 'all'],
      ...['--security-opt', 'no-new-privileges', '--network', 'host'],
      ...['--volume', `${mounted}:/srv:ro`, '--volume', `${VOLUME}:/home/portolan`],
      ...['--env', 'PORTOLAN_DEFAULT_CATALOG=none'],
      TAG,
      ...['run', '--transport=http', '--host=127.0.0.1', `--port=${port}`],
      ...['--catalog=oci-layout:/srv/catalog', '--key=/srv/key.pub', '--servers=everything'],
    );
    expect(started).toMatchObject({ status: 0 });
    container = started.stdout.trim();
  }, 300_000);
  afterAll(async () => {
    if (container) podman('rm', '--force', '--time', '0', container);
    podman('volume', 'rm', '--force', VOLUME);
    podman('rmi', '--force', TAG);
    await fixture?.stop();
    if (catalog) rmSync(catalog.folder, { recursive: true, force: true });
  });

  it('answers /health, and clients with the token, without root and on a read-only file system', async () => {
    const logs = () => podman('logs', container).stderr;
    await expect.poll(logs, { timeout: 30_000 }).toContain('ready');
    const health = await fetch(`http://127.0.0.1:${port}/health`);
    expect(await health.json()).toEqual({ status: 'ok' });

    const node = (code: string) =>
      podman('exec', container, '/usr/local/bin/node', '-p', code).stdout.trim();
    expect(node('process.getuid()')).toBe('65532');
    expect(node(`try { fs.writeFileSync('/opt/portolan/x', '') } catch (e) { e.code }`)).toBe(
      'EROFS',
    );
    const token = node(`fs.readFileSync('/home/portolan/state/token', 'utf8')`);
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`), {
        requestInit: { headers: { Authorization: `Bearer ${token}` } },
      }),
    );
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('get-sum');
    await client.close();
  });

  it('says what to do when its home cannot be written to', () => {
    const { status, stderr } = podman(
      'run',
      ...['--rm', '--read-only', '--network', 'none', '--volume', `${mounted}:/srv:ro`],
      ...['--env', 'PORTOLAN_HOME=/srv/home', TAG],
      ...['catalog', 'add', 'oci-layout:/srv/catalog', '--key', '/srv/key.pub'],
    );
    expect(status).toBe(4);
    expect(stderr).toMatch(/\/srv\/home.*read-only file system.*PORTOLAN_HOME/);
  });

  it('says from what it was made, and how to see whether it is well', () => {
    const [image] = JSON.parse(podman('image', 'inspect', TAG).stdout);
    expect(image.User).toBe('65532:65532');
    expect(image.Labels['org.opencontainers.image.base.digest']).toBe(
      fixture.reference.split('@')[1],
    );
    const { Test: check } = image.HealthCheck ?? image.Healthcheck;
    expect(check[0]).toBe('CMD');
    // The check itself, in the container, against a port where nobody listens and one where it does.
    const run = (code: string) => podman('exec', container, check[1], check[2], code).status;
    expect(run(check[3].replace('8811', '1'))).toBe(1);
    expect(run(check[3].replace('8811', String(port)))).toBe(0);
  });

  it('ends in order when it is stopped', () => {
    const before = Date.now();
    expect(podman('stop', '--time', '20', container).status).toBe(0);
    expect(Date.now() - before).toBeLessThan(15_000);
    const [state] = JSON.parse(podman('inspect', container).stdout);
    expect(state.State.ExitCode).toBe(0);
  });

  it('is not built without a runner, an engine or a base that is known', async () => {
    const build = (...args: string[]) =>
      runScript('build-image.ts', args, env as Record<string, string>);
    expect((await build('--engine', 'no-such-engine')).stderr).toContain('cannot be found');
    expect((await build('--base', 'not an image')).stderr).toContain('is not an image reference');
    const host = fixture.reference.split('/')[0];
    expect(await build('--base', `${host}/fixture:no-such-tag`)).toMatchObject({ code: 1 });
  });
});
