import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openPipes } from '../../core/isolation/engine-api/own-pipes.ts';
import { callEngine } from '../../core/isolation/engine-call.ts';
import { LABEL } from '../../core/isolation/labels.ts';
import type { LaunchOptions } from '../../core/isolation/types.ts';
import { type BoxSetup, isMissing, serviceRecords, setUpBox } from '../support/boxes.ts';
import { type Probe, probePlan, startProbe } from '../support/probe.ts';

const box = 'image in a container';
const skip = isMissing(box);
const onLinux = test.skipIf(process.platform !== 'linux');

describe('three pipes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-pipes-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const openFiles = () => readdirSync('/proc/self/fd').length;

  onLinux('have no name left, and end when the last writer lets go', async () => {
    const before = openFiles();
    const pipes = await openPipes(folder);
    if (!pipes) throw new Error('no pipes');
    expect(readdirSync(folder)).toEqual([]);
    writeSync(pipes.theirs[1], 'said before\n');
    expect(pipes.said()).toEqual({ stdout: 'said before\n', stderr: '' });
    const child = spawn('cat', { stdio: [...pipes.theirs] });
    pipes.handOver();
    const { stdin, stdout, stderr } = pipes.streams();
    const text = 'x'.repeat(2 ** 20);
    stdin.end(text);
    const [said, errors] = await Promise.all([buffer(stdout), buffer(stderr), once(child, 'exit')]);
    expect(said.toString()).toBe(text);
    expect(errors.toString()).toBe('');
    await vi.waitUntil(() => openFiles() <= before);
  });

  onLinux('are not made where that cannot be, and leave no file open', async () => {
    const before = openFiles();
    expect(await openPipes(join(folder, 'missing'))).toBeUndefined();
    const taken = join(folder, 'taken');
    mkdirSync(join(taken, 'stderr'), { recursive: true });
    expect(await openPipes(taken)).toBeUndefined();
    (await openPipes(folder))?.close();
    await vi.waitUntil(() => openFiles() <= before);
  });
});

describe.skipIf(skip)('a container with pipes of ours', () => {
  let setup: BoxSetup;
  let runDir: string;
  const running: Probe[] = [];
  beforeAll(async () => {
    runDir = mkdtempSync(join(tmpdir(), 'pr-'));
    setup = await setUpBox(box);
  });
  afterEach(async () => {
    for (const probe of running.splice(0)) await probe.channel.close();
  });
  afterAll(async () => {
    await setup?.stop();
    rmSync(runDir, { recursive: true, force: true });
  });

  const start = async (options: LaunchOptions = {}) => {
    const plan = probePlan(setup.entry);
    const probe = await startProbe(plan, { ...setup.options, runDir, ...options });
    running.push(probe);
    return probe;
  };
  const containersOf = async (pid: number | undefined): Promise<string> => {
    const [engine] = setup.detected.engines;
    const env = setup.options.env ?? process.env;
    const args = ['ps', '-aq', '--filter', `label=${LABEL.pid}=${pid}`];
    return engine ? (await callEngine(engine, args, env)).stdout.trim() : '';
  };

  test('has nobody but us at the other ends', async () => {
    const probe = await start();
    const { value } = await probe.call('open_files');
    const ends = value.filter((file: string) => / \(deleted\)$/.test(file));
    expect(ends).toHaveLength(3);
    for (const end of ends) {
      const holders = holdersOf(end);
      expect(holders).toHaveLength(2);
      expect(holders).toContain(process.pid);
    }
  });

  test('can open its output by name, as with every engine', async () => {
    const lines: string[] = [];
    const probe = await start({ onOutput: (_, line) => lines.push(line) });
    const answer = await probe.call('write_file', { path: '/dev/stderr', text: 'by its name\n' });
    expect(answer.ok).toBe(true);
    await expect.poll(() => lines).toEqual(['by its name']);
  });

  test('is ended although it holds both ends of its streams', async () => {
    const probe = await start({ graceMs: 300 });
    expect((await probe.call('hold_ends')).ok).toBe(true);
    await probe.channel.close();
    expect(await probe.closed).toBeUndefined();
    expect(await containersOf(process.pid)).toBe('');
  });

  test('that does not read makes a sender wait, and can be ended meanwhile', async () => {
    const probe = await start({ graceMs: 300 });
    const busy = probe.call('busy', { ms: 60_000 }).catch((error: Error) => error);
    let sent = false;
    const params = { x: 'z'.repeat(2 ** 22) };
    const sending = probe.channel
      .send({ jsonrpc: '2.0', method: 'notifications/x', params })
      .then(() => {
        sent = true;
      })
      .catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent).toBe(false);
    await probe.channel.close();
    await Promise.all([busy, sending]);
    expect(sent).toBe(false);
    expect(await containersOf(process.pid)).toBe('');
  });

  test('is ended at a line that is too long, without our holding it', async () => {
    const probe = await start({ maxMessageBytes: 8 * 2 ** 20 });
    await expect(probe.call('long_line', { megabytes: 100 })).rejects.toThrow(/closed/);
    expect(await probe.closed).toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    expect(await containersOf(process.pid)).toBe('');
  });

  test('talks on when the service of its engine is killed, and its end is still told', async () => {
    const probe = await start();
    for (let round = 0; round < 2; round += 1) {
      const pid = await vi.waitUntil(() => serviceRecords(runDir)[0]?.child?.pid, 30_000);
      process.kill(pid, 'SIGKILL');
      expect((await probe.call('long_text', { megabytes: 5 })).ok).toBe(true);
      await vi.waitUntil(() => serviceRecords(runDir)[0]?.child?.pid !== pid, 30_000);
    }
    await vi.waitUntil(() => serviceRecords(runDir)[0]?.child?.pid, 30_000);
    await probe.call('log', { text: 'out of memory, say' });
    await expect(probe.call('exit', { code: 9 })).rejects.toThrow(/closed/);
    expect((await probe.closed)?.message).toMatch(/it ended with exit code 9: .*out of memory/);
    expect(await containersOf(process.pid)).toBe('');
  });

  test('leaves by itself when we are killed', async () => {
    const child = join(import.meta.dirname, 'kill-owner.child.ts');
    const folder = mkdtempSync(join(tmpdir(), 'pr-'));
    const owner = spawn(process.execPath, [child, box, folder, '', 'polite'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface({ input: owner.stdout }), 'line');
    expect(await containersOf(owner.pid)).not.toBe('');
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    await expect.poll(() => containersOf(owner.pid), { timeout: 20_000 }).toBe('');
    rmSync(folder, { recursive: true, force: true });
  });
});

/** Ids of the processes that have a file open. */
function holdersOf(file: string): number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.filter((pid) => filesOf(pid).includes(file)).map(Number);
}

function filesOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((name) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${name}`);
      } catch {
        return '';
      }
    });
  } catch {
    // It is gone, or is not ours.
    return [];
  }
}
