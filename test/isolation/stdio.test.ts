import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { identityOf, isAlive } from '../../core/isolation/process-identity.ts';
import type { LaunchOptions } from '../../core/isolation/types.ts';
import { type Probe, probePlan, startProbe } from '../support/probe.ts';

const NOTHING = { engines: [], bubblewrap: undefined, findings: [] };

describe('the conversation with a server', () => {
  const running: Probe[] = [];
  const notices: string[] = [];
  afterEach(async () => {
    for (const probe of running.splice(0)) await probe.channel.close();
  });

  async function start(options: LaunchOptions = {}) {
    const probe = await startProbe(probePlan(), {
      isolation: 'none',
      detected: NOTHING,
      onNotice: (text) => notices.push(text),
      ...options,
    });
    running.push(probe);
    return probe;
  }

  test('without isolation is announced loudly and has a clean environment', async () => {
    process.env.PORTOLAN_TEST_STRAY = 'must not be seen';
    const probe = await start();
    delete process.env.PORTOLAN_TEST_STRAY;
    expect(notices.join()).toMatch(/NO ISOLATION/);
    const { value: env } = await probe.call('env');
    expect(env).not.toHaveProperty('PORTOLAN_TEST_STRAY');
    expect(env.HOME).not.toBe(process.env.HOME);
  });

  test('goes on after lines that are no messages, and reports them', async () => {
    const probe = await start();
    expect((await probe.call('garbage')).value).toBe('spoken');
    expect((await probe.call('args')).ok).toBe(true);
    expect(probe.channel.diagnostics?.()).toMatch(/not JSON: this is not JSON/);
    expect(probe.channel.diagnostics?.()).toMatch(/not a JSON-RPC message: \{"no":"jsonrpc"\}/);
  });

  test('ends at a line that is too long, without holding it', async () => {
    const probe = await start({ maxMessageBytes: 8 * 2 ** 20 });
    const before = process.memoryUsage().rss;
    await expect(probe.call('long_line', { megabytes: 100 })).rejects.toThrow(/closed/);
    expect(await probe.closed).toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
      message: expect.stringMatching(/probe: it sent a line of more than 8388608 bytes/),
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(80 * 2 ** 20);
  });

  test('carries large messages both ways', async () => {
    const probe = await start();
    const answer = await probe.call('long_text', { megabytes: 50 });
    expect(answer.value).toHaveLength(50 * 2 ** 20);
    const text = 'y'.repeat(20 * 2 ** 20);
    expect((await probe.call('read_file', { path: '/dev/null', text })).value).toBe('');
  });

  test('holds back a sender whose server does not read, and a server that nobody reads', async () => {
    const probe = await start();
    process.kill(probe.channel.info?.pid ?? 0, 'SIGSTOP');
    let sent = false;
    const big = {
      jsonrpc: '2.0',
      method: 'notifications/x',
      params: { x: 'z'.repeat(2 ** 22) },
    } as const;
    const sending = probe.channel.send(big).then(() => {
      sent = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toBe(false);
    process.kill(probe.channel.info?.pid ?? 0, 'SIGCONT');
    await sending;
    probe.channel.pause?.();
    let answered = false;
    const answer = probe.call('long_text', { megabytes: 4 }).then((result) => {
      answered = true;
      return result;
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(answered).toBe(false);
    probe.channel.resume?.();
    expect((await answer).value).toHaveLength(4 * 2 ** 20);
  });

  test('tells why a server ended', async () => {
    const probe = await start();
    await probe.call('log', { text: 'cannot find my configuration' });
    await expect(probe.call('exit', { code: 3 })).rejects.toThrow(/closed/);
    expect((await probe.closed)?.message).toMatch(
      /probe: it ended with exit code 3: .*cannot find my configuration/,
    );
    await expect(probe.channel.send({ jsonrpc: '2.0', method: 'x' })).rejects.toThrow(
      expect.objectContaining({ code: 'SERVER_GONE' }),
    );
  });

  test('hands on what a server writes to stderr, without its secrets', async () => {
    const lines: string[] = [];
    const onOutput = (server: string, line: string) => lines.push(`${server}: ${line}`);
    const probe = await startProbe(
      probePlan(
        { secrets: [{ name: 'key', description: 'A key.' }], env: { KEY: '{key}' } },
        { secrets: { key: 'hunter2-hunter2' } },
      ),
      { isolation: 'none', detected: NOTHING, onOutput },
    );
    running.push(probe);
    await probe.call('log', { text: 'my key is hunter2-hunter2\n\nand that was all\r' });
    await probe.call('log', { text: `${'x'.repeat(20_000)}hunter2-hunter2` });
    await probe.channel.close();
    expect(lines).toEqual([
      'probe: my key is [redacted]',
      'probe: and that was all',
      'probe: [a line of more than 16384 characters]',
    ]);
  });

  test('ends a server that will not leave', async () => {
    const probe = await start({ graceMs: 200 });
    const pid = probe.channel.info?.pid ?? 0;
    await probe.call('ignore_end');
    expect(isAlive(identityOf(pid))).toBe(true);
    await probe.channel.close();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(await probe.closed).toBeUndefined();
  });

  test('ends although a detached child holds the output open', async () => {
    const probe = await start({ graceMs: 200 });
    const { value: pid } = await probe.call('leave_child', { mark: 'held' });
    await probe.channel.close();
    // Without a box there is nothing that could end it; docs/isolation.md says so.
    process.kill(pid, 'SIGKILL');
  });

  test('can be closed at any moment and more than once', async () => {
    const probe = await start();
    await Promise.all([probe.channel.close(), probe.channel.close()]);
    await probe.channel.close();
    const stop = new AbortController();
    const pending = start({ signal: stop.signal });
    stop.abort(new Error('too late'));
    await expect(pending).rejects.toThrow('too late');
  });

  test('leaves no zombie', async () => {
    for (let round = 0; round < 5; round += 1) await (await start()).channel.close();
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
    const zombies = children
      .split(' ')
      .filter((pid) => pid && /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
    expect(zombies).toEqual([]);
  });
});
