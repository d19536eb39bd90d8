import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VerifiedCatalog } from '../../core/catalog/read-catalog.ts';
import { acceptCatalog, readSeen } from '../../gateway/catalog/state.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-state-'));
});
afterEach(() => rm(folder, { recursive: true }));

const source = 'oci://registry.example/catalog';

function catalog(number: number, hex: string, development = false) {
  return {
    catalog: { number, development },
    descriptor: { digest: `sha256:${hex.repeat(64)}` },
  } as unknown as VerifiedCatalog;
}

describe('what a client remembers of a catalog', () => {
  it('accepts growing numbers and the same one again', async () => {
    await acceptCatalog(folder, source, catalog(1, 'a'));
    await acceptCatalog(folder, source, catalog(1, 'a'));
    await acceptCatalog(folder, source, catalog(5, 'b'));
    expect(await readSeen(folder, source)).toMatchObject({ number: 5, source });
  });

  it('refuses an older one, and stays with what it saw', async () => {
    await acceptCatalog(folder, source, catalog(5, 'a'));
    await expect(acceptCatalog(folder, source, catalog(4, 'b'))).rejects.toMatchObject({
      kind: 'untrusted',
      code: 'CATALOG_ROLLBACK',
    });
    expect(await readSeen(folder, source)).toMatchObject({ number: 5 });
  });

  it('refuses another catalog under the same number', async () => {
    await acceptCatalog(folder, source, catalog(5, 'a'));
    await expect(acceptCatalog(folder, source, catalog(5, 'b'))).rejects.toMatchObject({
      code: 'CATALOG_FORKED',
    });
  });

  it('lets a development catalog be rebuilt from the same commit', async () => {
    await acceptCatalog(folder, source, catalog(5, 'a', true));
    await acceptCatalog(folder, source, catalog(5, 'b', true));
  });

  it('keeps sources apart', async () => {
    await acceptCatalog(folder, source, catalog(9, 'a'));
    await acceptCatalog(folder, 'oci-layout:other', catalog(1, 'b'));
  });

  it('does not take a damaged memory for none', async () => {
    await acceptCatalog(folder, source, catalog(5, 'a'));
    const [file] = await readdir(join(folder, 'catalogs'));
    await writeFile(join(folder, 'catalogs', file as string), '{"number":');
    await expect(acceptCatalog(folder, source, catalog(6, 'b'))).rejects.toMatchObject({
      code: 'STATE_MALFORMED',
    });
  });
});
