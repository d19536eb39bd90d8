import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRepository } from '../../core/oci/open.ts';
import type { Repository } from '../../core/oci/repository.ts';
import { keySigner } from '../../core/trust/sign.ts';
import { gitPosition } from '../../scripts/publisher/git-position.ts';
import { publish } from '../../scripts/publisher/publish.ts';
import { openRegistrySource } from '../../scripts/publisher/registry-source.ts';
import {
  containerEntry,
  remoteEntry,
  type TestPublication,
  testPublication,
} from '../support/publication.ts';

let publication: TestPublication;
let repository: Repository;
beforeEach(async () => {
  publication = await testPublication();
  const target = `oci-layout:${join(publication.folder, 'target')}`;
  repository = await openRepository(target, { create: true });
  await writeFile(join(publication.folder, '.gitignore'), '/target\n/catalog\n');
  git('init', '--quiet');
  commit('Start');
});
afterEach(() => publication[Symbol.asyncDispose]());

function git(...args: string[]) {
  execFileSync('git', args, { cwd: publication.folder, stdio: 'ignore' });
}
function commit(message: string) {
  git('add', '--all');
  git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-qm', message);
}

/** Publishes what the working tree holds; gives the names of the entries that were read for it. */
async function run({ full = false, to = repository } = {}) {
  const source = openRegistrySource(publication.registry);
  const position = await gitPosition(publication.registry);
  if (!position) throw new Error('no position');
  const { changedSince, ...rest } = position;
  const read = new Set<string>();
  const counted = {
    ...source,
    load(name: string) {
      read.add(name);
      return source.load(name);
    },
  };
  await publish(counted, to, {
    sign: keySigner(publication.key),
    batchSize: 1,
    policy: publication.policy,
    position: { ...rest, development: false, ...(full ? {} : { changedSince }) },
  });
  return [...read].sort();
}

const digestOf = async (tag: string, from = repository) => (await from.resolveTag(tag))?.digest;

describe('a second publication', () => {
  it('reads what changed since the commit of the first one, and nothing else', async () => {
    expect(await run()).toEqual(['alpha', 'beta']);
    expect(await run()).toEqual([]);
    await publication.write('alpha', remoteEntry('alpha', '1.1.0'));
    commit('Change alpha');
    expect(await run()).toEqual(['alpha']);
    await publication.write('gamma', containerEntry('gamma'));
    commit('Add gamma');
    expect(await run()).toEqual(['gamma']);
  });

  it('gives the same catalogs as if everything were read', async () => {
    await run();
    const beta = containerEntry('beta', '2.0.0').replace('only in tests', 'in tests only');
    await publication.write('beta', beta);
    await publication.write('alpha', remoteEntry('alpha', '1.1.0'));
    commit('Change');
    const full = await openRepository(`oci-layout:${join(publication.folder, 'target')}`);
    const before = await digestOf('docker');
    expect(await run()).toEqual(['alpha', 'beta']);
    const [catalog, docker] = [await digestOf('catalog'), await digestOf('docker')];
    expect(docker).not.toBe(before);
    expect(await run({ full: true, to: full })).toEqual(['alpha', 'beta']);
    expect(await digestOf('catalog', full)).toBe(catalog);
    expect(await digestOf('docker', full)).toBe(docker);
  });

  it('reads an entry that is not committed yet', async () => {
    await run();
    await publication.write('alpha', remoteEntry('alpha', '1.2.0'));
    await publication.write('delta', remoteEntry('delta'));
    const position = await gitPosition(publication.registry);
    const changed = await position?.changedSince(position.commit);
    expect([...(changed ?? [])].sort()).toEqual(['alpha', 'delta']);
  });

  it('reads everything after a change of the publisher, and on another history', async () => {
    const position = await gitPosition(publication.registry);
    const start = position?.commit ?? '';
    expect((await position?.changedSince(start))?.size).toBe(0);
    expect(await position?.changedSince('f'.repeat(40))).toBeUndefined();
    execFileSync('mkdir', [join(publication.folder, 'core')]);
    await writeFile(join(publication.folder, 'core', 'code.ts'), '');
    commit('Change the publisher');
    const later = await gitPosition(publication.registry);
    expect(await later?.changedSince(start)).toBeUndefined();
  });

  it('still notices an entry that is gone', async () => {
    await run();
    git('rm', '-rq', 'registry/servers/alpha');
    commit('Remove alpha');
    await expect(run()).rejects.toMatchObject({ code: 'ENTRY_DELETED' });
  });
});
