import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, launchChromium } from '../../scripts/chromium.ts';
import { serveSite } from '../../scripts/start/serve-site.ts';
import { buildTestSite, openPage, readTree, temporaryFolder } from './support/site.ts';

const noBrowser = chromiumPath() === undefined && process.env.PORTOLAN_NO_SKIP !== '1';
if (noBrowser) console.warn('full text in parts is not tried: Chromium is not on this machine');

/** Servers of the test publication that are not generated. */
const WRITTEN = 7;

describe('building again', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  // Small, and just large enough that the files of servers are bundled and the full text is in parts.
  it.each([8, 2500])(
    'renders what changed, drops what is gone, and equals a clean build (%i more servers)',
    async (generated) => {
      const again = join(folder, `again-${generated}`);
      const clean = join(folder, `clean-${generated}`);
      const variant = { generated, changed: 'crane', without: ['old-crane', 'hostile'] };
      await buildTestSite(again, { variant: { generated } });
      const said = await buildTestSite(again, { variant });
      expect(said).toContain(`1 rendered, ${generated + WRITTEN - 3} unchanged`);
      await buildTestSite(clean, { variant });
      const [a, b] = await Promise.all([again, clean].map((path) => readTree(join(path, 'site'))));
      expect([...(a?.keys() ?? [])]).toEqual([...(b?.keys() ?? [])]);
      const different = [...(b ?? [])].filter(([path, bytes]) => !a?.get(path)?.equals(bytes));
      expect(different.map(([path]) => path)).toEqual([]);
      expect([...(b?.keys() ?? [])].some((path) => path.includes('old-crane'))).toBe(false);
      expect(b?.has('pagefind/part-1/pagefind-entry.json')).toBe(generated > 1000);
      if (generated > 1000 && !noBrowser) await findsInParts(join(again, 'site'));
    },
    300_000,
  );

  it('looks like a fork’s own site after its catalog.yaml alone is changed', async () => {
    const fork = join(folder, 'fork');
    const registry = join(fork, 'registry');
    await mkdir(registry, { recursive: true });
    await cp('registry/catalog.yaml', join(registry, 'before.yaml'));
    await writeFile(
      join(registry, 'catalog.yaml'),
      [
        'title: Acme Tools',
        'description: The servers that Acme uses.',
        'namespace: com.acme',
        'source: https://git.acme.example/tools/catalog',
        'repository: oci://registry.acme.example/tools/catalog',
        'site: https://tools.acme.example/mcp/',
        'categories:',
        '  - { id: files, title: Dateien, description: Everything with files. }',
        '  - { id: cloud, title: Cloud, description: Everything with clouds. }',
        'theme: { accent: "#7a1f5c", accentDark: "#f0a6d6", logo: logo.svg }',
      ].join('\n'),
    );
    await writeFile(
      join(registry, 'logo.svg'),
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8"/></svg>',
    );
    await buildTestSite(fork, { base: '/mcp/', variant: { generated: 0, registry } });
    const tree = await readTree(join(fork, 'site'));
    const styles = [...tree]
      .filter(([path]) => path.endsWith('.css'))
      .map(([, bytes]) => String(bytes));
    expect(styles.join('')).toContain('#7a1f5c');
    expect(tree.has('logo.svg')).toBe(true);
    const page = String(tree.get('servers/harbour-files/index.html'));
    expect(page).toContain('<title>Harbour Files · Acme Tools</title>');
    expect(page).toContain('https://tools.acme.example/mcp/servers/harbour-files/');
    expect(page).toContain('--catalog oci://registry.acme.example/tools/catalog');
    expect(page).toContain('https://git.acme.example/tools/catalog/edit/main/registry/');
    expect(String(tree.get('feed.xml'))).toContain('tag:acme.com,2026:');
    for (const [path, bytes] of tree) {
      if (
        /\.(html|xml|txt|json)$/.test(path) &&
        !path.startsWith('docs/') &&
        !path.startsWith('pagefind/')
      ) {
        expect(String(bytes), path).not.toContain('portolan-mcp');
      }
    }
  }, 240_000);
});

/** Full text is found by a browser in whichever part of the index it lies. */
async function findsInParts(folder: string): Promise<void> {
  const site = await serveSite(folder, 0);
  const browser = await launchChromium();
  try {
    for (const [query, found] of [
      ['berth', 'Harbour Files'],
      ['lighthouse', 'Lighthouse'],
      ['bubblewrap', 'Isolation'],
    ] as const) {
      const { page, faults, close } = await openPage(browser, `${site.url}search/?q=${query}`);
      const titles = page.locator('[data-hits] a');
      await expect.poll(() => titles.allTextContents(), { timeout: 20_000 }).toContain(found);
      expect(faults).toEqual([]);
      await close();
    }
  } finally {
    await browser.close();
    await site.close();
  }
}
