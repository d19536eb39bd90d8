import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { needs } from '../support/needs.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const MEGABYTES = 200;
/** Buffers of sockets and of the garbage collector are allowed for; the blob itself is not. */
const BOUND = 150;

describe.skipIf(needs('docker-registry').skip)('a blob of 200 MB', () => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => registry?.stop());

  it.each(['push', 'pull'])('does not have to fit into memory: %s', async (way) => {
    const args = [
      'test/oci/programs/stream-one.ts',
      way,
      registry.host,
      'big/blob',
      String(MEGABYTES),
    ];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const said = JSON.parse(stdout) as { read: number; growthMegabytes: number };
    expect(said.growthMegabytes).toBeLessThan(BOUND);
    if (way === 'pull') expect(said.read).toBe(MEGABYTES * 2 ** 20);
    console.info(`${way}: ${said.growthMegabytes} MB of memory for ${MEGABYTES} MB`);
  });
});
