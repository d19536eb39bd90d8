import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { demultiplex } from '../../core/isolation/engine-api/demultiplex.ts';
import { dockerApi, type EngineApi, podmanApi } from '../../core/isolation/engine-api/find-api.ts';
import { podmanService } from '../../core/isolation/engine-api/podman-service.ts';
import { callEngine } from '../../core/isolation/engine-call.ts';
import type { Engine } from '../../core/isolation/index.ts';
import { LABEL } from '../../core/isolation/labels.ts';
import { type BoxSetup, isMissing, serviceRecords, setUpBox } from '../support/boxes.ts';
import { type Probe, probePlan, startProbe } from '../support/probe.ts';

const WAYS = [
  { box: 'image in a container', way: 'through pipes of ours', log: 'passthrough' },
  { box: 'image in an attached container', way: 'over the socket of its engine', log: 'none' },
] as const;
const skip = isMissing(WAYS[0].box);

describe.each(WAYS)('a container that is spoken with $way', ({ box, log }) => {
  let setup: BoxSetup;
  let runDir: string;
  const running: Probe[] = [];
  beforeAll(async () => {
    runDir = mkdtempSync(join(tmpdir(), 'pr-'));
    if (!skip) setup = await setUpBox(box);
  });
  afterEach(async () => {
    for (const probe of running.splice(0)) await probe.channel.close();
  });
  afterAll(async () => {
    await setup?.stop();
    rmSync(runDir, { recursive: true, force: true });
  });

  const engineOf = (): Engine => setup.detected.engines[0] as Engine;

  async function start(api?: EngineApi, entry = {}) {
    const engines = [{ ...engineOf(), ...(api ? { api } : {}) }];
    const plan = probePlan({ ...setup.entry, ...entry });
    const detected = { ...setup.detected, engines };
    const probe = await startProbe(plan, { ...setup.options, detected, runDir });
    running.push(probe);
    return probe;
  }

  const containers = async (): Promise<string> => {
    const filter = `label=${LABEL.pid}=${process.pid}`;
    const env = setup.options.env ?? process.env;
    return (await callEngine(engineOf(), ['ps', '-aq', '--filter', filter], env)).stdout.trim();
  };

  test.skipIf(skip)('has no process of its own here, and shares one service', async () => {
    const probes = await Promise.all([start(), start(), start()]);
    for (const { channel } of probes) {
      expect(channel.info).toMatchObject({ driver: 'container', engine: 'podman', pid: 0 });
      // What `portolan inspect` prints can be run by hand.
      expect(channel.info?.command.slice(1, 3)).toEqual(['run', '--interactive']);
      expect(channel.info?.command.join(' ')).toContain(`--log-driver ${log} `);
    }
    expect(serviceRecords(runDir)).toHaveLength(1);
    for (const { channel } of running.splice(0)) await channel.close();
    expect(await containers()).toBe('');
    await expect.poll(() => serviceRecords(runDir), { timeout: 15_000 }).toEqual([]);
  });

  test.skipIf(skip)('carries 50 MB, and waits for a reader that is slow', async () => {
    const probe = await start();
    expect((await probe.call('long_text', { megabytes: 50 })).value).toHaveLength(50 * 2 ** 20);
    const text = 'y'.repeat(20 * 2 ** 20);
    expect((await probe.call('read_file', { path: '/dev/null', text })).value).toBe('');

    const before = process.memoryUsage().arrayBuffers;
    probe.channel.pause?.();
    let answered = false;
    const answer = probe.call('long_text', { megabytes: 50 }).then(({ value }) => {
      answered = true;
      return value;
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(answered).toBe(false);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 2 ** 20);
    probe.channel.resume?.();
    expect(await answer).toHaveLength(50 * 2 ** 20);
  });

  test.skipIf(skip)('tells why it ended, and its last words', async () => {
    const probe = await start();
    await probe.call('log', { text: 'cannot find my configuration' });
    await expect(probe.call('exit', { code: 3 })).rejects.toThrow(/closed/);
    expect((await probe.closed)?.message).toMatch(
      /probe: it ended with exit code 3: .*cannot find my configuration/,
    );
    expect(await containers()).toBe('');
  });

  test.skipIf(skip)('is ended when it will not leave', async () => {
    const probe = await start();
    await probe.call('ignore_end');
    await probe.channel.close();
    expect(await probe.closed).toBeUndefined();
    expect(await containers()).toBe('');
  });

  test.skipIf(skip)('is refused with the words of the engine', async () => {
    const { image = '' } = setup.entry.container ?? {};
    const missing = { container: { image, command: ['/no/such/program'] as [string] } };
    await expect(start(undefined, missing)).rejects.toMatchObject({
      code: 'START_FAILED',
      message: expect.stringMatching(/^probe: podman could not start its container: .*no such/),
    });
    expect(await containers()).toBe('');
  });

  test.skipIf(skip)('is also reached at a socket that somebody else serves', async () => {
    const env = setup.options.env ?? process.env;
    const socket = (await podmanService(engineOf(), join(runDir), env)) as string;
    expect((await start({ socket })).channel.info?.pid).toBe(0);
  });

  test.skipIf(skip)(
    'is left to the client where the socket is dead or of another engine',
    async () => {
      const dead = await start({ socket: join(runDir, 'nobody.sock') });
      expect(dead.channel.info?.pid).toBeGreaterThan(0);
      expect(dead.channel.info?.command.join(' ')).toContain('--log-driver none ');
      const socket = join(runDir, 'other.sock');
      const other = createServer((_, response) => response.writeHead(404).end('{}'));
      await new Promise<void>((resolve) => other.listen(socket, resolve));
      const probe = await start({ socket });
      expect(probe.channel.info?.pid).toBeGreaterThan(0);
      expect((await probe.call('args')).ok).toBe(true);
      other.close();
    },
  );
});

describe('the socket of an engine', () => {
  test('is the one that DOCKER_HOST, the context or the system names', () => {
    const folder = mkdtempSync(join(tmpdir(), 'portolan-docker-'));
    const context = (name: string, host: string) => {
      const id = createHash('sha256').update(name).digest('hex');
      const place = join(folder, 'contexts', 'meta', id);
      mkdirSync(place, { recursive: true });
      const meta = { Name: name, Metadata: {}, Endpoints: { docker: { Host: host } } };
      writeFileSync(join(place, 'meta.json'), JSON.stringify(meta));
    };
    context('desktop-linux', 'unix:///home/ann/.docker/desktop/docker.sock');
    context('far', 'ssh://ann@example.com');
    const env = { DOCKER_CONFIG: folder };
    const desktop = { socket: '/home/ann/.docker/desktop/docker.sock' };
    expect(dockerApi('desktop-linux', env)).toEqual(desktop);
    expect(dockerApi(undefined, { ...env, DOCKER_CONTEXT: 'desktop-linux' })).toEqual(desktop);
    expect(dockerApi('far', env)).toBeUndefined();
    expect(dockerApi('missing', env)).toBeUndefined();
    expect(dockerApi('default', env, 'linux')).toEqual({ socket: '/var/run/docker.sock' });
    expect(dockerApi('default', env, 'win32')).toEqual({
      socket: '\\\\.\\pipe\\docker_engine',
    });
    const named = { ...env, DOCKER_HOST: 'unix:///run/user/1000/docker.sock' };
    expect(dockerApi('default', named)).toEqual({ socket: '/run/user/1000/docker.sock' });
    expect(dockerApi('default', { DOCKER_HOST: 'tcp://127.0.0.1:2376' })).toBeUndefined();
    rmSync(folder, { recursive: true });
  });

  test('of podman is what it says, else a service of our own', () => {
    const path = '/run/user/1000/podman/podman.sock';
    const host = { remoteSocket: { path, exists: true }, serviceIsRemote: false };
    expect(podmanApi(host, '5.2.0', {}, 'linux')).toEqual({ socket: path });
    const silent = { remoteSocket: { path, exists: false }, serviceIsRemote: false };
    expect(podmanApi(silent, '4.3.1', {}, 'linux')).toBe('own service');
    expect(podmanApi(silent, '3.0.1', {}, 'linux')).toBeUndefined();
    const machine = { ...host, serviceIsRemote: true };
    expect(podmanApi(machine, '5.2.0', {}, 'darwin')).toBeUndefined();
    const named = { CONTAINER_HOST: 'unix:///tmp/podman.sock' };
    expect(podmanApi(machine, '5.2.0', named, 'darwin')).toEqual({ socket: '/tmp/podman.sock' });
  });
});

describe('the frames of an engine', () => {
  test('are taken apart wherever they are cut', async () => {
    const frame = (kind: number, text: string) => {
      const head = Buffer.from([kind, 0, 0, 0, 0, 0, 0, 0]);
      head.writeUInt32BE(Buffer.byteLength(text), 4);
      return Buffer.concat([head, Buffer.from(text)]);
    };
    const frames = [frame(1, 'one\n'), frame(2, 'warning\n'), frame(1, ''), frame(1, 'two\n')];
    const bytes = Buffer.concat(frames);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const socket = new PassThrough();
      const { stdout, stderr } = demultiplex(socket, bytes.subarray(0, cut));
      socket.end(bytes.subarray(cut));
      expect(Buffer.concat(await stdout.toArray()).toString()).toBe('one\ntwo\n');
      expect(Buffer.concat(await stderr.toArray()).toString()).toBe('warning\n');
    }
  });
});
