import { describe, expect, it } from 'vitest';
import { formatSource, parseSource } from '../../core/oci/reference.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('a source', () => {
  it.each([
    ['oci://ghcr.io/acme/catalog', { host: 'ghcr.io', repository: 'acme/catalog' }],
    ['oci://ghcr.io/acme/catalog:v1', { tag: 'v1' }],
    [`oci://ghcr.io/acme/catalog@${DIGEST}`, { digest: DIGEST }],
    [`oci://ghcr.io/acme/catalog:v1@${DIGEST}`, { digest: DIGEST }],
    ['oci://localhost:5000/a/b/c:v1', { host: 'localhost:5000', repository: 'a/b/c', tag: 'v1' }],
    ['oci://[::1]:5000/a:v1', { host: '[::1]:5000', repository: 'a' }],
    ['oci://host/a__b/c.d/e---f', { repository: 'a__b/c.d/e---f' }],
    ['oci://docker.io/acme/catalog', { host: 'docker.io', repository: 'acme/catalog' }],
    ['oci-layout:dist/catalog', { kind: 'layout', path: 'dist/catalog', archive: false }],
    ['oci-layout:dist/catalog:v1', { path: 'dist/catalog', tag: 'v1' }],
    [`oci-layout:dist/catalog@${DIGEST}`, { path: 'dist/catalog', digest: DIGEST }],
    ['oci-layout:/srv/a.tar:v1', { path: '/srv/a.tar', tag: 'v1', archive: true }],
    ['oci-layout:C:\\catalog', { path: 'C:\\catalog', archive: false }],
    ['oci-layout:C:\\catalog:v1', { path: 'C:\\catalog', tag: 'v1' }],
  ])('%s', (text, expected) => {
    const source = parseSource(text);
    expect(source).toMatchObject(expected);
    if (!text.includes(':v1@')) expect(formatSource(source)).toBe(text);
  });

  it.each([
    ['https://ghcr.io/acme/catalog', 'is written oci://ghcr.io/acme/catalog, without http'],
    ['docker.io/acme/catalog', 'write oci://docker.io/acme/catalog'],
    ['acme/catalog', 'a registry is never assumed: write oci://HOST/acme/catalog'],
    ['catalog:v1', 'a registry is never assumed'],
    ['docker://ghcr.io/acme/catalog', 'only oci://HOST/NAME and oci-layout:PATH are read'],
    ['./dist/catalog', 'write oci-layout:./dist/catalog'],
    ['', 'write oci://HOST/NAME or oci-layout:PATH'],
    ['oci://ghcr.io', 'names no repository; write oci://ghcr.io/NAME'],
    ['oci://ghcr.io/', 'names no repository'],
    ['oci://ghcr.io/a:', 'ends in an empty tag'],
    ['oci://ghcr.io/a:-v', 'is not a tag'],
    ['oci://ghcr.io/Acme/Catalog:v1', 'write it in lower case: oci://ghcr.io/acme/catalog'],
    ['oci://ghcr.io/a//b', 'is not a repository name'],
    ['oci://ghcr.io/../etc', 'is not a repository name'],
    ['oci://ghcr.io/a@sha256:12', 'is not a digest'],
    ['oci://ghcr.io/a@sha512:12', 'is not a digest'],
    ['oci://bad_host/a', 'is not a host'],
    ['oci://host:99999/a', 'is not a host'],
    ['oci://docker.io/catalog', 'names no account'],
    ['oci-layout:', 'names no path'],
    ['oci-layout://dist', 'without //'],
    [`oci://host/${'a'.repeat(260)}`, 'longer than 255'],
    ['oci://host/a\nb', 'control characters'],
  ])('%j is refused with what to write instead', (text, reason) => {
    expect(() => parseSource(text)).toThrow(
      expect.objectContaining({
        kind: 'usage',
        code: 'SOURCE_MALFORMED',
        message: expect.stringContaining(reason),
      }),
    );
  });

  it.each(['oci://user:hunter2@ghcr.io/a', 'https://user:hunter2@ghcr.io/a'])(
    'does not repeat a password: %s',
    (text) => {
      expect(() => parseSource(text)).toThrow(/^(?!.*hunter2)/s);
    },
  );
});
