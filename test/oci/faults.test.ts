import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { basicHeader } from '../../core/oci/authorize.ts';
import { openRegistry } from '../../core/oci/registry.ts';
import type { Descriptor, Repository } from '../../core/oci/repository.ts';
import { createFetch } from '../../core/oci/transport.ts';
import { bytesOf, descriptorOf, storeText, textOf } from '../support/artifacts.ts';
import { needs } from '../support/needs.ts';
import { startRegistry, TEST_PASSWORD, TEST_USER, type TestRegistry } from '../support/registry.ts';
import { type RegistryProxy, startRegistryProxy } from '../support/registry-proxy.ts';

describe.skipIf(needs('docker-registry').skip)('when things go wrong on the way', () => {
  let registry: TestRegistry;
  let proxy: RegistryProxy;
  let note: Descriptor;
  const big = new Uint8Array(300_000).map((_, index) => (index * 31) % 251);
  const bigBlob = descriptorOf(big);
  let waits: number[] = [];

  const open = (options = {}): Repository =>
    openRegistry(
      { kind: 'registry', host: proxy.host, repository: 'faults/one' },
      {
        credentials: async () => ({
          kind: 'password',
          username: TEST_USER,
          password: TEST_PASSWORD,
        }),
        sleep: async (ms) => void waits.push(Math.round(ms)),
        random: () => 1,
        ...options,
      },
    );

  beforeAll(async () => {
    registry = await startRegistry({ auth: 'basic' });
    proxy = await startRegistryProxy(registry.host);
    note = await storeText(open(), 'v1', 'a note');
    await open().putBlob(bigBlob, big);
  });
  afterEach(() => {
    proxy.interfere = () => false;
    proxy.log.splice(0);
    waits = [];
  });
  afterAll(async () => {
    await proxy?.stop();
    await registry?.stop();
  });

  it('tries again after 503, and waits as long as Retry-After says', async () => {
    let left = 2;
    proxy.interfere = (_, response) => {
      if (left === 0) return false;
      left -= 1;
      response.writeHead(left === 1 ? 503 : 429, left === 1 ? {} : { 'Retry-After': '7' }).end();
      return true;
    };
    expect(await open().tags()).toContain('v1');
    expect(waits).toEqual([250, 7500]);
  });

  it('gives up after its tries, and at once when it shall wait too long', async () => {
    const errors = [{ code: 'UNKNOWN', message: '\u001b[31mboom' }];
    const errorBody = JSON.stringify({ errors });
    proxy.interfere = (_, response) => {
      response.writeHead(500).end(errorBody);
      return true;
    };
    const error = await open({ attempts: 3 })
      .tags()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'unreachable', code: 'REGISTRY_ERROR' });
    expect(String(error)).toContain('UNKNOWN: ?[31mboom');
    expect(waits).toHaveLength(2);
    waits = [];
    proxy.interfere = (_, response) => {
      response.writeHead(429, { 'Retry-After': '3600' }).end();
      return true;
    };
    await expect(open().tags()).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(waits).toEqual([]);
  });

  it('tries again when the connection breaks', async () => {
    let broken = 0;
    proxy.interfere = (request) => {
      if (broken > 0) return false;
      broken += 1;
      request.socket.destroy();
      return true;
    };
    expect(await open().tags()).toContain('v1');
  });

  it('uploads a blob once for all who put it at the same time, and again when that failed', async () => {
    const bytes = big.map((byte) => byte ^ 2);
    const blob = descriptorOf(bytes);
    const repository = open();
    const gone = new AbortController();
    proxy.interfere = (request) => {
      if (request.method !== 'PUT' || gone.signal.aborted) return false;
      gone.abort();
      request.socket.destroy();
      return true;
    };
    const all = Array.from({ length: 16 }, (_, index) =>
      repository.putBlob(blob, bytes, index === 0 ? { signal: gone.signal } : {}),
    );
    const [first, ...others] = await Promise.allSettled(all);
    expect(first?.status).toBe('rejected');
    expect(others.every(({ status }) => status === 'fulfilled')).toBe(true);
    // The first one's, which was called off, and the one of the second.
    expect(proxy.log.filter(({ method }) => method === 'PUT')).toHaveLength(2);
    expect(await open().readBlob(blob)).toEqual(bytes);
  });

  it('begins an upload anew when it breaks half-way', async () => {
    const bytes = big.map((byte) => byte ^ 1);
    let broken = 0;
    proxy.interfere = (request) => {
      if (request.method !== 'PUT' || broken > 0) return false;
      broken += 1;
      request.once('data', () => request.socket.destroy());
      return true;
    };
    const descriptor = descriptorOf(bytes);
    await open().putBlob(descriptor, async function* () {
      for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
    });
    expect(broken).toBe(1);
    expect(await open().readBlob(descriptor)).toEqual(bytes);
  });

  it('fetches the rest of a blob when a download breaks half-way', async () => {
    let broken = 0;
    const ranges: unknown[] = [];
    proxy.interfere = (request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      ranges.push(request.headers.range);
      if (broken > 0) return false;
      broken += 1;
      response.writeHead(200, { 'Content-Length': String(big.length) });
      response.write(big.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    const seen: number[] = [];
    const read = await open().readBlob(bigBlob, { onProgress: ({ done }) => seen.push(done) });
    expect(read).toEqual(big);
    expect([...new Set(ranges)]).toEqual([undefined, 'bytes=100000-']);
    expect(seen.at(-1)).toBe(big.length);
  });

  it.each([
    ['altered', (bytes: Uint8Array) => bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte))],
    ['longer', (bytes: Uint8Array) => new Uint8Array([...bytes, 10])],
    ['shorter', (bytes: Uint8Array) => bytes.subarray(1)],
  ])('refuses a blob that is %s', async (_, alter) => {
    proxy.interfere = (request, response) => {
      if (request.method !== 'GET' || !request.url?.includes('/blobs/')) return false;
      response.end(alter(big));
      return true;
    };
    await expect(open().readBlob(bigBlob)).rejects.toMatchObject({ kind: 'unverified' });
    const streamed = async () => {
      for await (const _piece of open().streamBlob(bigBlob));
    };
    await expect(streamed()).rejects.toMatchObject({ kind: 'unverified' });
  });

  it('refuses an altered manifest, whatever digest the registry claims', async () => {
    proxy.interfere = (request, response) => {
      if (request.method !== 'GET' || !request.url?.includes('/manifests/')) return false;
      response.writeHead(200, {
        'Content-Type': 'application/vnd.oci.image.manifest.v1+json',
        'Docker-Content-Digest': note.digest,
      });
      response.end('{"schemaVersion":2}');
      return true;
    };
    await expect(open().readManifest(note.digest)).rejects.toMatchObject({
      kind: 'unverified',
      code: 'DIGEST_MISMATCH',
    });
  });

  it('reads no more than it must', async () => {
    await expect(open().readBlob({ ...bigBlob, size: 2 ** 31 })).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
    await expect(open().readBlob(bigBlob, { maxBytes: 1000 })).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
    proxy.interfere = (request, response) => {
      if (request.method !== 'GET') return false;
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65536, 32)));
      };
      response.on('drain', more);
      more();
      return true;
    };
    await expect(open().readManifest(note.digest)).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await expect(open().readBlob(bigBlob)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
    await expect(open().tags()).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  it('follows pages of tags on the same host only', async () => {
    proxy.interfere = (request, response) => {
      if (!request.url?.includes('/tags/list')) return false;
      const last = request.url.includes('last=b');
      response.setHeader(
        'Link',
        last
          ? '<https://elsewhere.example/v2/x/tags/list>; rel="next"'
          : '</v2/faults/one/tags/list?n=1&last=b>; rel="next"',
      );
      response.end(JSON.stringify({ tags: last ? ['c'] : ['a', 'b', 'not a tag', 7] }));
      return true;
    };
    expect(await open().tags()).toEqual(['a', 'b', 'c']);
  });

  it('stops a download in the middle when it is told to', async () => {
    const stop = new AbortController();
    proxy.interfere = (request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(200, { 'Content-Length': String(big.length) });
      response.write(big.subarray(0, 1000));
      return true;
    };
    const onProgress = () => stop.abort();
    await expect(
      open().readBlob(bigBlob, { signal: stop.signal, onProgress }),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  describe('redirects', () => {
    it('never take the password to another host', async () => {
      const seen: (string | undefined)[] = [];
      const storage = createServer((request, response) => {
        seen.push(request.headers.authorization);
        response.end(big);
      }).listen(0, '127.0.0.1');
      await once(storage, 'listening');
      const { port } = storage.address() as AddressInfo;
      proxy.interfere = (request, response) => {
        if (request.method !== 'GET' || !request.url?.includes('/blobs/')) return false;
        if (!request.headers.authorization) return false;
        response.writeHead(307, { Location: `http://127.0.0.1:${port}/blob?signed=1` }).end();
        return true;
      };
      expect(await open().readBlob(bigBlob)).toEqual(big);
      expect(seen).toEqual([undefined]);
      expect(proxy.log.at(-1)?.authorization).toBe(basicHeader(TEST_USER, TEST_PASSWORD));
      storage.close();
    });

    it.each([
      ['in a circle', (url: string) => url],
      ['to plain HTTP elsewhere', () => 'http://registry.example/blob'],
      ['to a file', () => 'file:///etc/passwd'],
      ['to a user and a password', () => 'http://a:b@127.0.0.1:1/'],
    ])('are refused %s', async (_, to) => {
      proxy.interfere = (request, response) => {
        response.writeHead(307, { Location: to(request.url ?? '') }).end();
        return true;
      };
      await expect(open().readBlob(bigBlob)).rejects.toMatchObject({
        kind: 'unreachable',
        code: 'REDIRECT_REFUSED',
      });
    });

    it('of uploads keep the query and go where the registry says', async () => {
      const bytes = bytesOf('by way of a relative place');
      const descriptor = descriptorOf(bytes);
      proxy.interfere = (request, response) => {
        if (request.method !== 'POST' || !request.headers.authorization) return false;
        response.writeHead(202, { Location: `../moved?_state=a%2Fb%3D&x=1` }).end();
        return true;
      };
      await expect(open().putBlob(descriptor, bytes)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(proxy.log.at(-1)).toMatchObject({
        method: 'PUT',
        url: `/v2/faults/one/blobs/moved?_state=a%2Fb%3D&x=1&digest=${encodeURIComponent(descriptor.digest)}`,
      });
      expect(textOf(bytes)).toContain('relative');
    });
  });

  it('gives up a connection on which nothing comes', async () => {
    const mute = createServer(() => {}).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    const repository = openRegistry(
      { kind: 'registry', host: `127.0.0.1:${port}`, repository: 'a/b' },
      { fetch: createFetch({ idleMs: 50 }), attempts: 2, sleep: async () => {} },
    );
    await expect(repository.tags()).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining('no data for 0.05 s'),
    });
    mute.closeAllConnections();
    mute.close();
  });

  it('uses HTTP without TLS for loopback hosts, or when it is told to', async () => {
    const urls: string[] = [];
    const fetch = async (url: string) => {
      urls.push(url);
      return new Response('{"tags":[]}');
    };
    for (const [host, options] of [
      ['registry.example', {}],
      ['registry.example', { plainHttp: true }],
      ['localhost:5000', {}],
      ['localhost:5000', { plainHttp: false }],
      ['127.0.0.1.example', {}],
    ] as const) {
      await openRegistry({ kind: 'registry', host, repository: 'a' }, { ...options, fetch }).tags();
    }
    expect(urls.map((url) => url.replace(/v2.*/, ''))).toEqual([
      'https://registry.example/',
      'http://registry.example/',
      'http://localhost:5000/',
      'https://localhost:5000/',
      'https://127.0.0.1.example/',
    ]);
  });

  it('does not send a refresh token where the token server redirects to', async () => {
    const seen: string[] = [];
    const repository = openRegistry(
      { kind: 'registry', host: 'registry.example', repository: 'a/b' },
      {
        credentials: async () => ({ kind: 'identity', refreshToken: 'secret' }),
        fetch: async (url) => {
          seen.push(new URL(url).host);
          const token = url.startsWith('https://auth.example');
          const headers: Record<string, string> = token
            ? { Location: 'https://evil.example/token' }
            : { 'WWW-Authenticate': 'Bearer realm="https://auth.example/token"' };
          return new Response(null, { status: token ? 307 : 401, headers });
        },
      },
    );
    await expect(repository.tags()).rejects.toMatchObject({ code: 'REDIRECT_REFUSED' });
    expect(seen).toEqual(['registry.example', 'auth.example']);
  });

  it('sends no password to a token server without TLS when the registry has TLS', async () => {
    const seen: string[] = [];
    const repository = openRegistry(
      { kind: 'registry', host: 'registry.example', repository: 'a/b' },
      {
        credentials: async () => ({ kind: 'password', username: 'u', password: 'p' }),
        fetch: async (url) => {
          seen.push(url);
          const headers = { 'WWW-Authenticate': 'Bearer realm="http://127.0.0.1:1/token"' };
          return new Response(null, { status: 401, headers });
        },
      },
    );
    await expect(repository.tags()).rejects.toMatchObject({ code: 'TOKEN_MALFORMED' });
    expect(seen).toEqual(['https://registry.example/v2/a/b/tags/list?n=1000']);
  });
});
