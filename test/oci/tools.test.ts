import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLayout } from '../../core/oci/layout.ts';
import { openRepository } from '../../core/oci/open.ts';
import { openRegistry } from '../../core/oci/registry.ts';
import type { Repository } from '../../core/oci/repository.ts';
import { attachText, storeText, textOf } from '../support/artifacts.ts';
import { needs } from '../support/needs.ts';
import { startRegistry, TEST_PASSWORD, TEST_USER, type TestRegistry } from '../support/registry.ts';

// `oras` and `skopeo` are what administrators mirror with: both ways must work, without a word
// about Portolan in them.
const run = promisify(execFile);
let folder: string;
let registry: TestRegistry;
const skip = needs('docker-registry').skip;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-tools-'));
  if (!skip) registry = await startRegistry();
});
afterAll(async () => {
  await registry?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const open = (repository: string) =>
  openRegistry(
    { kind: 'registry', host: registry.host, repository },
    { credentials: async () => undefined },
  );

async function noteAt(repository: Repository, tag: string): Promise<string> {
  const found = await repository.resolveTag(tag);
  if (!found) throw new Error(`${repository.name} has no ${tag}`);
  const { manifest } = await repository.readManifest(found.digest);
  const layer = manifest.layers[0];
  if (!layer) throw new Error('no layer');
  return textOf(await repository.readBlob(layer));
}

async function remarksOn(repository: Repository, tag: string): Promise<string[]> {
  const found = await repository.resolveTag(tag);
  if (!found) throw new Error(`${repository.name} has no ${tag}`);
  const listed = await repository.referrers(found.digest);
  return Promise.all(
    listed.map(async ({ digest }) => {
      const { manifest } = await repository.readManifest(digest);
      const layer = manifest.layers[0];
      return layer ? textOf(await repository.readBlob(layer)) : '';
    }),
  );
}

describe.skipIf(skip || needs('oras').skip)('oras', () => {
  const oras = (...args: string[]) =>
    run('oras', args, { env: { ...process.env, HOME: folder, NO_COLOR: '1' }, cwd: folder });
  const plain = '--plain-http';
  const name = (path: string) => `${registry.host}/${path}`;

  it('pulls and discovers what we push', async () => {
    const repository = open('ours/pushed');
    const subject = await storeText(repository, 'v1', 'from Portolan');
    await attachText(repository, subject, 'remarked by Portolan');
    await oras('pull', plain, '-o', join(folder, 'pulled'), name('ours/pushed:v1'));
    expect(readFileSync(join(folder, 'pulled', 'note.txt'), 'utf8')).toBe('from Portolan');
    const { stdout } = await oras('discover', plain, '--format', 'json', name('ours/pushed:v1'));
    expect(stdout).toContain('application/vnd.example.remark');
  });

  it('copies our layout to a registry with its referrers, where we read it', async () => {
    const layout = await openLayout(join(folder, 'layout'), { create: true });
    const subject = await storeText(layout, 'v1', 'from a layout');
    await attachText(layout, subject, 'attached in the layout');
    const { stdout } = await oras(
      ...['discover', '--oci-layout', '--format', 'json', `${join(folder, 'layout')}:v1`],
    );
    expect(stdout).toContain('application/vnd.example.remark');
    await oras(
      ...['cp', '-r', '--from-oci-layout', `${join(folder, 'layout')}:v1`],
      ...['--to-plain-http', name('mirror/copied:v1')],
    );
    const mirror = open('mirror/copied');
    expect((await mirror.resolveTag('v1'))?.digest).toBe(subject.digest);
    expect(await noteAt(mirror, 'v1')).toBe('from a layout');
    expect(await remarksOn(mirror, 'v1')).toEqual(['attached in the layout']);
  });

  it('pushes and attaches what we read, and its referrers stay beside ours', async () => {
    mkdirSync(join(folder, 'theirs'), { recursive: true });
    writeFileSync(join(folder, 'note.txt'), 'from oras');
    writeFileSync(join(folder, 'remark.txt'), 'remarked by oras');
    await oras(
      'push',
      plain,
      '--artifact-type',
      'a/note',
      name('theirs/pushed:v1'),
      'note.txt:text/plain',
    );
    await oras(
      'attach',
      plain,
      '--artifact-type',
      'a/remark',
      name('theirs/pushed:v1'),
      'remark.txt:text/plain',
    );
    const repository = open('theirs/pushed');
    expect(await noteAt(repository, 'v1')).toBe('from oras');
    expect(await remarksOn(repository, 'v1')).toEqual(['remarked by oras']);
    const subject = await repository.resolveTag('v1');
    if (!subject) throw new Error('no subject');
    await attachText(repository, subject, 'and by us');
    const { stdout } = await oras('discover', plain, '--format', 'json', name('theirs/pushed:v1'));
    expect((JSON.parse(stdout) as { referrers: unknown[] }).referrers).toHaveLength(2);
    expect(await remarksOn(repository, 'v1')).toEqual(['remarked by oras', 'and by us']);
  });

  it('writes layouts, as folder and as tar, that we read with their referrers', async () => {
    const repository = open('ours/to-layout');
    const subject = await storeText(repository, 'v1', 'to a layout');
    await attachText(repository, subject, 'and its remark');
    await oras(
      ...['cp', '-r', '--from-plain-http', name('ours/to-layout:v1')],
      ...['--to-oci-layout', `${join(folder, 'written')}:v1`],
    );
    const layout = await openRepository(`oci-layout:${join(folder, 'written')}`);
    expect(await noteAt(layout, 'v1')).toBe('to a layout');
    expect(await remarksOn(layout, 'v1')).toEqual(['and its remark']);
    await run('tar', ['-cf', join(folder, 'written.tar'), '-C', join(folder, 'written'), '.']);
    const tar = await openRepository(`oci-layout:${join(folder, 'written.tar')}`);
    expect(await noteAt(tar, 'v1')).toBe('to a layout');
    expect(await remarksOn(tar, 'v1')).toEqual(['and its remark']);
  });

  it('restores all tags of our layout to a registry, and backs them up to a tar that we read', async () => {
    const from = join(folder, 'whole');
    const layout = await openLayout(from, { create: true });
    for (const tag of ['a', 'b']) {
      await attachText(layout, await storeText(layout, tag, `whole ${tag}`), `remark ${tag}`);
    }
    await oras('restore', plain, '--input', from, name('mirror/whole'));
    const tar = join(folder, 'whole.tar');
    await oras('backup', plain, '--include-referrers', '--output', tar, name('mirror/whole'));
    for (const repository of [open('mirror/whole'), await openRepository(`oci-layout:${tar}`)]) {
      expect(await noteAt(repository, 'b')).toBe('whole b');
      expect(await remarksOn(repository, 'a')).toEqual(['remark a']);
      expect(await remarksOn(repository, 'b')).toEqual(['remark b']);
    }
  });

  it('signs in with what we read from its configuration', async () => {
    const guarded = await startRegistry({ auth: 'basic' });
    try {
      await oras('login', plain, '-u', TEST_USER, '-p', TEST_PASSWORD, guarded.host);
      const { credentialsFromFiles } = await import('../../core/oci/credentials.ts');
      const repository = openRegistry(
        { kind: 'registry', host: guarded.host, repository: 'login/by-oras' },
        { credentials: credentialsFromFiles({ env: { HOME: folder } }) },
      );
      await storeText(repository, 'v1', 'signed in');
      expect(await repository.tags()).toEqual(['v1']);
    } finally {
      await guarded.stop();
    }
  });
});

describe.skipIf(skip || needs('skopeo').skip)('skopeo', () => {
  const skopeo = (...args: string[]) =>
    run('skopeo', ['--insecure-policy', ...args], { cwd: folder });

  it('copies between registry, folder and tar without changing the digest', async () => {
    const repository = open('skopeo/from');
    const subject = await storeText(repository, 'v1', 'by skopeo');
    const from = `docker://${registry.host}/skopeo/from:v1`;
    await skopeo('copy', '--src-tls-verify=false', from, `oci:${join(folder, 'sk')}:v1`);
    const layout = await openRepository(`oci-layout:${join(folder, 'sk')}`);
    expect((await layout.resolveTag('v1'))?.digest).toBe(subject.digest);
    expect(await noteAt(layout, 'v1')).toBe('by skopeo');
    await skopeo(
      'copy',
      '--src-tls-verify=false',
      from,
      `oci-archive:${join(folder, 'sk.tar')}:v1`,
    );
    const tar = await openRepository(`oci-layout:${join(folder, 'sk.tar')}`);
    expect((await tar.resolveTag('v1'))?.digest).toBe(subject.digest);
    expect(await noteAt(tar, 'v1')).toBe('by skopeo');
  });

  it('copies our layout to a registry, where we read it', async () => {
    const layout = await openLayout(join(folder, 'for-skopeo'), { create: true });
    const subject = await storeText(layout, 'v1', 'for skopeo');
    await skopeo(
      ...['copy', '--dest-tls-verify=false', `oci:${join(folder, 'for-skopeo')}:v1`],
      `docker://${registry.host}/skopeo/to:v1`,
    );
    const there = open('skopeo/to');
    expect((await there.resolveTag('v1'))?.digest).toBe(subject.digest);
    expect(await noteAt(there, 'v1')).toBe('for skopeo');
  });
});
