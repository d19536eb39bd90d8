import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCatalog } from '../../core/catalog/read-catalog.ts';
import { readServer } from '../../core/catalog/read-server.ts';
import { canonicalBytes } from '../../core/entry/canonical.ts';
import type { PublishedCatalog } from '../../core/entry/types.generated.ts';
import { packArtifact, putArtifact } from '../../core/oci/artifact.ts';
import { type Digest, digestOf, hexOf } from '../../core/oci/digest.ts';
import { type Layout, openLayout } from '../../core/oci/layout.ts';
import { CATALOG_ARTIFACT, CATALOG_LAYER } from '../../core/oci/media-types.ts';
import { attachBundle } from '../../core/trust/bundle.ts';
import { generateKeyPem, parseSigningKey } from '../../core/trust/keys.ts';
import { keySigner } from '../../core/trust/sign.ts';
import {
  PROVENANCE_PREDICATE,
  SIGN_PREDICATE,
  type Statement,
} from '../../core/trust/statement.ts';
import { remoteEntry, type TestPublication, testPublication } from '../support/publication.ts';

let publication: TestPublication;
let counter = 0;

beforeAll(async () => {
  publication = await testPublication();
});
afterAll(() => publication[Symbol.asyncDispose]());

/** A fresh copy of the publication for one attack. */
async function copy(): Promise<{ folder: string; layout: Layout }> {
  counter += 1;
  const folder = await publication.build({ out: join(publication.folder, `attack-${counter}`) });
  return { folder, layout: await openLayout(folder) };
}

/** Reads the catalog and all its servers as a client does. */
async function readAll(folder: string) {
  const layout = await openLayout(folder);
  const { catalog } = await readCatalog(layout, publication.policy);
  for (const { name, versions } of catalog.servers) {
    for (const version of versions) await readServer(layout, name, version, publication.policy);
  }
  return catalog;
}

async function digestsOf(layout: Layout): Promise<Record<string, Digest>> {
  const digests: Record<string, Digest> = {};
  for (const tag of await layout.tags()) {
    digests[tag] = (await layout.resolveTag(tag))?.digest as Digest;
  }
  return digests;
}

async function signatureOf(layout: Layout, digest: Digest) {
  const [referrer] = await layout.referrers(digest);
  if (!referrer) throw new Error('no signature');
  const { manifest } = await layout.readManifest(referrer.digest);
  const [layer] = manifest.layers;
  if (!layer) throw new Error('no bundle');
  return { referrer, layer, bytes: await layout.readBlob(layer) };
}

const blobPath = (folder: string, digest: Digest) => join(folder, 'blobs', 'sha256', hexOf(digest));

/** Takes every referrer of a manifest out of the index. */
async function removeSignatures(folder: string, digest: Digest) {
  const path = join(folder, 'index.json');
  const index = JSON.parse(await readFile(path, 'utf8')) as {
    manifests: { annotations?: Record<string, string> }[];
  };
  index.manifests = index.manifests.filter(
    (item) => item.annotations?.['dev.portolan.subject'] !== digest,
  );
  await writeFile(path, JSON.stringify(index));
}

/** Replaces the signature of a manifest by a bundle of the attacker's making. */
async function resign(
  folder: string,
  digest: Digest,
  make: (old: Uint8Array) => Promise<Uint8Array> | Uint8Array,
) {
  const before = await openLayout(folder);
  const { bytes } = await signatureOf(before, digest);
  const { descriptor } = await before.readManifest(digest);
  await removeSignatures(folder, digest);
  const layout = await openLayout(folder);
  await attachBundle(layout, descriptor, await make(bytes), { predicateType: SIGN_PREDICATE });
}

/** Publishes a changed catalog under the tag, signed with whatever key. */
async function replaceCatalog(
  layout: Layout,
  change: (catalog: PublishedCatalog) => void,
  key = publication.key,
) {
  const { catalog } = await readCatalog(layout, publication.policy);
  change(catalog);
  const artifact = packArtifact(CATALOG_ARTIFACT, [
    { title: 'catalog.json', mediaType: CATALOG_LAYER, bytes: canonicalBytes(catalog) },
  ]);
  const descriptor = await putArtifact(layout, artifact);
  const statement = { predicateType: SIGN_PREDICATE, subjects: [descriptor.digest], predicate: {} };
  await attachBundle(layout, descriptor, await keySigner(key)(statement), statement);
  await layout.putTag('catalog', descriptor);
}

function stranger() {
  return parseSigningKey(generateKeyPem().privatePem, 'stranger');
}

function statementOn(digest: Digest, change: Partial<Statement> = {}): Statement {
  return { predicateType: SIGN_PREDICATE, subjects: [digest], predicate: {}, ...change };
}

type Attack = (target: {
  folder: string;
  layout: Layout;
  alpha: Digest;
  beta: Digest;
  catalog: Digest;
}) => Promise<void>;

const attacks: readonly (readonly [name: string, code: string, attack: Attack])[] = [
  [
    'a blob of a server is altered',
    'DIGEST_MISMATCH',
    async ({ folder, layout, beta }) => {
      const { manifest } = await layout.readManifest(beta);
      const digest = manifest.layers[1]?.digest as Digest;
      const bytes = await readFile(blobPath(folder, digest));
      bytes[bytes.indexOf('beta_tool')] = 'z'.charCodeAt(0);
      await writeFile(blobPath(folder, digest), bytes);
    },
  ],
  [
    'a blob is cut off',
    'SIZE_MISMATCH',
    async ({ folder, layout, beta }) => {
      const { manifest } = await layout.readManifest(beta);
      const digest = manifest.layers[0]?.digest as Digest;
      await writeFile(blobPath(folder, digest), '{}');
    },
  ],
  [
    'a manifest is altered in place',
    'DIGEST_MISMATCH',
    async ({ folder, alpha }) => {
      const text = await readFile(blobPath(folder, alpha), 'utf8');
      await writeFile(blobPath(folder, alpha), text.replace('alpha', 'alphA'));
    },
  ],
  [
    'the signature of a server is removed',
    'SIGNATURE_MISSING',
    async ({ folder, alpha }) => removeSignatures(folder, alpha),
  ],
  [
    'the signature of the catalog is removed',
    'SIGNATURE_MISSING',
    async ({ folder, catalog }) => removeSignatures(folder, catalog),
  ],
  [
    'the catalog is signed by another key',
    'SIGNER_UNTRUSTED',
    async ({ layout }) => replaceCatalog(layout, () => {}, stranger()).then(() => {}),
  ],
  [
    'another key signs and names the trusted one',
    'SIGNATURE_INVALID',
    async ({ folder, alpha }) =>
      resign(folder, alpha, async () => {
        const bytes = await keySigner(stranger())(statementOn(alpha));
        const bundle = bundleFromJSON(JSON.parse(Buffer.from(bytes).toString()));
        const { content } = bundle.verificationMaterial;
        if (content.$case === 'publicKey') content.publicKey.hint = publication.key.hint;
        return canonicalBytes(bundleToJSON(bundle));
      }),
  ],
  [
    'the payload of a bundle is altered',
    'SIGNATURE_INVALID',
    async ({ folder, alpha }) =>
      resign(folder, alpha, (old) => {
        const bundle = JSON.parse(Buffer.from(old).toString());
        const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString();
        bundle.dsseEnvelope.payload = Buffer.from(`${payload} `).toString('base64');
        return canonicalBytes(bundle);
      }),
  ],
  [
    'the payload type of a bundle is altered',
    'SIGNATURE_INVALID',
    async ({ folder, alpha }) =>
      resign(folder, alpha, (old) => {
        const bundle = JSON.parse(Buffer.from(old).toString());
        bundle.dsseEnvelope.payloadType = 'application/json';
        return canonicalBytes(bundle);
      }),
  ],
  [
    'a bundle signs with another predicate type',
    'STATEMENT_MISMATCH',
    async ({ folder, alpha }) =>
      resign(folder, alpha, () =>
        keySigner(publication.key)(statementOn(alpha, { predicateType: PROVENANCE_PREDICATE })),
      ),
  ],
  [
    "a server carries another server's signature",
    'STATEMENT_MISMATCH',
    async ({ folder, alpha, beta }) => {
      const sign = keySigner(publication.key);
      const bytes = await sign(statementOn(beta));
      await resign(folder, alpha, () => bytes);
    },
  ],
  [
    'an entry stands under another name',
    'ENTRY_MISMATCH',
    async ({ layout, beta }) =>
      replaceCatalog(layout, (catalog) => {
        const version = catalog.servers[0]?.versions[0];
        if (version) version.digest = beta;
      }),
  ],
  [
    'a version is re-tagged: the artifact is an older one',
    'ENTRY_MISMATCH',
    async ({ layout }) =>
      replaceCatalog(layout, (catalog) => {
        const version = catalog.servers[0]?.versions[0];
        if (version) version.version = '2.0.0';
      }),
  ],
  [
    'a catalog stands where a server is listed',
    'ENTRY_MISMATCH',
    async ({ layout, catalog: digest }) =>
      replaceCatalog(layout, (catalog) => {
        const version = catalog.servers[0]?.versions[0];
        if (version) version.digest = digest;
      }),
  ],
  [
    'a digest in the catalog walks out of the layout',
    'CATALOG_MALFORMED',
    async ({ layout }) =>
      replaceCatalog(layout, (catalog) => {
        const version = catalog.servers[0]?.versions[0];
        if (version) version.digest = 'sha256:../../../../etc/passwd';
      }),
  ],
  [
    'a bundle is far too large',
    'TOO_LARGE',
    async ({ folder, alpha }) => resign(folder, alpha, () => new Uint8Array(2 ** 20 + 1).fill(32)),
  ],
  [
    'a bundle is no JSON',
    'BUNDLE_MALFORMED',
    async ({ folder, alpha }) => resign(folder, alpha, () => Buffer.from('not a bundle')),
  ],
];

describe('a client refuses', () => {
  it.each(attacks)('when %s: %s', async (_name, code, attack) => {
    const { folder, layout } = await copy();
    const digests = await digestsOf(layout);
    await attack({
      folder,
      layout,
      alpha: digests['alpha_1.0.0'] as Digest,
      beta: digests['beta_1.0.0'] as Digest,
      catalog: digests.catalog as Digest,
    });
    await expect(readAll(folder)).rejects.toMatchObject({ name: 'PortolanError', code });
  });
});

describe('a client accepts', () => {
  it('the untouched publication', async () => {
    const { folder } = await copy();
    expect((await readAll(folder)).servers.map(({ name }) => name)).toEqual(['alpha', 'beta']);
  });

  it('a signature among a thousand worthless referrers', async () => {
    const { folder, layout } = await copy();
    const { 'alpha_1.0.0': alpha } = await digestsOf(layout);
    const { descriptor } = await layout.readManifest(alpha as Digest);
    await layout.batch(async () => {
      for (let i = 0; i < 990; i++) {
        const bytes = Buffer.from(`junk ${i}`);
        await attachBundle(layout, descriptor, bytes, { predicateType: SIGN_PREDICATE });
      }
    });
    expect((await readAll(folder)).servers).toHaveLength(2);
  });

  it('the same bytes from a second build', async () => {
    const first = await copy();
    const second = await copy();
    const index = (folder: string) => readFile(join(folder, 'index.json'), 'utf8');
    expect(await index(first.folder)).toBe(await index(second.folder));
  });

  it('a changed entry under a new digest', async () => {
    const before = await digestsOf((await copy()).layout);
    await publication.write('alpha', remoteEntry('alpha', '1.0.1'));
    const after = await digestsOf((await copy()).layout);
    expect(after['alpha_1.0.1']).not.toBe(before['alpha_1.0.0']);
    expect(after['beta_1.0.0']).toBe(before['beta_1.0.0']);
    expect(digestOf(Buffer.from('{}'))).toMatch(/^sha256:44136fa3/);
  });
});
