import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { INDEX_TYPE } from '../../core/oci/manifest.ts';
import { openRegistry } from '../../core/oci/registry.ts';
import { attachText, storeText } from '../support/artifacts.ts';
import { needs } from '../support/needs.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type RegistryProxy, startRegistryProxy } from '../support/registry-proxy.ts';

const EIGHT = ['1', '2', '3', '4', '5', '6', '7', '8'];

describe.skipIf(needs('docker-registry').skip)('referrers', () => {
  let registry: TestRegistry;
  let withApi: RegistryProxy;
  let between: RegistryProxy;
  beforeAll(async () => {
    registry = await startRegistry();
    withApi = await startRegistryProxy(registry.host, { referrersApi: true, pageSize: 3 });
    between = await startRegistryProxy(registry.host);
  });
  afterEach(() => {
    between.interfere = () => false;
  });
  afterAll(async () => {
    await withApi?.stop();
    await between?.stop();
    await registry?.stop();
  });

  const open = (host: string, repository: string) =>
    openRegistry({ kind: 'registry', host, repository }, { credentials: async () => undefined });
  const textsOf = async (host: string, repository: string, digest: `sha256:${string}`) =>
    (await open(host, repository).referrers(digest))
      .map(({ annotations }) => annotations?.['org.example.text'])
      .sort();

  it('survive eight writers at once in one process', async () => {
    const subject = await storeText(open(registry.host, 'ref/one'), 'v1', 'eight at once');
    await Promise.all(
      EIGHT.map((text) => attachText(open(between.host, 'ref/one'), subject, text)),
    );
    // They took turns, so none had to repair what another had overwritten.
    const writes = between.log.filter(
      ({ method, url }) => method === 'PUT' && url.includes('/manifests/sha256-'),
    );
    expect(writes).toHaveLength(8);
    expect(await textsOf(registry.host, 'ref/one', subject.digest)).toEqual(EIGHT);
  });

  it('survive eight processes that write at once', async () => {
    const subject = await storeText(open(registry.host, 'ref/many'), 'v1', 'eight processes');
    const children = EIGHT.map((text) =>
      spawn(
        process.execPath,
        [
          'test/oci/programs/attach-one.ts',
          registry.host,
          'ref/many',
          JSON.stringify(subject),
          text,
        ],
        { stdio: ['pipe', 'pipe', 'inherit'] },
      ),
    );
    // All are loaded and waiting before any begins.
    await Promise.all(children.map((child) => once(child.stdout, 'data')));
    for (const child of children) child.stdin.end('go\n');
    const codes = await Promise.all(children.map((child) => once(child, 'exit')));
    expect(codes.map(([code]) => code)).toEqual(EIGHT.map(() => 0));
    expect(await textsOf(registry.host, 'ref/many', subject.digest)).toEqual(EIGHT);
  });

  it('repair what another writer has overwritten', async () => {
    const name = 'ref/lost';
    const subject = await storeText(open(registry.host, name), 'v1', 'overwritten');
    await attachText(open(registry.host, name), subject, 'first');
    const tag = `sha256-${subject.digest.slice(7)}`;
    let overwritten = 0;
    between.interfere = async (request) => {
      // Just before the second look, a writer that knows nothing of the others replaces the list.
      const look = request.method === 'GET' && request.url?.endsWith(tag);
      overwritten += look ? 1 : 0;
      if (look && overwritten === 2) {
        await fetch(`http://${registry.host}/v2/${name}/manifests/${tag}`, {
          method: 'PUT',
          headers: { 'Content-Type': INDEX_TYPE },
          body: JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [] }),
        });
      }
      return false;
    };
    await attachText(open(between.host, name), subject, 'second');
    expect(overwritten).toBeGreaterThan(2);
    expect(await textsOf(registry.host, name, subject.digest)).toEqual(['first', 'second']);
  });

  it('keep what other tools have written into the list', async () => {
    const name = 'ref/others';
    const repository = open(registry.host, name);
    const subject = await storeText(repository, 'v1', 'signed by others');
    const other = await storeText(repository, 'other', 'another referrer');
    const tag = `sha256-${subject.digest.slice(7)}`;
    const listed = { ...other, platform: { os: 'linux', architecture: 'amd64' } };
    const url = `http://${registry.host}/v2/${name}/manifests/${tag}`;
    await fetch(url, {
      method: 'PUT',
      headers: { 'Content-Type': INDEX_TYPE },
      body: JSON.stringify({
        schemaVersion: 2,
        mediaType: INDEX_TYPE,
        manifests: [listed],
        annotations: { 'org.example.kept': 'yes' },
      }),
    });
    await attachText(repository, subject, 'ours');
    const index = (await (await fetch(url, { headers: { Accept: INDEX_TYPE } })).json()) as {
      manifests: unknown[];
    };
    expect(index).toMatchObject({ annotations: { 'org.example.kept': 'yes' } });
    expect(index.manifests[0]).toEqual(listed);
    expect(index.manifests).toHaveLength(2);
  });

  it('leave an image alone that bears the name of the fallback tag', async () => {
    const repository = open(registry.host, 'ref/image');
    const subject = await storeText(repository, 'v1', 'a subject');
    const tag = `sha256-${subject.digest.slice(7)}`;
    const image = await storeText(repository, tag, 'no list at all');
    await expect(attachText(repository, subject, 'x')).rejects.toMatchObject({
      kind: 'malformed',
    });
    expect((await repository.resolveTag(tag))?.digest).toBe(image.digest);
  });

  it('are read page by page from the referrers API, and the fallback tag is left alone', async () => {
    const repository = open(withApi.host, 'ref/api');
    const subject = await storeText(repository, 'v1', 'with the API');
    for (const text of EIGHT) await attachText(repository, subject, text);
    expect(await textsOf(withApi.host, 'ref/api', subject.digest)).toEqual(EIGHT);
    const tag = `sha256-${subject.digest.slice(7)}`;
    expect(await repository.resolveTag(tag)).toBeUndefined();
  });

  it('are a thousand at most', async () => {
    const repository = open(between.host, 'ref/thousand');
    const manifests = Array.from({ length: 1500 }, (_, index) => ({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: `sha256:${String(index).padStart(64, '0')}`,
      size: 2,
    }));
    between.interfere = (request, response) => {
      if (!request.url?.includes('/referrers/')) return false;
      response.setHeader('Content-Type', INDEX_TYPE);
      response.setHeader('Link', `<${request.url}?again>; rel="next"`);
      response.end(JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests }));
      return true;
    };
    const subject = await storeText(repository, 'v1', 'much loved');
    expect(await repository.referrers(subject.digest)).toHaveLength(1000);
  });
});
