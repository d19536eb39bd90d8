import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../../scripts/chromium.ts';
import { buildTestSite, temporaryFolder } from './support/site.ts';

const run = promisify(execFile);
const noBrowser = chromiumPath() === undefined && process.env.PORTOLAN_NO_SKIP !== '1';
if (noBrowser) console.warn('Lighthouse is skipped: Chromium is not on this machine');

interface Report {
  readonly categories: Readonly<Record<string, { readonly score: number }>>;
  readonly audits: Readonly<
    Record<string, { readonly score: number | null; readonly numericValue?: number }>
  >;
}

describe.skipIf(noBrowser)('Lighthouse', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    await buildTestSite(folder);
    await run(process.execPath, [
      ...['scripts/bench/lighthouse.ts', '--site', join(folder, 'site')],
      ...['--out', 'dist/lighthouse', '--runs', '1', '--server', 'harbour-files'],
    ]);
  }, 240_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  // Speed by the clock is for `npm run lighthouse` on a quiet machine; here is what no load changes.
  it.each(['catalog', 'server'])('finds nothing to say about the %s page', async (page) => {
    const path = `dist/lighthouse/${page}-1.json`;
    const { categories, audits } = JSON.parse(await readFile(path, 'utf8')) as Report;
    for (const id of ['accessibility', 'best-practices', 'seo']) {
      expect(categories[id]?.score, id).toBe(1);
    }
    for (const id of ['cumulative-layout-shift', 'errors-in-console', 'unminified-css']) {
      expect(audits[id]?.score ?? 1, id).toBe(1);
    }
    expect(audits['total-byte-weight']?.numericValue).toBeLessThan(40_000);
    console.log(`Lighthouse, ${page}: performance ${(categories.performance?.score ?? 0) * 100}`);
  });
});
