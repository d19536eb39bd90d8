import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { packServer } from '../../scripts/publisher/pack-server.ts';
import { sbomOf } from '../../scripts/publisher/sbom.ts';
import { loadServer, type ValidServer } from '../../scripts/registry/load.ts';
import { needs } from '../support/needs.ts';

const SCHEMAS = 'node_modules/@cyclonedx/cyclonedx-library/res/schema';
const server = loadServer(join(process.cwd(), 'registry'), 'everything') as ValidServer;
const lock = server.lock?.bytes ?? Buffer.alloc(0);

interface Bom {
  metadata: { component: { name: string; 'bom-ref': string } };
  components: { name: string; purl: string; hashes?: { content: string }[] }[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}
const bom = () => JSON.parse(Buffer.from(sbomOf(server.entry, lock)).toString()) as Bom;

describe('the bill of materials of an npm server', () => {
  it('is valid CycloneDX 1.6', async () => {
    const ajv = new Ajv({
      strict: false,
      formats: { 'iri-reference': true, 'idn-email': true },
    });
    // @ts-expect-error: the default export of this CommonJS package is typed as a namespace.
    addFormats(ajv);
    for (const name of ['spdx', 'jsf-0.82']) {
      const file = `${name}.SNAPSHOT.schema.json`;
      const schema = JSON.parse(await readFile(join(SCHEMAS, file), 'utf8'));
      ajv.addSchema(schema, `http://cyclonedx.org/schema/${file}`);
    }
    const schema = JSON.parse(await readFile(`${SCHEMAS}/bom-1.6.SNAPSHOT.schema.json`, 'utf8'));
    const validate = ajv.compile(schema);
    expect(validate(bom()) || validate.errors).toBe(true);
    expect(validate({ ...bom(), components: [{ type: 'nonsense' }] })).toBe(false);
  });

  it('is the same each time, and lies in the artifact', () => {
    const bytes = sbomOf(server.entry, lock);
    expect(sbomOf(server.entry, lock)).toEqual(bytes);
    const { artifact } = packServer(server);
    const layer = artifact.files.find(({ title }) => title === 'sbom.cdx.json');
    expect(layer?.mediaType).toBe('application/vnd.cyclonedx+json');
    expect(layer?.bytes).toEqual(bytes);
  });

  it('has the hash of the package that the entry names, and who needs it', () => {
    const { components, dependencies, metadata } = bom();
    const { npm } = server.entry;
    const main = components.find(({ purl }) =>
      purl.startsWith(`pkg:npm/${npm?.package.replace('@', '%40')}@`),
    );
    const hex = Buffer.from(npm?.integrity.slice('sha512-'.length) ?? '', 'base64').toString('hex');
    expect(main?.hashes?.[0]?.content).toBe(hex);
    const root = dependencies.find(({ ref }) => ref === metadata.component['bom-ref']);
    expect(root?.dependsOn).toEqual([`${npm?.package}@${npm?.version}`]);
    // Everything listed is needed by something.
    const needed = new Set(dependencies.flatMap(({ dependsOn = [] }) => dependsOn));
    expect(dependencies.filter(({ ref }) => !needed.has(ref))).toEqual([root]);
  });

  it.skipIf(needs('npm').skip)('lists what npm itself lists', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portolan-sbom-'));
    try {
      const { packages } = JSON.parse(lock.toString()) as { packages: Record<string, object> };
      await writeFile(join(folder, 'package.json'), JSON.stringify(packages['']));
      await writeFile(join(folder, 'package-lock.json'), lock);
      const { stdout } = await promisify(execFile)(
        'npm',
        ['sbom', '--sbom-format=cyclonedx', '--package-lock-only', '--offline'],
        { cwd: folder, maxBuffer: 2 ** 26 },
      );
      const theirs = (JSON.parse(stdout) as Bom).components.map(({ purl }) => purl);
      const ours = bom().components.map(({ purl }) => purl);
      expect([...new Set(ours)].sort()).toEqual([...new Set(theirs)].sort());
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('refuses what is no lockfile', () => {
    expect(() => sbomOf(server.entry, Buffer.from('{}'))).toThrow(
      expect.objectContaining({ code: 'LOCKFILE_MALFORMED' }),
    );
  });
});
