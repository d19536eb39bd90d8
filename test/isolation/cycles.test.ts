import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callEngine } from '../../core/isolation/engine-call.ts';
import { LABEL } from '../../core/isolation/labels.ts';
import { BOXES, type BoxSetup, isMissing, setUpBox } from '../support/boxes.ts';
import { probePlan, startProbe } from '../support/probe.ts';

/** PORTOLAN_CYCLES=1000 for the long run; docs/isolation.md has its figures. */
const CYCLES = Number(process.env.PORTOLAN_CYCLES ?? 12);

describe.each(BOXES)('many starts and stops of a server in $box', ({ box }) => {
  let setup: BoxSetup;
  let runDir: string;
  /** The registry of the test itself. */
  let before: string[];

  beforeAll(async () => {
    if (isMissing(box)) return;
    setup = await setUpBox(box);
    runDir = mkdtempSync(join(tmpdir(), 'pr-'));
    before = childrenOf(process.pid);
  });
  afterAll(async () => {
    await setup?.stop();
    if (runDir) rmSync(runDir, { recursive: true, force: true });
  });

  /** Everything that a start could leave behind. */
  async function left() {
    const [engine] = setup.detected.engines;
    const args = ['ps', '-aq', '--filter', `label=${LABEL.pid}=${process.pid}`];
    const answer = engine && (await callEngine(engine, args, setup.options.env ?? process.env));
    const groups = '/sys/fs/cgroup/memory/portolan';
    return {
      children: childrenOf(process.pid).filter((pid) => !before.includes(pid)),
      containers: answer?.stdout.trim() ?? '',
      folders: readdirSync(runDir),
      groups: existsSync(groups)
        ? readdirSync(groups).filter((name) => started.some((id) => name === id))
        : [],
    };
  }
  const started: string[] = [];

  test.skipIf(isMissing(box))(
    'leave nothing behind',
    async () => {
      const cycle = async () => {
        const plan = probePlan({
          ...setup.entry,
          permissions: { network: { allow: ['localhost:9'] } },
        });
        const probe = await startProbe(plan, { ...setup.options, runDir });
        started.push(...readdirSync(runDir));
        expect((await probe.call('args')).ok).toBe(true);
        await probe.channel.close();
      };
      await cycle();
      const files = readdirSync('/proc/self/fd').length;
      let next = 0;
      const worker = async () => {
        while (next < CYCLES) {
          next += 1;
          await cycle();
        }
      };
      await Promise.all([worker(), worker(), worker()]);
      // A podman service of our own stays for a few seconds.
      await expect
        .poll(left, { timeout: 15_000, interval: 500 })
        .toEqual({ children: [], containers: '', folders: [], groups: [] });
      expect(readdirSync('/proc/self/fd').length).toBeLessThan(files + 8);
    },
    3_600_000,
  );
});

/** Process ids of the children, zombies too. */
function childrenOf(pid: number): string[] {
  return readFileSync(`/proc/self/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
}
