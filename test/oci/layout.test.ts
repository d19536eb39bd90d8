import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hexOf } from '../../core/oci/digest.ts';
import { type Layout, openLayout } from '../../core/oci/layout.ts';
import { openTarLayout, packLayout } from '../../core/oci/layout-tar.ts';
import { openRepository } from '../../core/oci/open.ts';
import { attachText, bytesOf, descriptorOf, storeText, textOf } from '../support/artifacts.ts';

let root: string;
let count = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'portolan-layout-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function fresh(): string {
  count += 1;
  return join(root, `layout-${count}`);
}
const create = (folder: string): Promise<Layout> => openLayout(folder, { create: true });
const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

describe('a layout folder', () => {
  it('gives back what was stored, with its referrers', async () => {
    const folder = fresh();
    const layout = await create(folder);
    const subject = await storeText(layout, 'v1', 'hello');
    await attachText(layout, subject, 'a remark');
    const again = await openLayout(folder);
    expect(await again.tags()).toEqual(['v1']);
    expect((await again.resolveTag('v1'))?.digest).toBe(subject.digest);
    const [referrer] = await again.referrers(subject.digest);
    expect(referrer?.artifactType).toBe('application/vnd.example.remark');
    expect(referrer?.annotations).toBeUndefined();
  });

  it('moves a tag and keeps the manifest that lost it', async () => {
    const layout = await create(fresh());
    const first = await storeText(layout, 'v1', 'first');
    const second = await storeText(layout, 'v1', 'second');
    await layout.putTag('latest', second);
    expect((await layout.resolveTag('v1'))?.digest).toBe(second.digest);
    expect((await layout.readManifest(first.digest)).descriptor.digest).toBe(first.digest);
    expect(await layout.tags()).toEqual(['latest', 'v1']);
  });

  it('has the same bytes whatever the order of writing was', async () => {
    const texts = ['a', 'b', 'c', 'd'];
    const indexes = [];
    for (const order of [texts, [...texts].reverse()]) {
      const folder = fresh();
      const layout = await create(folder);
      for (const text of order) await storeText(layout, text, text);
      indexes.push(readFileSync(join(folder, 'index.json'), 'utf8'));
    }
    expect(indexes[0]).toBe(indexes[1]);
  });

  it('keeps what other tools wrote into index.json', async () => {
    const folder = fresh();
    const subject = await storeText(await create(folder), 'v1', 'theirs');
    const path = join(folder, 'index.json');
    const index = readJson(path);
    index.annotations = { 'org.example.kept': 'yes' };
    index.manifests[0].platform = { os: 'linux', architecture: 'amd64' };
    writeFileSync(path, JSON.stringify(index));
    const layout = await openLayout(folder);
    await layout.putTag('v2', subject);
    expect(readJson(path)).toMatchObject({
      annotations: { 'org.example.kept': 'yes' },
      manifests: [
        { platform: { os: 'linux' }, annotations: { 'org.opencontainers.image.ref.name': 'v1' } },
        { platform: { os: 'linux' }, annotations: { 'org.opencontainers.image.ref.name': 'v2' } },
      ],
    });
  });

  it('sees what another process has written since it was opened', async () => {
    const folder = fresh();
    const writer = await create(folder);
    await storeText(writer, 'v1', 'old');
    const reader = await openLayout(folder);
    const stored = await storeText(writer, 'v2', 'new');
    expect((await reader.resolveTag('v2'))?.digest).toBe(stored.digest);
  });

  it('loses nothing to writers that share it, in one process and in several', async () => {
    const folder = fresh();
    await storeText(await create(folder), 'base', 'base');
    const children = [1, 2, 3, 4].map((writer) =>
      spawn(process.execPath, ['test/oci/programs/write-layout.ts', folder, `p${writer}`, '10'], {
        stdio: ['ignore', 'ignore', 'inherit'],
      }),
    );
    const here = await Promise.all([create(folder), create(folder)]);
    await Promise.all(
      here.flatMap((layout, writer) =>
        Array.from({ length: 10 }, (_, index) =>
          storeText(layout, `h${writer}-${index}`, `${writer} ${index}`),
        ),
      ),
    );
    for (const child of children) {
      if (child.exitCode === null) await once(child, 'exit');
      expect(child.exitCode).toBe(0);
    }
    expect(await (await openLayout(folder)).tags()).toHaveLength(61);
    expect(readdirSync(folder).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  it('takes over the lock of a process that died', async () => {
    const folder = fresh();
    const layout = await create(folder);
    await storeText(layout, 'v1', 'before');
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const { hostname } = await import('node:os');
    writeFileSync(join(folder, '.index.json.lock'), `${hostname()} ${child.pid} abc\n`);
    await storeText(layout, 'v2', 'after');
    expect(await layout.tags()).toEqual(['v1', 'v2']);
    expect(existsSync(join(folder, '.index.json.lock'))).toBe(false);
  });

  it('keeps a broken upload out', async () => {
    const layout = await create(fresh());
    const bytes = bytesOf('half of it');
    const descriptor = descriptorOf(bytes);
    const broken = layout.putBlob(descriptor, async function* () {
      yield bytes.subarray(0, 4);
      throw new Error('the source broke');
    });
    await expect(broken).rejects.toThrow('the source broke');
    const short = layout.putBlob(descriptor, async function* () {
      yield bytes.subarray(0, 4);
    });
    await expect(short).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
    expect(await layout.hasBlob(descriptor.digest)).toBe(false);
  });
});

describe('a tampered layout is refused', () => {
  const cases: [string, (folder: string, digest: string) => void, object][] = [
    ['whose blob was altered', alterBlob, { kind: 'unverified', code: 'DIGEST_MISMATCH' }],
    [
      'whose index is not JSON',
      (folder) => writeFileSync(join(folder, 'index.json'), '{'),
      { code: 'MANIFEST_MALFORMED' },
    ],
    [
      'whose index walks out of the folder',
      (folder) => {
        const index = readJson(join(folder, 'index.json'));
        index.manifests[0].digest = 'sha256:../../../../../../etc/passwd';
        writeFileSync(join(folder, 'index.json'), JSON.stringify(index));
      },
      { code: 'DIGEST_MALFORMED' },
    ],
    [
      'whose blob is missing',
      (folder, digest) => rmSync(join(folder, 'blobs', 'sha256', digest)),
      { kind: 'unreachable', code: 'NOT_FOUND' },
    ],
    [
      'whose blob is a link to another file',
      (folder, digest) => {
        rmSync(join(folder, 'blobs', 'sha256', digest));
        symlinkSync('/etc/hostname', join(folder, 'blobs', 'sha256', digest));
      },
      { kind: 'unverified' },
    ],
  ];

  function alterBlob(folder: string, digest: string) {
    const path = join(folder, 'blobs', 'sha256', digest);
    const bytes = readFileSync(path);
    bytes[5] = (bytes[5] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  }

  it.each(cases)('%s', async (_, tamper, error) => {
    const folder = fresh();
    const stored = await storeText(await create(folder), 'v1', 'to be tampered with');
    tamper(folder, hexOf(stored.digest));
    const read = async () => (await openLayout(folder)).readManifest(stored.digest);
    await expect(read()).rejects.toMatchObject(error);
  });
});

describe('a tar of a layout', () => {
  it('is read without unpacking, and has the same bytes each time', async () => {
    const folder = fresh();
    const layout = await create(folder);
    const subject = await storeText(layout, 'v1', 'packed');
    await attachText(layout, subject, 'packed too');
    writeFileSync(join(folder, 'stray.txt'), 'not part of the layout');
    await packLayout(folder, join(root, 'one.tar'));
    await packLayout(folder, join(root, 'two.tar'));
    expect(readFileSync(join(root, 'one.tar'))).toEqual(readFileSync(join(root, 'two.tar')));
    const tar = await openRepository(`oci-layout:${join(root, 'one.tar')}`);
    expect(await tar.tags()).toEqual(['v1']);
    const { manifest } = await tar.readManifest(subject.digest);
    const layer = manifest.layers[0];
    if (!layer) throw new Error('no layer');
    expect(textOf(await tar.readBlob(layer))).toBe('packed');
    expect(await tar.referrers(subject.digest)).toHaveLength(1);
    await expect(tar.putTag('v2', subject)).rejects.toMatchObject({ code: 'LAYOUT_READ_ONLY' });
  });

  it.each([
    ['is something else', (bytes: Buffer) => Buffer.from(bytes).fill(7, 0, 512)],
    ['is cut off', (bytes: Buffer) => bytes.subarray(0, 1000)],
    ['holds no layout', () => Buffer.alloc(1024)],
  ])('is refused when it %s', async (_, alter) => {
    const path = join(root, 'broken.tar');
    writeFileSync(path, alter(readFileSync(join(root, 'one.tar'))));
    await expect(openTarLayout(path)).rejects.toMatchObject({ code: 'TAR_MALFORMED' });
  });

  it('is named when it is missing', async () => {
    await expect(openTarLayout(join(root, 'missing.tar'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('missing.tar'),
    });
    mkdirSync(join(root, 'empty'));
    await expect(openLayout(join(root, 'empty'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
