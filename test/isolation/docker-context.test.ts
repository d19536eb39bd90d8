import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { detectIsolation } from '../../core/isolation/detect.ts';
import { needs } from '../support/needs.ts';
import { type FixtureImage, startFixtureImage } from '../support/podman.ts';
import { probePlan, startProbe } from '../support/probe.ts';

const { skip } = needs('docker', 'podman', 'docker-registry', 'npm');

/** Docker's own client; the engine that it is told of is podman's service, which speaks its API. */
describe.skipIf(skip)("the engine that docker's client is told of", () => {
  let image: FixtureImage;
  let service: ChildProcess;
  const folder = mkdtempSync(join(tmpdir(), 'portolan-docker-'));
  const socket = `unix://${join(folder, 'engine.sock')}`;
  const config = join(folder, 'config');
  const environment = (more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
    const { DOCKER_HOST: _, DOCKER_CONTEXT: __, ...rest } = image.env;
    return { ...rest, DOCKER_CONFIG: config, ...more };
  };
  const docker = (...args: string[]) => {
    const { status, stderr } = spawnSync('docker', args, {
      env: environment({}),
      encoding: 'utf8',
    });
    expect(stderr).not.toMatch(/error/i);
    expect(status).toBe(0);
  };

  beforeAll(async () => {
    image = await startFixtureImage();
    mkdirSync(config);
    service = spawn('podman', ['system', 'service', '--time=0', socket], {
      env: image.env,
      stdio: 'ignore',
    });
    await vi.waitUntil(() => existsSync(join(folder, 'engine.sock')), { timeout: 20_000 });
    docker('context', 'create', 'elsewhere', '--docker', `host=${socket}`);
    docker('context', 'create', 'nowhere', '--docker', `host=unix://${folder}/none.sock`);
  });
  afterAll(async () => {
    const gone = new Promise((done) => service?.once('exit', done));
    service?.kill();
    await gone;
    await image?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const told: [string, () => NodeJS.ProcessEnv][] = [
    ['by DOCKER_HOST', () => ({ DOCKER_HOST: socket })],
    ['by DOCKER_CONTEXT', () => ({ DOCKER_CONTEXT: 'elsewhere' })],
    [
      'by `docker context use`',
      () => {
        docker('context', 'use', 'elsewhere');
        return {};
      },
    ],
  ];
  test.each(told)('%s is found and runs the server', async (_, settings) => {
    const env = environment(settings());
    const detected = await detectIsolation({ env, engine: 'docker' });
    expect(detected.engines.map(({ traits }) => traits.name)).toEqual(['docker']);
    const container = { image: image.reference, command: [...image.probe] };
    const plan = probePlan({ npm: undefined as never, container });
    const probe = await startProbe(plan, { isolation: 'container', detected, env });
    expect((await probe.call('args')).ok).toBe(true);
    await probe.channel.close();
  });

  test('is not looked for elsewhere when it does not answer', async () => {
    docker('context', 'use', 'nowhere');
    const { engines, findings } = await detectIsolation({ env: environment({}), engine: 'docker' });
    expect(engines).toEqual([]);
    expect(findings[0]?.text).toContain('its engine does not answer');
  });
});
