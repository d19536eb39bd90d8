import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callEngine } from '../../core/isolation/engine-call.ts';
import { LABEL } from '../../core/isolation/labels.ts';
import { reapOrphans } from '../../core/isolation/reap.ts';
import { BOXES, isMissing, serviceRecords } from '../support/boxes.ts';
import { podmanEngine } from '../support/podman.ts';
import { probePlan, startProbe } from '../support/probe.ts';

const child = join(import.meta.dirname, 'kill-owner.child.ts');

describe.each([...BOXES.map(({ box }) => box), 'none' as const])(
  'a killed gateway with %s',
  (box) => {
    const skip = box !== 'none' && isMissing(box);
    let runDir: string;
    beforeAll(() => {
      runDir = mkdtempSync(join(tmpdir(), 'pr-'));
    });
    afterAll(() => rmSync(runDir, { recursive: true, force: true }));

    test.skipIf(skip)('leaves nothing behind after the next start', async () => {
      const owner = spawn(process.execPath, [child, box, runDir, box === 'none' ? '' : '9'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = await once(createInterface({ input: owner.stdout }), 'line');
      const pid = Number(line);
      expect(existsSync(`/proc/${pid}`)).toBe(true);
      const services = serviceRecords(runDir).length;
      expect(services).toBe(/container$/.test(box) ? 1 : 0);
      expect(readdirSync(runDir)).toHaveLength(1 + services);

      // What another gateway runs at the same time must survive.
      const other = await startProbe(probePlan(), {
        isolation: 'none',
        detected: { engines: [], bubblewrap: undefined, findings: [] },
        runDir,
      });
      const podman = box.includes('container') ? await podmanEngine() : undefined;
      const detected = {
        engines: podman ? [podman.engine] : [],
        bubblewrap: undefined,
        findings: [],
      };
      const env = podman?.env ?? process.env;
      const containers = async () => {
        if (!podman) return 0;
        const filter = `label=${LABEL.pid}=${owner.pid}`;
        const { stdout } = await callEngine(podman.engine, ['ps', '-aq', '--filter', filter], env);
        return stdout.split('\n').filter(Boolean).length;
      };
      expect(await containers()).toBe(
        box.startsWith('image') ? 2 : box.includes('container') ? 1 : 0,
      );

      owner.kill('SIGKILL');
      await once(owner, 'exit');
      await reapOrphans({ detected, env, runDir });

      expect(await containers()).toBe(0);
      await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 5_000 }).toBe(false);
      expect(readdirSync(runDir)).toHaveLength(1);
      expect((await other.call('args')).ok).toBe(true);
      await other.channel.close();
      expect(readdirSync(runDir)).toEqual([]);
    });
  },
);
