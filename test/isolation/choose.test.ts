import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chooseDriver } from '../../core/isolation/choose.ts';
import { type Detected, detectIsolation, type Engine } from '../../core/isolation/detect.ts';
import { ENGINES } from '../../core/isolation/engines.ts';
import { inspectPlan } from '../../core/isolation/inspect.ts';
import { needs } from '../support/needs.ts';
import { podmanEnv } from '../support/podman.ts';
import { probeEntry, probePlan } from '../support/probe.ts';

const engineNamed = (name: string): Engine => ({
  traits: ENGINES.find((traits) => traits.name === name) ?? (ENGINES[0] as Engine['traits']),
  program: `/usr/bin/${name}`,
  version: '1.0',
  rootless: false,
  local: true,
  limits: { memory: true, cpus: true, pids: true },
});
const bubblewrap = { program: '/usr/bin/bwrap', version: '0.8.0', lowPorts: true };
const image = `registry.example.com/acme/probe@sha256:${'0'.repeat(64)}`;
const npm = { entry: probeEntry() };
const container = { entry: probeEntry({ npm: undefined as never, container: { image } }) };
const having = (parts: Partial<Detected>): Detected => ({
  engines: [],
  bubblewrap: undefined,
  findings: [{ name: 'docker', usable: false, text: 'docker is not installed.' }],
  ...parts,
});

describe('the choice of a driver', () => {
  const both = having({ engines: [engineNamed('podman')], bubblewrap });

  test('takes bubblewrap for npm trees and an engine for images', () => {
    expect(chooseDriver(npm, both).driver).toBe('bubblewrap');
    expect(chooseDriver(container, both).driver).toBe('container');
    expect(chooseDriver(npm, both, 'container').driver).toBe('container');
    const several = having({ engines: [engineNamed('docker'), engineNamed('podman')] });
    expect(chooseDriver(container, several, 'auto', 'podman')).toMatchObject({
      engine: { traits: { name: 'podman' } },
    });
    expect(() => chooseDriver(container, several, 'auto', 'nerdctl')).toThrow(/Install/);
    expect(chooseDriver(npm, having({ engines: [engineNamed('docker')] })).driver).toBe(
      'container',
    );
  });

  test('never falls back to no isolation, and says what to do', () => {
    for (const plan of [npm, container]) {
      expect(() => chooseDriver(plan, having({}))).toThrow(
        expect.objectContaining({
          kind: 'failed',
          code: 'ISOLATION_MISSING',
          message: expect.stringMatching(/docker is not installed\. Install .*/),
        }),
      );
    }
    expect(() => chooseDriver(npm, having({}))).toThrow(/--isolation none/);
    expect(() => chooseDriver(container, having({ bubblewrap }))).toThrow(/ISOLATION|Install/);
    expect(() => chooseDriver(container, both, 'bubblewrap')).toThrow(
      /Leave --isolation bubblewrap out/,
    );
    expect(chooseDriver(npm, having({}), 'none').driver).toBe('none');
  });
});

describe('detection', () => {
  test('a client without an engine is no engine', async () => {
    const env = { ...process.env, DOCKER_HOST: 'unix:///nonexistent/docker.sock' };
    const { engines, findings } = await detectIsolation({ env, engine: 'docker' });
    expect(engines).toEqual([]);
    expect(findings[0]).toMatchObject({
      name: 'docker',
      usable: false,
      text: expect.stringMatching(
        /docker is (not installed|installed .*, but its engine does not answer)/,
      ),
    });
  });

  test('nothing on the PATH is nothing found', async () => {
    const { engines, bubblewrap: found, findings } = await detectIsolation({ env: { PATH: '' } });
    expect({ engines, found }).toEqual({ engines: [], found: undefined });
    expect(findings.map(({ usable }) => usable)).toEqual([false, false, false, false]);
  });

  test.skipIf(needs('podman', 'bwrap').skip)('finds what is there', async () => {
    const env = podmanEnv();
    const { engines, bubblewrap: found, findings } = await detectIsolation({ env });
    expect(engines.find(({ traits }) => traits.name === 'podman')?.pipes).toBe(true);
    expect(findings.find(({ name }) => name === 'podman')?.text).toContain('through pipes');
    expect(found?.version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('inspection', () => {
  const parts = {
    parameters: {
      properties: {
        folder: { type: 'string', description: 'A folder.' },
        host: { type: 'string', description: 'A host.' },
      },
    },
    secrets: [{ name: 'key', description: 'The key.' }],
    env: { API_KEY: '{key}', MODE: 'quiet' },
    permissions: {
      network: { allow: ['api.example.com:443', '{host}:5432'] },
      volumes: [{ path: '{folder}', target: '/data', access: 'read-only' }],
      resources: { memory: '256m' },
    },
  } as const;

  test.each(['docker', 'podman', 'nerdctl', 'bubblewrap'])(
    'with %s shows command and grants, never a secret',
    async (name) => {
      const folder = mkdtempSync(join(tmpdir(), 'portolan-inspect-'));
      const detected = having(
        name === 'bubblewrap' ? { bubblewrap } : { engines: [engineNamed(name)] },
      );
      const plan = probePlan(structuredClone(parts) as never, {
        parameters: { folder, host: 'db.test' },
        secrets: { key: 'do-not-show-this' },
      });
      const { command, grants, driver } = await inspectPlan(plan, { detected, runDir: '/run/x' });
      rmSync(folder, { recursive: true });
      const line = command.join(' ');
      expect(driver).toBe(name === 'bubblewrap' ? 'bubblewrap' : 'container');
      expect(JSON.stringify({ command, grants })).not.toContain('do-not-show-this');
      expect(line).toContain('API_KEY');
      if (driver === 'container') {
        for (const flag of [
          '--rm',
          '--interactive',
          '--pull=never',
          '--read-only',
          '--cap-drop=all',
          '--security-opt=no-new-privileges',
          '--network=none',
          '--memory=268435456',
          '--memory-swap=268435456',
          '--cpus=1',
          '--pids-limit=128',
          `--mount=type=bind,source=${folder},target=/data,readonly`,
        ]) {
          expect(command, name).toContain(flag);
        }
        expect(command.includes('--read-only-tmpfs=false')).toBe(name === 'podman');
        expect(
          command.some((argument) =>
            /^--tmpfs=\/tmp:rw,size=67108864,mode=1777,noexec,nosuid,nodev/.test(argument),
          ),
        ).toBe(true);
        expect(line).toMatch(/--user=[1-9]\d*:\d+/);
      } else {
        expect(line).toContain('--unshare-all');
        expect(line).toContain('--cap-drop ALL');
        expect(line).toContain(`--ro-bind ${folder} /data`);
      }
      expect(grants).toEqual([
        { kind: 'variable', field: 'env.MODE', detail: 'MODE=quiet' },
        { kind: 'secret', field: 'env.API_KEY', detail: 'API_KEY' },
        { kind: 'network', field: 'permissions.network.allow[0]', detail: 'api.example.com:443' },
        {
          kind: 'network',
          field: 'permissions.network.allow',
          detail: 'db.test:5432 (set by you)',
        },
        {
          kind: 'volume',
          field: 'permissions.volumes[0]',
          detail: `${folder} at /data, read-only`,
        },
        { kind: 'resource', field: 'permissions.resources.memory', detail: 'memory 256 MiB' },
        { kind: 'resource', field: 'permissions.resources (default)', detail: 'cpus 1' },
        { kind: 'resource', field: 'permissions.resources (default)', detail: 'pids 128' },
        { kind: 'resource', field: 'permissions.resources (default)', detail: 'tmp 64 MiB' },
      ]);
    },
  );

  test.each(
    (
      [
        ['passthrough', { api: 'own service', pipes: true }],
        ['none', { api: 'own service', pipes: false }],
        ['none', { pipes: true }],
      ] as const
    ).map(([driver, parts]) => ({ driver, parts })),
  )('shows log driver $driver of podman with $parts', async ({ driver, parts }) => {
    const detected = having({ engines: [{ ...engineNamed('podman'), ...parts }] });
    const { command } = await inspectPlan(
      probePlan({ npm: undefined as never, container: { image } }),
      { detected },
    );
    const flags = command.flatMap((flag, at) => (flag === '--log-driver' ? [command[at + 1]] : []));
    expect(flags).toEqual([driver]);
  });

  test('refuses a secret in a variable that would steer the engine', async () => {
    const plan = probePlan(
      { secrets: [{ name: 'key', description: 'The key.' }], env: { DOCKER_HOST: '{key}' } },
      { secrets: { key: 'tcp://evil' } },
    );
    const detected = having({ engines: [engineNamed('docker')] });
    await expect(inspectPlan(plan, { detected })).rejects.toThrow(
      expect.objectContaining({ code: 'ENV_RESERVED' }),
    );
  });
});
