import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRegistry } from '../../core/oci/registry.ts';
import type { Repository } from '../../core/oci/repository.ts';
import { attachText, bytesOf, descriptorOf, storeText, textOf } from '../support/artifacts.ts';
import { needs } from '../support/needs.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const NOBODY = async () => undefined;

describe.skipIf(needs('docker-registry').skip)('a plain registry', () => {
  let registry: TestRegistry;
  let repository: Repository;
  beforeAll(async () => {
    registry = await startRegistry();
    repository = open('plain/first');
  });
  afterAll(() => registry?.stop());

  const open = (name: string, options = {}) =>
    openRegistry(
      { kind: 'registry', host: registry.host, repository: name },
      { credentials: NOBODY, ...options },
    );

  it('gives back what was stored', async () => {
    const stored = await storeText(repository, 'v1', 'hello');
    const found = await repository.resolveTag('v1');
    expect(found).toMatchObject({ digest: stored.digest, size: stored.size });
    const { manifest, bytes } = await repository.readManifest(stored.digest);
    expect(bytes.byteLength).toBe(stored.size);
    expect(manifest.artifactType).toBe('application/vnd.example.note');
    const layer = manifest.layers[0];
    if (!layer) throw new Error('the layer is gone');
    expect(textOf(await repository.readBlob(layer))).toBe('hello');
  });

  it('knows what is not there', async () => {
    expect(await repository.resolveTag('never')).toBeUndefined();
    const missing = descriptorOf(bytesOf('never stored'));
    expect(await repository.hasBlob(missing.digest)).toBe(false);
    await expect(repository.readBlob(missing)).rejects.toMatchObject({
      kind: 'unreachable',
      code: 'NOT_FOUND',
    });
    await expect(repository.readManifest(missing.digest)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await open('plain/nothing').tags()).toEqual([]);
    expect(await repository.referrers(missing.digest)).toEqual([]);
  });

  it('lists tags', async () => {
    const many = open('plain/many');
    const stored = await storeText(many, 'a', 'tagged often');
    for (const tag of ['b', 'c', 'd']) await many.putTag(tag, stored);
    expect(await many.tags()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('refuses a blob that is not what its descriptor says, before it is stored', async () => {
    const bytes = bytesOf('as announced');
    const wrong = { ...descriptorOf(bytesOf('other content')), size: bytes.byteLength };
    await expect(repository.putBlob(wrong, bytes)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    await expect(
      repository.putBlob(wrong, async function* () {
        yield bytes;
      }),
    ).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await repository.hasBlob(wrong.digest)).toBe(false);
  });

  it('mounts a blob that another repository has', async () => {
    const bytes = bytesOf('shared by two');
    const descriptor = descriptorOf(bytes);
    await repository.putBlob(descriptor, bytes);
    const second = open('plain/second', { mountFrom: 'plain/first' });
    let sent = false;
    await second.putBlob(descriptor, async function* () {
      sent = true;
      yield bytes;
    });
    expect(sent).toBe(false);
    expect(textOf(await second.readBlob(descriptor))).toBe('shared by two');
  });

  it('keeps referrers in the fallback tag, with their type and annotations', async () => {
    const subject = await storeText(repository, 'subject', 'look at me');
    const one = await attachText(repository, subject, 'one');
    const two = await attachText(repository, subject, 'two');
    const found = await repository.referrers(subject.digest);
    expect(found.map(({ digest }) => digest)).toEqual([one.digest, two.digest]);
    expect(found[0]).toMatchObject({
      artifactType: 'application/vnd.example.remark',
      annotations: { 'org.example.text': 'one' },
    });
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    stop.abort(new Error('changed my mind'));
    await expect(repository.tags({ signal: stop.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });
});
