import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, launchChromium } from '../../scripts/chromium.ts';
import { shardPath } from '../../scripts/site/model.ts';
import { type Shard, serverIn } from '../../scripts/site/shard.ts';
import { type RunningSite, serveSite } from '../../scripts/start/serve-site.ts';
import {
  accessibilityFaults,
  buildTestSite,
  openAndClickAll,
  openPage,
  readTree,
  temporaryFolder,
} from './support/site.ts';

const noBrowser = chromiumPath() === undefined && process.env.PORTOLAN_NO_SKIP !== '1';
if (noBrowser) console.warn('huge sites are not tried in a browser: Chromium is not here');

/** So few that any test publication is huge. */
const hugeAbove = 10;

describe('the site of a huge catalog', () => {
  let folder: string;
  /** The same catalog with a page for each server, and without. */
  let small: Map<string, Buffer>;
  let tree: Map<string, Buffer>;
  let site: RunningSite;
  let browser: Browser | undefined;

  beforeAll(async () => {
    folder = await temporaryFolder();
    await buildTestSite(folder);
    small = await readTree(join(folder, 'site'));
    await buildTestSite(folder, { hugeAbove });
    tree = await readTree(join(folder, 'site'));
    site = await serveSite(join(folder, 'site'), 0);
    if (!noBrowser) browser = await launchChromium();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const text = (path: string) => tree.get(path)?.toString('utf8') ?? '';
  const packed = (name: string) => {
    const bytes = tree.get(shardPath(name, true));
    return bytes && serverIn(JSON.parse(gunzipSync(bytes).toString()) as Shard, name);
  };
  const open = (path: string, options: BrowserContextOptions = {}) =>
    openPage(browser as Browser, `${site.url}${path}`, options);

  it('has no file for a single server, and keeps none of the time when it was smaller', () => {
    expect([...tree.keys()].filter((path) => path.startsWith('servers/'))).toEqual([
      'servers/index.html',
    ]);
    expect([...tree.keys()].filter((path) => path.includes('harbour-files'))).toEqual([]);
    expect([...tree.keys()].some((path) => path.endsWith('.json') && path.startsWith('data'))).toBe(
      false,
    );
  });

  it('packs what the page of each server would show', () => {
    const section = (html: string | undefined, id: string) =>
      new RegExp(`<section[^>]*aria-labelledby="${id}".*?</section>`, 's').exec(html ?? '')?.[0];
    for (const name of ['harbour-files', 'crane', 'hostile']) {
      const page = String(small.get(`servers/${name}/index.html`));
      for (const id of ['permissions', 'settings', 'trust', 'versions', 'about']) {
        const expected = section(page, id);
        expect(section(packed(name)?.html, id), `${name} ${id}`).toBe(expected);
      }
      const own = JSON.parse(String(small.get(`servers/${name}/server.json`)));
      expect(packed(name)?.server).toEqual(own);
      expect(packed(name)?.html).toContain('id="install"');
    }
    expect(packed('busy-port')?.tools).toContain('Tools of Busy Port');
    expect(packed('harbour-files')?.structured).toMatchObject({ '@type': 'SoftwareApplication' });
  });

  it('names each server by the address of its page', () => {
    const address = 'servers/?name=harbour-files';
    expect(text('sitemap.xml')).toContain(`/${address}</loc>`);
    expect(text('feed.xml')).toContain('/servers/?name=');
    expect(text('categories/files/index.html')).toContain(`href="/${address}"`);
    expect(packed('old-crane')?.html).toContain('href="/servers/?name=crane"');
    for (const [path, bytes] of tree) {
      if (!/\.(html|xml|txt)$/.test(path) || path.startsWith('docs/')) continue;
      expect(String(bytes), path).not.toMatch(/\/servers\/(?:harbour-files|crane|busy-port)/);
    }
  });

  it('is built again where something changed, as a clean build would', async () => {
    const again = await temporaryFolder();
    const clean = await temporaryFolder();
    try {
      // The renderer is the same; to build it takes longer than all else here.
      for (const own of [again, clean]) {
        await cp(join(folder, 'work/renderer'), join(own, 'work/renderer'), { recursive: true });
      }
      // So many that a few of them share a file.
      const generated = 500;
      await buildTestSite(again, { hugeAbove, variant: { generated } });
      const shared = [...(await readTree(join(again, 'site')))]
        .filter(([path]) => path.endsWith('.gz'))
        .map(([, bytes]) => (JSON.parse(gunzipSync(bytes).toString()) as Shard).names)
        .filter((names) => names.length > 1) as [string, string][];
      const [[changed] = ['', ''], [gone] = ['', '']] = shared;
      const variant = { generated, changed, without: ['old-crane', 'hostile', gone] };
      const said = await buildTestSite(again, { hugeAbove, variant });
      expect(said).toMatch(/^504 servers: 1 rendered, 503 unchanged/m);
      const unchanged = await buildTestSite(again, { hugeAbove, variant });
      expect(unchanged).toMatch(/^504 servers: 0 rendered, 504 unchanged/m);
      await buildTestSite(clean, { hugeAbove, variant });
      const [a, b] = await Promise.all([again, clean].map((path) => readTree(join(path, 'site'))));
      expect([...(a?.keys() ?? [])]).toEqual([...(b?.keys() ?? [])]);
      const different = [...(b ?? [])].filter(([path, bytes]) => !a?.get(path)?.equals(bytes));
      expect(different.map(([path]) => path)).toEqual([]);
    } finally {
      await rm(again, { recursive: true, force: true });
      await rm(clean, { recursive: true, force: true });
    }
  }, 240_000);

  describe.skipIf(noBrowser)('in a browser', () => {
    it('shows a server from the search, and goes back to it', async () => {
      const { page, faults, close } = await open('');
      await page.keyboard.press('/');
      await page.keyboard.type('harbour files');
      const first = page.locator('[data-cards] a').first();
      await expect.poll(() => first.textContent()).toBe('Harbour Files');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/servers/?name=harbour-files');
      await page.locator('.permissions').waitFor();
      expect(await page.title()).toMatch(/^Harbour Files · /);
      expect(await page.locator('.permissions').textContent()).toContain('api.harbour.example');
      expect(await page.locator('h1').allTextContents()).toEqual(['Harbour Files']);
      const head = (selector: string, name: string) =>
        page.locator(`head ${selector}`).getAttribute(name);
      expect(await head('meta[name=description]', 'content')).toContain('Reads and changes');
      expect(await head('link[rel=canonical]', 'href')).toMatch(/\/servers\/\?name=harbour-files$/);
      const structured = await page.locator('head [type="application/ld+json"]').textContent();
      expect(JSON.parse(structured ?? '')).toMatchObject({ softwareVersion: '2.0.0' });
      await page.goBack();
      await expect.poll(() => page.inputValue('#q')).toBe('harbour files');
      await page.goForward();
      await page.locator('.permissions').waitFor();
      expect(faults).toEqual([]);
      await close();
    });

    it('fills in what other pages have from the build', async () => {
      const { page, faults, close } = await open('');
      for (const name of ['harbour-files', 'lighthouse-remote', 'crane', 'hostile']) {
        await page.goto(`${site.url}servers/?name=${name}`);
        await page.locator('.install fieldset').waitFor();
        const [now, before] = await page.evaluate(
          (html) => {
            const other = new DOMParser().parseFromString(html, 'text/html');
            return [document, other].map((root) =>
              ['.install', '[aria-labelledby=tools]'].map((part) => {
                const element = root.querySelector(part)?.cloneNode(true) as Element;
                // The address of the JSON is another one.
                for (const link of element.querySelectorAll('[data-raw]'))
                  link.removeAttribute('href');
                element.querySelector('[data-direct]')?.removeAttribute('data-direct');
                return element.innerHTML.replace(/\s+/g, ' ');
              }),
            );
          },
          String(small.get(`servers/${name}/index.html`)),
        );
        expect(now, name).toEqual(before);
      }
      expect(faults).toEqual([]);
      await close();
    });

    it('copies, remembers the client, and shows the direct way and raw schemas', async () => {
      const { page, faults, close } = await open('servers/?name=harbour-files', {
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      await page.locator('.clients [data-copy]:visible').first().click();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(
        'claude mcp add harbour-files',
      );
      await page.click('label[for=c-zed]');
      await page.click('[data-direct] summary');
      const direct = page.locator('[data-direct] pre');
      await expect.poll(() => direct.textContent()).toContain('context_servers');
      const tool = page.locator('.tool', { has: page.locator('#tool-read_berth') });
      await tool.locator('summary').click();
      await tool.locator('[data-raw]').click();
      await expect.poll(() => tool.locator('pre').textContent()).toContain('"read_berth"');
      await page.reload();
      await page.locator('#c-zed').waitFor({ state: 'attached' });
      await expect.poll(() => page.isChecked('#c-zed')).toBe(true);
      await page.click('label[for=c-cursor]');
      const link = await page.locator('.links a:visible').first().getAttribute('href');
      const config = new URL(link ?? '').searchParams.get('config') ?? '';
      expect(Buffer.from(config, 'base64').toString()).toContain('harbour-files');
      expect(faults).toEqual([]);
      await close();
    });

    it('shows the JSON of a server, and the inputs of very many tools apart', async () => {
      const { page, faults, close } = await open('servers/?name=busy-port');
      await page.click('text=job_17');
      await page.waitForURL('**/servers/?name=busy-port&view=tools#tool-job_17');
      const inputs = page.locator('#tool-job_17');
      await inputs.waitFor();
      expect(await page.locator('.tool[open]').count()).toBe(1);
      await inputs.locator('[data-raw]').click();
      await expect.poll(() => inputs.locator('pre').textContent()).toContain('"job_17"');
      await page.click('text=Back to Busy Port');
      await page.click('.facts a:text-is("JSON")');
      const json = page.locator('pre');
      await expect.poll(() => json.textContent()).toContain('"busy-port"');
      expect(JSON.parse((await json.textContent()) ?? '').tools).toHaveLength(60);
      expect(await page.title()).toMatch(/^Busy Port \(JSON\) · /);
      expect(faults).toEqual([]);
      await close();
    });

    it('leads the addresses of smaller catalogs to the same server', async () => {
      const { page, faults, close } = await open('categories/cloud/');
      for (const [old, now] of [
        ['servers/crane/', '/servers/?name=crane'],
        ['servers/busy-port/tools/#tool-job_2', '/servers/?name=busy-port&view=tools#tool-job_2'],
      ] as const) {
        await page.goto(`${site.url}${old}`);
        await page.waitForURL(`**${now}`);
        await page.locator('.tools').waitFor();
      }
      await page.goto(`${site.url}nothing/here/`);
      expect(await page.locator('h1').textContent()).toBe('There is nothing at this address');
      // The browser itself says in the console that an address was not found.
      expect(faults.filter((fault) => !fault.includes('404'))).toEqual([]);
      await close();
    });

    it('says what is wrong: no name, no such server, no connection', async () => {
      const { page, close } = await open('servers/');
      const said = page.locator('[role=status] p:visible');
      await expect.poll(() => said.textContent()).toContain('names no server');
      for (const name of ['never-listed', '"><img src=x onerror=xss()>', 'crane2']) {
        await page.goto(`${site.url}servers/?name=${encodeURIComponent(name)}`);
        await expect.poll(() => said.textContent()).toContain(name);
        expect(await page.locator('head [name=robots]').getAttribute('content')).toBe('noindex');
      }
      await page.route('**/data/**', (route) => route.abort());
      await page.goto(`${site.url}servers/?name=crane`);
      await expect.poll(() => said.textContent()).toContain('could not be loaded');
      await page.unroute('**/data/**');
      await page.click('[data-retry]');
      await page.locator('.permissions').waitFor();
      expect(await page.locator('h1').allTextContents()).toEqual(['Crane']);
      await close();
    });

    it('shows a server from hosts that send files as they are', async () => {
      const { page, faults, close } = await open('');
      // The host of these tests says that a .gz file is compressed content, so a browser unpacks it.
      const body = tree.get(shardPath('crane', true)) as Buffer;
      await page.route('**/data/**', (route) => route.fulfill({ body, contentType: 'x/x' }));
      await page.goto(`${site.url}servers/?name=crane`);
      await page.locator('.permissions').waitFor();
      expect(faults).toEqual([]);
      await close();
    });

    it('compares servers side by side', async () => {
      const { page, faults, close } = await open('compare/?servers=harbour-files,crane');
      const heads = page.locator('[data-table] th[scope=col] a:first-child');
      await expect.poll(() => heads.allTextContents()).toEqual(['Harbour Files', 'Crane']);
      await page.fill('#add', 'never-listed');
      await page.keyboard.press('Enter');
      await expect
        .poll(() => page.locator('[data-status]').textContent())
        .toContain('never-listed');
      await heads.last().click();
      await page.locator('.permissions').waitFor();
      expect(faults.filter((fault) => !fault.includes('404'))).toEqual([]);
      await close();
    });

    it('finds servers in the full text', async () => {
      const { page, faults, close } = await open('search/?q=berth');
      await page.click('[data-hits] a:text-is("Harbour Files")');
      await page.waitForURL('**/servers/?name=harbour-files');
      await page.locator('.permissions').waitFor();
      expect(faults).toEqual([]);
      await close();
    });

    it('says without JavaScript how to see a server', async () => {
      const { page, close } = await open('categories/cloud/', { javaScriptEnabled: false });
      const card = page.locator('.card', { hasText: 'Lifts containers' });
      expect(await card.first().locator('h3').textContent()).toBe('Crane');
      await page.click('.card a:text-is("Crane")');
      expect(await page.locator('main pre').first().textContent()).toContain(
        'npx -y portolan show NAME',
      );
      expect(await page.locator('main a:visible').allTextContents()).toContain('Entries in Git');
      await close();
    });

    // Once as it is, and once with the policy off, so that the sanitising itself is tried.
    it.each([false, true])('runs no payload (policy off: %s)', async (bypassCSP) => {
      const attack = encodeURIComponent('"><img src=x onerror=xss()><script>xss()</script>');
      for (const path of [
        'servers/?name=hostile',
        'servers/?name=hostile&view=json',
        `servers/?name=${attack}`,
        `servers/?name=hostile&view=${attack}#${attack}`,
        `servers/${attack}/`,
      ]) {
        const { page, faults, close } = await open(path, { bypassCSP });
        await page.waitForLoadState('networkidle');
        await openAndClickAll(page, 'main a[href]:not(.links a)');
        expect(
          faults.filter((fault) => !fault.startsWith('console')),
          path,
        ).toEqual([]);
        await close();
      }
    });

    it.each([
      ['light', 1440],
      ['dark', 320],
    ] as const)('has no accessibility violation (axe, %s, %i px)', async (colorScheme, width) => {
      const violations: string[] = [];
      const { page, close } = await open('', {
        colorScheme,
        viewport: { width, height: 900 },
        bypassCSP: true,
      });
      for (const path of [
        'servers/',
        'servers/?name=never-listed',
        'servers/?name=harbour-files',
        'servers/?name=sunken-crane',
        'servers/?name=busy-port&view=tools',
        'servers/?name=crane&view=json',
      ]) {
        await page.goto(`${site.url}${path}`);
        await page.waitForLoadState('networkidle');
        const found = await accessibilityFaults(page);
        violations.push(...found.map((fault) => `/${path} ${fault}`));
      }
      await close();
      expect(violations).toEqual([]);
    });
  });
});
