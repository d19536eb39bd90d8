import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keySigner } from '../../core/trust/sign.ts';
import { buildLayout } from '../../scripts/publisher/build-layout.ts';
import { groupsOf, packServers } from '../../scripts/publisher/pack-in-threads.ts';
import { openRegistrySource } from '../../scripts/publisher/registry-source.ts';
import { remoteEntry, testPublication } from '../support/publication.ts';

/** Enough that two threads are worth their start. */
const COUNT = 500;

describe('packing in threads', () => {
  it('gives the same bytes as one thread, and fails with the same words', async () => {
    await using publication = await testPublication();
    for (let i = 0; i < COUNT; i += 1) {
      await publication.write(`many-${i}`, remoteEntry(`many-${i}`));
    }
    const alone = await publication.build();
    const source = openRegistrySource(publication.registry);
    const together = join(publication.folder, 'together');
    const position = { number: 1, development: false };
    await buildLayout(source, together, keySigner(publication.key), position);
    const index = (layout: string) => readFile(join(layout, 'index.json'), 'utf8');
    expect(await index(together)).toBe(await index(alone));

    const bad = join(publication.registry, 'servers', `many-${COUNT - 1}`, 'server.yaml');
    await rm(bad);
    const pack = (threads: number) =>
      packServers(source, source.names, async () => {}, { threads });
    const expected = {
      name: 'PortolanError',
      kind: 'malformed',
      code: 'REGISTRY_INVALID',
      message: expect.stringContaining(`many-${COUNT - 1}/server.yaml`),
    };
    await expect(pack(2)).rejects.toMatchObject(expected);
    await expect(pack(1)).rejects.toMatchObject(expected);
  });

  it('puts names into groups that one more name leaves alone', () => {
    const names = Array.from({ length: 3000 }, (_, i) => `server-${String(i).padStart(4, '0')}`);
    const before = [...groupsOf(names)];
    expect(before.flat()).toEqual(names);
    expect(before.length).toBeGreaterThan(60);
    expect(before.length).toBeLessThan(160);
    const known = new Set(before.map((group) => group.join()));
    const more = [...groupsOf([...names, 'server-0100-and-one-more'].sort())];
    expect(more.filter((group) => !known.has(group.join())).length).toBeLessThanOrEqual(2);
    expect([...groupsOf([])]).toEqual([]);
  });

  it('stops when what takes the servers fails', async () => {
    await using publication = await testPublication();
    for (let i = 0; i < COUNT; i += 1) {
      await publication.write(`many-${i}`, remoteEntry(`many-${i}`));
    }
    const source = openRegistrySource(publication.registry);
    const take = async () => {
      throw new Error('the disk is full');
    };
    await expect(packServers(source, source.names, take, { threads: 2 })).rejects.toThrow(
      'the disk is full',
    );
  });
});
