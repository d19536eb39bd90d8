import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCatalog, builtCatalog, RUNNER } from '../support/built-gateway.ts';
import { needs } from '../support/needs.ts';

describe.skipIf(needs('bwrap', 'npm').skip)('a gateway that is told to stop', () => {
  let catalog: BuiltCatalog;
  beforeAll(async () => {
    catalog = await builtCatalog(['everything']);
  });
  afterAll(() => catalog?.remove());

  /** Starts the runner; `call` makes it start a server at once. */
  const run = (call: boolean) => {
    const child = spawn(
      process.execPath,
      [RUNNER, 'run', ...catalog.source, '--servers', 'everything'],
      {
        env: catalog.env,
        stdio: ['pipe', 'pipe', 'ignore'],
      },
    );
    child.stdin.on('error', () => {});
    child.stdout.resume();
    const exited = new Promise<string>((resolve) =>
      child.once('exit', (code, signal) => resolve(String(signal ?? code))),
    );
    const send = (message: object) =>
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    const clientInfo = { name: 'test', version: '1' };
    send({
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
    });
    const params = { name: 'echo', arguments: { message: 'x' } };
    if (call) send({ id: 2, method: 'tools/call', params });
    return { child, exited };
  };

  it.each([
    [0, false],
    [20, false],
    [60, false],
    [120, false],
    [200, false],
    [350, false],
    [150, true],
    [250, true],
    [400, true],
    [700, true],
    [1200, true],
  ])(
    '%i ms after its start (a call under way: %s): it is gone in seconds, and so is all else',
    async (ms, call) => {
      const { child, exited } = run(call);
      await setTimeout(ms);
      const told = performance.now();
      child.kill('SIGTERM');
      // Before it listens to signals, the signal itself ends it.
      expect(['0', 'SIGTERM']).toContain(await exited);
      expect(performance.now() - told).toBeLessThan(10_000);
      await expect.poll(() => processesOf(catalog.folder)).toEqual([]);
    },
  );
});

/** Processes whose command line names the folder; servers in a box are mounted from below it. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return line.includes(folder) ? [line] : [];
      } catch {
        return [];
      }
    });
}
