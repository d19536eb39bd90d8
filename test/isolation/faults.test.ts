import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Channel } from '../../core/isolation/channel.ts';
import { callEngine } from '../../core/isolation/engine-call.ts';
import { LABEL } from '../../core/isolation/labels.ts';
import { launch } from '../../core/isolation/launch.ts';
import { BOXES, type BoxSetup, carrierOf, isMissing, setUpBox } from '../support/boxes.ts';
import { gatewayOf, type Json, rawClient, upstream } from '../support/gateway.ts';
import { podmanEngine } from '../support/podman.ts';
import { probePlan } from '../support/probe.ts';

describe.each(BOXES)('a server in $box', ({ box }) => {
  const skip = isMissing(box);
  let setup: BoxSetup;
  let runDir: string;
  beforeAll(async () => {
    runDir = mkdtempSync(join(tmpdir(), 'pr-'));
    if (!skip) setup = await setUpBox(box);
  });
  afterAll(async () => {
    await setup?.stop();
    rmSync(runDir, { recursive: true, force: true });
  });

  const clientOf = async () => {
    const channels: Channel[] = [];
    const open = async () => {
      const channel = await launch(probePlan(setup.entry), { ...setup.options, runDir });
      channels.push(channel);
      return channel;
    };
    const gateway = gatewayOf([upstream('probe', ['none'], { open })]);
    const client = rawClient(gateway);
    await client.initialize();
    const call = async (name: string, args: Json = {}) =>
      (await client.ask('tools/call', { name, arguments: args })).result as Json;
    expect(await call('args')).not.toHaveProperty('isError');
    // Pipes of ours do not go through the engine.
    const piped = box.includes('container') && setup.detected.engines[0]?.pipes;
    const survives = piped === true && !box.includes('client');
    return { call, channels, gateway, survives };
  };

  const containers = async (): Promise<number> => {
    if (!box.includes('container')) return 0;
    const { engine, env } = await podmanEngine();
    const filter = `label=${LABEL.pid}=${process.pid}`;
    const { stdout } = await callEngine(engine, ['ps', '-aq', '--filter', filter], env);
    return stdout.split('\n').filter(Boolean).length;
  };

  test.skipIf(skip)(
    'whose engine, engine client or outer process is killed in the middle of calls: they fail or go on, the next works',
    { timeout: 120_000 },
    async () => {
      const { call, channels, gateway, survives } = await clientOf();
      for (let round = 0; round < 3; round += 1) {
        const pid = await vi.waitUntil(() => carrierOf(channels.at(-1), runDir), {
          timeout: 30_000,
        });
        expect(existsSync(`/proc/${pid}`)).toBe(true);
        const calls = Array.from({ length: 5 }, () => call('long_text', { megabytes: 20 }));
        process.kill(pid, 'SIGKILL');
        for (const result of await Promise.all(calls)) {
          // A quick answer may have been there already.
          if (result.isError) expect(JSON.stringify(result)).toContain('probe: ');
          if (survives) expect(result.isError).not.toBe(true);
        }
        await expect
          .poll(async () => (await call('args')).isError !== true, { timeout: 30_000 })
          .toBe(true);
        await expect.poll(() => isRunning(pid)).toBe(false);
      }
      expect(channels.length).toBe(survives ? 1 : 4);
      await gateway.close();
      await expect.poll(containers).toBe(0);
    },
  );
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
