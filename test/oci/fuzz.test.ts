import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PortolanError } from '../../core/errors.ts';
import { parseChallenges } from '../../core/oci/challenge.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { openLayout } from '../../core/oci/layout.ts';
import { readLayoutIndex } from '../../core/oci/layout-index.ts';
import { openTarLayout, packLayout } from '../../core/oci/layout-tar.ts';
import { parseDescriptor, parseIndex, parseManifest } from '../../core/oci/manifest.ts';
import { nextPage } from '../../core/oci/pages.ts';
import { formatSource, parseSource } from '../../core/oci/reference.ts';
import { parseRetryAfter } from '../../core/oci/retry.ts';
import { mergeScopes } from '../../core/oci/scope.ts';
import { storeText } from '../support/artifacts.ts';

// Whatever comes from outside ends in a value of the promised shape or in a PortolanError, never in
// a TypeError. The seed is fixed: a failure here fails everywhere.
const RUN = { seed: 20_250_101, numRuns: 400 };
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value) ?? '');

/** The result; undefined when the input was refused as it should be. */
function refusedOr<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof PortolanError) return undefined;
    throw error;
  }
}

const DIGEST = `sha256:${'0'.repeat(64)}`;
const odd = fc.oneof(
  fc.constantFrom(null, undefined, '', 0, -1, 1e300, Number.NaN, '__proto__', 'sha256:../../x', []),
  fc.jsonValue(),
);
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));

/** A valid value of which some parts were replaced or removed. */
function mutated(valid: unknown) {
  return fc
    .array(fc.tuple(fc.nat(40), fc.nat(3), odd), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      let copy = structuredClone(valid);
      for (const [at, how, value] of changes) copy = mutate(copy, at, how, value);
      return copy;
    });
}

function mutate(root: unknown, at: number, how: number, value: unknown): unknown {
  const places: [Record<string, unknown>, string][] = [];
  const walk = (node: unknown) => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      places.push([node as Record<string, unknown>, key]);
      walk((node as Record<string, unknown>)[key]);
    }
  };
  walk(root);
  const place = places[at % Math.max(1, places.length)];
  if (!place) return value;
  const [node, key] = place;
  if (how === 0) delete node[key];
  else node[key] = value;
  return root;
}

const descriptor = {
  mediaType: 'text/plain',
  digest: DIGEST,
  size: 3,
  artifactType: 'a/b',
  annotations: { a: 'b', 'org.opencontainers.image.ref.name': 'v1' },
};
const manifest = {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  artifactType: 'a/b',
  config: descriptor,
  layers: [descriptor, descriptor],
  subject: descriptor,
  annotations: { a: 'b' },
};
const index = {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [manifest.config, { ...descriptor, mediaType: manifest.mediaType }],
  annotations: { a: 'b' },
};

describe('fuzz', () => {
  it('sources', () => {
    const near = fc
      .tuple(fc.constantFrom('oci://', 'oci-layout:', 'https://', ''), text, text)
      .map(([scheme, a, b]) => `${scheme}${a}/${b}`);
    const mixed = fc.array(
      fc.constantFrom(
        'oci://',
        'oci-layout:',
        'a',
        'A',
        '.',
        '..',
        '/',
        ':',
        '@',
        'sha256:',
        '[',
        '_',
        '-',
        '%2e',
        '\\',
        DIGEST,
      ),
      { maxLength: 12 },
    );
    const any = fc.oneof(
      text,
      near,
      mixed.map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(any, (input) => {
        const source = refusedOr(() => parseSource(input));
        if (!source) return;
        expect(parseSource(formatSource(source))).toEqual(source);
        if (source.kind === 'registry')
          expect(source.repository).toMatch(/^[a-z0-9][a-z0-9._/-]*$/);
      }),
      { ...RUN, numRuns: 3000 },
    );
  });

  it('descriptors', () => {
    fc.assert(
      fc.property(fc.oneof(odd, mutated(descriptor)), (value) => {
        const read = refusedOr(() => parseDescriptor(value, 'fuzz'));
        if (!read) return;
        expect(isDigest(read.digest)).toBe(true);
        expect(Number.isSafeInteger(read.size) && read.size >= 0).toBe(true);
      }),
      RUN,
    );
  });

  it('manifests', () => {
    const any = fc.oneof(fc.uint8Array(), odd.map(bytes), mutated(manifest).map(bytes));
    fc.assert(
      fc.property(any, (input) => {
        const read = refusedOr(() => parseManifest(input, 'fuzz'));
        if (read) expect(read.layers.every((layer) => isDigest(layer.digest))).toBe(true);
      }),
      RUN,
    );
  });

  it('indexes, also those of layouts', () => {
    const any = fc.oneof(fc.uint8Array(), odd.map(bytes), mutated(index).map(bytes));
    fc.assert(
      fc.property(any, (input) => {
        refusedOr(() => parseIndex(input, 'fuzz'));
        const layout = refusedOr(() => readLayoutIndex(input, 'fuzz'));
        if (!layout) return;
        for (const tag of layout.tags()) expect(layout.resolve(tag)).toBeDefined();
        layout.unlabelled();
        // What was read can be written and read again.
        expect(readLayoutIndex(layout.toBytes(), 'again').tags()).toEqual(layout.tags());
      }),
      RUN,
    );
  });

  it('WWW-Authenticate, Retry-After, Link and scopes', () => {
    const words = fc.array(
      fc.constantFrom(
        'Bearer',
        ' ',
        ',',
        '=',
        '"',
        '\\',
        'realm',
        'scope="a:b:c"',
        'Basic',
        'x=y',
        'é',
      ),
      { maxLength: 20 },
    );
    const any = fc.oneof(
      text,
      words.map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(any, (header) => {
        for (const { scheme, parameters } of parseChallenges(header)) {
          expect(scheme).toMatch(/^[^\s",=]+$/);
          expect(parameters).toBeInstanceOf(Map);
        }
        parseRetryAfter(header, 0);
        for (const scope of mergeScopes(header, ['repository:a:pull'])) {
          expect(scope).toMatch(/^[^:]+:.+:[^:]*$/s);
        }
        const printable = header.replace(/[^\x20-\x7e]/g, '');
        const response = new Response(null, { headers: { Link: printable } });
        const next = nextPage(response, new URL('https://host.example/v2/'));
        expect(next?.origin ?? 'https://host.example').toBe('https://host.example');
      }),
      { ...RUN, numRuns: 2000 },
    );
  });

  it('takes no time over hostile input', () => {
    const long = 'a-'.repeat(100_000);
    for (const input of [`oci://h/${long}`, `oci://${long}/a`, `oci-layout:${long}:`, long]) {
      refusedOr(() => parseSource(input));
    }
    expect(parseChallenges(`Bearer ${'a="b",'.repeat(100_000)}`)).toEqual([]);
    expect(mergeScopes('a:b:c '.repeat(100_000), ['r:n:pull'])).toEqual(['r:n:pull']);
  });
});

describe('fuzz of tars', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portolan-fuzz-'));
    await storeText(await openLayout(join(folder, 'layout'), { create: true }), 'v1', 'fuzz');
    await packLayout(join(folder, 'layout'), join(folder, 'good.tar'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('altered anywhere', async () => {
    const { readFileSync } = await import('node:fs');
    const good = readFileSync(join(folder, 'good.tar'));
    const path = join(folder, 'bad.tar');
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.nat(good.length),
        async (changes, cut) => {
          const bad = Buffer.from(good.subarray(0, cut < 600 ? cut : good.length));
          for (const [at, value] of changes) if (at < bad.length) bad[at] = value;
          writeFileSync(path, bad);
          try {
            const tar = await openTarLayout(path);
            const found = await tar.resolveTag('v1');
            if (found) await tar.readManifest(found.digest);
          } catch (error) {
            if (!(error instanceof PortolanError)) throw error;
          }
        },
      ),
      { ...RUN, numRuns: 150 },
    );
  });
});
