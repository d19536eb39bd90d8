import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, launchChromium } from '../../scripts/chromium.ts';
import { type RunningSite, serveSite } from '../../scripts/start/serve-site.ts';
import {
  accessibilityFaults,
  buildTestSite,
  openAndClickAll,
  openPage,
  temporaryFolder,
} from './support/site.ts';

const noBrowser = chromiumPath() === undefined && process.env.PORTOLAN_NO_SKIP !== '1';
if (noBrowser) console.warn('tests of the site are skipped: Chromium is not on this machine');

const PAGES = [
  '',
  'servers/harbour-files/',
  'servers/lighthouse-remote/',
  'servers/old-crane/',
  'servers/sunken-crane/',
  'servers/busy-port/',
  'servers/busy-port/tools/',
  'categories/',
  'categories/cloud/',
  'a-z/',
  'tags/',
  'tags/boats/',
  'publishers/',
  'new/',
  'statistics/',
  'contribute/',
  'docs/',
  'docs/decisions/0002-dependencies/',
  'search/?q=berth',
  'compare/?servers=harbour-files,crane',
  '404.html',
];

describe.skipIf(noBrowser)('the built site in a browser', () => {
  let folder: string;
  let site: RunningSite;
  let browser: Browser;

  beforeAll(async () => {
    folder = await temporaryFolder();
    await buildTestSite(folder);
    site = await serveSite(join(folder, 'site'), 0);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = (path: string, options = {}) => openPage(browser, `${site.url}${path}`, options);

  describe('search', () => {
    it('finds a server by name, by tool and in spite of a slip', async () => {
      const { page, faults, close } = await open('');
      const first = page.locator('[data-cards] h3').first();
      const found = page.locator('[data-found]');
      await page.keyboard.press('/');
      await page.keyboard.type('harbour files');
      await expect.poll(() => first.textContent()).toBe('Harbour Files');
      await page.fill('#q', 'sink boat');
      await expect.poll(() => first.textContent()).toBe('Harbour Files');
      await page.fill('#q', 'lighthuose');
      await expect.poll(() => first.textContent()).toBe('Lighthouse');
      await page.fill('#q', 'qqqqqqqq');
      await expect.poll(() => found.textContent()).toBe('No server found');
      expect(await page.locator('[data-empty]').isVisible()).toBe(true);
      expect(await page.locator('[data-deep]').getAttribute('href')).toContain(
        'search/?q=qqqqqqqq',
      );
      expect(await found.getAttribute('role')).toBe('status');
      expect(faults).toEqual([]);
      await close();
    });

    it('fetches the index on first use only', async () => {
      const { page, close } = await open('');
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      await page.waitForLoadState('networkidle');
      expect(requests.filter((url) => url.includes('catalog-index'))).toEqual([]);
      await page.focus('#q');
      await expect
        .poll(() => requests.some((url) => url.endsWith('catalog-index.json')))
        .toBe(true);
      await close();
    });

    it('draws every card of the answer, and takes those of the last one away', async () => {
      const { page, faults, close } = await open('');
      const titles = page.locator('[data-cards] h3');
      await page.fill('#q', 'a');
      await expect.poll(() => page.url()).toContain('?q=a');
      const [many, all] = await page.evaluate(async () => {
        const index = await (await fetch('/catalog-index.json')).json();
        return [index.names.split('\n').length, index.titles];
      });
      await expect.poll(() => titles.count()).toBe(36);
      expect(many).toBeGreaterThan(36);
      expect(new Set(await titles.allTextContents()).size).toBe(36);
      await page.fill('#q', 'crane');
      await expect.poll(() => titles.allTextContents()).toEqual(['Crane', 'Old Crane']);
      await page.fill('#q', '');
      await expect.poll(() => titles.allTextContents()).toEqual(all.split('\n').slice(0, 36));
      expect(faults).toEqual([]);
      await close();
    });

    it('answers Enter that comes before the index', async () => {
      const { page, faults, close } = await open('');
      const index = Promise.withResolvers<void>();
      await page.route('**/catalog-index.json', async (route) => {
        await index.promise;
        await route.continue();
      });
      await page.keyboard.press('/');
      await page.keyboard.type('lighthouse');
      expect(await page.inputValue('#q')).toBe('lighthouse');
      await page.keyboard.press('Enter');
      await expect
        .poll(() => page.locator('[data-found]').textContent())
        .toBe('Loading the catalog …');
      index.resolve();
      await page.waitForURL('**/servers/lighthouse-remote/');
      await page.goBack();
      await page.fill('#q', 'qqqqqqqq');
      await expect.poll(() => page.locator('[data-empty]').isVisible()).toBe(true);
      await page.keyboard.press('Enter');
      await page.waitForURL('**/search/?q=qqqqqqqq');
      expect(faults).toEqual([]);
      await close();
    });

    it('says that the index cannot be loaded, and tries again with the next key', async () => {
      const { page, close } = await open('');
      await page.route('**/catalog-index.json', (route) => route.abort());
      await page.fill('#q', 'crane');
      const found = page.locator('[data-found]');
      await expect.poll(() => found.textContent()).toContain('could not be loaded');
      expect(await page.locator('[data-cards] li').count()).toBeGreaterThan(20);
      await page.unroute('**/catalog-index.json');
      await page.fill('#q', 'old crane');
      await expect
        .poll(() => page.locator('[data-cards] h3').allTextContents())
        .toEqual(['Old Crane']);
      expect(await found.textContent()).toBe('1 server');
      await close();
    });

    it('filters, counts, and keeps the state in the address and the history', async () => {
      const { page, faults, close } = await open('');
      const found = page.locator('[data-found]');
      const before = await found.textContent();
      await page.check('input[name=category][value=cloud]');
      await expect.poll(() => page.url()).toContain('?category=cloud');
      const cloud = await page
        .locator('label:has([name=category][value=cloud]) .count')
        .textContent();
      await expect.poll(() => found.textContent()).toBe(`${cloud} servers`);
      await page.check('input[name=network][value=any]');
      await expect.poll(() => found.textContent()).toBe('1 server');
      expect(await page.locator('[data-cards] h3').allTextContents()).toEqual(['Crane']);
      await page.goBack();
      await expect.poll(() => found.textContent()).toBe(`${cloud} servers`);
      expect(await page.isChecked('input[name=network][value=any]')).toBe(false);
      await page.click('[data-clear]');
      await expect.poll(() => found.textContent()).toBe(before);
      expect(new URL(page.url()).search).toBe('');
      expect(faults).toEqual([]);
      await close();
    });

    it('starts from a shared address', async () => {
      const { page, close } = await open('?q=crane&sort=name&signIn=secret');
      await expect.poll(() => page.locator('[data-cards] h3').allTextContents()).toEqual(['Crane']);
      expect(await page.inputValue('#q')).toBe('crane');
      expect(await page.inputValue('select[name=sort]')).toBe('name');
      await close();
    });

    it('sorts, and shows more', async () => {
      const { page, close } = await open('?sort=tools');
      const counts = async () =>
        (await page.locator('[data-cards] .chips').allTextContents()).map((text) =>
          Number(/(\d+) tools?$/.exec(text)?.[1] ?? 0),
        );
      await expect.poll(async () => (await counts())[0]).toBeGreaterThan(10);
      const shown = await counts();
      expect(shown).toEqual([...shown].sort((a, b) => b - a));
      await page.click('[data-more]');
      await expect
        .poll(() => page.locator('[data-cards] li').count())
        .toBeGreaterThan(shown.length);
      await close();
    });

    it('filters by who signed and by client, and sorts by what is known', async () => {
      const { page, faults, close } = await open('?sort=downloads');
      const titles = page.locator('[data-cards] h3');
      await expect
        .poll(async () => (await titles.allTextContents()).slice(0, 2))
        .toEqual(['Crane', 'Harbour Files']);
      const count = (name: string, value: string) =>
        page.locator(`label:has([name=${name}][value="${value}"]) .count`).textContent();
      const all = Number(await page.locator('[data-catalog]').getAttribute('data-count'));
      const signed = await page.locator('[data-facet=signedBy] .count').allTextContents();
      expect(signed.length).toBe(2);
      expect(signed.reduce((sum, text) => sum + Number(text), 0)).toBe(all);
      const remote = Number(await count('kind', 'remote'));
      // Claude Desktop starts programs only.
      expect(Number(await count('client', 'claude-desktop'))).toBe(all - remote);
      expect(Number(await count('client', 'vscode'))).toBe(all);
      await page.check('input[name=client][value=claude-desktop]');
      await expect.poll(() => page.url()).toContain('client=claude-desktop');
      await expect.poll(() => count('kind', 'remote')).toBe('0');
      expect(faults).toEqual([]);
      await close();
    });

    it('works by keyboard alone', async () => {
      const { page, faults, close } = await open('');
      await page.keyboard.press('/');
      await page.keyboard.type('crane');
      await expect.poll(() => page.locator('[data-cards] li').count()).toBeLessThan(5);
      await page.keyboard.press('ArrowDown');
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Crane');
      await page.keyboard.press('ArrowRight');
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Old Crane');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/servers/old-crane/');
      await page.goBack();
      await expect.poll(() => page.locator('[data-cards] li').count()).toBeLessThan(5);
      await page.focus('#q');
      await page.keyboard.press('Escape');
      await expect.poll(() => page.inputValue('#q')).toBe('');
      expect(faults).toEqual([]);
      await close();
    });

    it('searches the full text of readmes and documentation', async () => {
      const { page, faults, close } = await open('search/?q=berth');
      await expect
        .poll(() => page.locator('[data-hits] a').allTextContents())
        .toContain('Harbour Files');
      await page.fill('#q', 'Why each dependency is here');
      await page.keyboard.press('Enter');
      await expect
        .poll(() => page.locator('[data-hits] .chip').allTextContents())
        .toContain('Documentation');
      // Pagefind alone would show every page with the word "a".
      await page.fill('#q', 'axolotl');
      await page.keyboard.press('Enter');
      await expect
        .poll(() => page.textContent('[data-status]'))
        .toBe('Nothing found for “axolotl”');
      expect(await page.locator('[data-hits] li').count()).toBe(0);
      expect(faults).toEqual([]);
      await close();
    });
  });

  describe('a server’s page', () => {
    it('copies its command, remembers the client, and makes the direct way on demand', async () => {
      const { page, faults, close } = await open('servers/harbour-files/', {
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      await page.locator('.clients [data-copy]:visible').first().click();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
        'claude mcp add harbour-files -- npx -y portolan run --servers harbour-files --set harbour-files.directories=/path/to/directories',
      );
      await page.click('label[for=c-zed]');
      await page.click('[data-direct] summary');
      const direct = page.locator('[data-direct] pre');
      await expect.poll(() => direct.textContent()).toContain('context_servers');
      expect(JSON.parse((await direct.textContent()) ?? '')).toEqual({
        context_servers: {
          'harbour-files': {
            source: 'custom',
            enabled: true,
            command: 'npx',
            args: ['-y', '@harbour/files@2.1.0', '--level', 'low', '/path/to/directories'],
            env: { HARBOUR_KEY: 'YOUR_API_KEY' },
          },
        },
      });
      await page.reload();
      expect(await page.isChecked('#c-zed')).toBe(true);
      expect(faults).toEqual([]);
      await close();
    });

    it('says that the direct way cannot be loaded, and tries again with the next choice', async () => {
      const { page, close } = await open('servers/harbour-files/');
      await page.route('**/server.json', (route) => route.abort());
      await page.click('label[for=c-zed]');
      await page.click('[data-direct] summary');
      const ways = page.locator('[data-direct] .ways');
      await expect.poll(() => ways.textContent()).toContain('could not be loaded');
      await page.unroute('**/server.json');
      await page.click('label[for=c-kiro]');
      await expect.poll(() => ways.textContent()).toContain('@harbour/files@2.1.0');
      await close();
    });

    it('shows the raw definition of a tool on demand', async () => {
      const { page, faults, close } = await open('servers/harbour-files/');
      const tool = page.locator('.tool', { has: page.locator('#tool-read_berth') });
      await tool.locator('summary').click();
      expect(await tool.locator('[data-raw]').getAttribute('href')).toBe(
        '/servers/harbour-files/server.json',
      );
      await tool.locator('[data-raw]').click();
      await expect.poll(() => tool.locator('pre').count()).toBe(1);
      const raw = JSON.parse((await tool.locator('pre').textContent()) ?? '');
      expect(raw.name).toBe('read_berth');
      expect(raw.inputSchema.type).toBe('object');
      expect(faults).toEqual([]);
      await close();
    });

    it('has the inputs of very many tools on a page of their own', async () => {
      const { page, faults, close } = await open('servers/busy-port/');
      expect(await page.locator('.tool').count()).toBe(60);
      expect(await page.locator('.tool table').count()).toBe(0);
      await page.click('text=job_17');
      expect(new URL(page.url()).pathname).toBe('/servers/busy-port/tools/');
      const inputs = page.locator('#tool-job_17');
      await inputs.waitFor();
      expect(await page.locator('.tool[open]').count()).toBe(1);
      expect(await inputs.textContent()).toContain('The tide that job 17 is done with.');
      await inputs.locator('[data-raw]').click();
      await expect.poll(() => inputs.locator('pre').textContent()).toContain('"job_17"');
      await page.click('text=Back to Busy Port');
      expect(new URL(page.url()).pathname).toBe('/servers/busy-port/');
      expect(faults).toEqual([]);
      await close();
    });

    it('tells what it may touch, what changed, and that a server is gone', async () => {
      const { page, close } = await open('servers/harbour-files/');
      const permissions = page.locator('.permissions');
      expect(await permissions.textContent()).toContain('api.harbour.example');
      expect(await permissions.textContent()).toContain('directories (read-write)');
      const history = (await page.locator('.history').textContent())?.replace(/\s+/g, ' ');
      expect(history).toContain('Added network api.harbour.example:443 asks for more');
      expect(history).toContain('Added secret api_key asks for more');
      expect(history).toContain('Added tool sink_boat');
      const tool = (name: string) => page.locator('.tool', { has: page.locator(`#tool-${name}`) });
      await tool('read_berth').locator('summary').click();
      expect(await tool('read_berth').textContent()).toContain('filter.flag');
      expect(await tool('sink_boat').locator('.chip').textContent()).toBe('can destroy');
      await page.goto(`${site.url}servers/sunken-crane/`);
      expect(await page.locator('.state').textContent()).toContain('It fell into the water.');
      expect(await page.locator('.state a').getAttribute('href')).toBe('/servers/crane/');
      expect(await page.locator('.install').count()).toBe(0);
      await close();
    });
  });

  it('compares servers side by side', async () => {
    const { page, faults, close } = await open('compare/?servers=harbour-files,crane');
    const heads = page.locator('[data-table] th[scope=col] a:first-child');
    await expect.poll(() => heads.allTextContents()).toEqual(['Harbour Files', 'Crane']);
    await page.fill('#add', 'lighthouse-remote');
    await page.keyboard.press('Enter');
    await expect.poll(() => heads.count()).toBe(3);
    expect(page.url()).toContain('lighthouse-remote');
    expect(faults).toEqual([]);
    await close();
  });

  it('switches between light and dark, and remembers it', async () => {
    const { page, close } = await open('', { colorScheme: 'light' });
    const paper = () =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await paper();
    await page.click('[data-theme-toggle]');
    const dark = await paper();
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await paper()).toBe(dark);
    await close();
  });

  it('is readable without JavaScript', async () => {
    const { page, close } = await open('', { javaScriptEnabled: false });
    expect(await page.locator('[data-cards] li').count()).toBeGreaterThan(20);
    expect(await page.locator('[data-facet]').first().isVisible()).toBe(false);
    await page.click('.browse a:has-text("Cloud")');
    expect(page.url()).toContain('/categories/cloud/');
    await page.click('.card a:text-is("Crane")');
    expect(await page.locator('.install pre:visible').first().textContent()).toContain(
      'claude mcp add crane',
    );
    await page.click('label[for=c-cursor]');
    expect(await page.locator('.install pre:visible').first().textContent()).toContain(
      'mcpServers',
    );
    expect(await page.locator('[data-copy]').first().isVisible()).toBe(false);
    await close();
  });

  it('opens every page type without an error or a request to others', async () => {
    for (const path of PAGES) {
      const { page, faults, close } = await open(path);
      await page.waitForLoadState('networkidle');
      expect(await page.locator('h1').count(), path).toBe(1);
      expect(faults, path).toEqual([]);
      await close();
    }
  }, 240_000);

  // Once as it is, and once with the policy off, so that the sanitising itself is tried.
  it.each([false, true])('runs no payload (policy off: %s)', async (bypassCSP) => {
    const attack = encodeURIComponent('"><img src=x onerror=xss()><script>xss()</script>');
    for (const path of [
      'servers/hostile/',
      'categories/security/',
      'publishers/',
      '?q=hostile',
      `?q=${attack}`,
      `search/?q=${attack}`,
      'search/?q=hostile',
      'compare/?servers=hostile,crane',
      `compare/?servers=${attack}`,
      'icons/hostile.svg',
      'servers/hostile/badge.svg',
    ]) {
      const { page, faults, close } = await open(path, { bypassCSP });
      await page.waitForLoadState('networkidle');
      await openAndClickAll(page, 'a[href]:not(.links a)');
      expect(
        faults.filter((fault) => !fault.startsWith('console')),
        path,
      ).toEqual([]);
      await close();
    }
  });

  it('fits a window of half the width, as at 200% zoom, and stands still when asked to', async () => {
    const wide: string[] = [];
    const { page, close } = await open('', {
      viewport: { width: 640, height: 450 },
      deviceScaleFactor: 2,
      reducedMotion: 'reduce',
    });
    for (const path of PAGES) {
      await page.goto(`${site.url}${path}`);
      const { overflow, moving } = await page.evaluate(() => ({
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        moving: [...document.querySelectorAll('*')].filter((element) => {
          const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(element);
          const still = /^0s(, 0s)*$/.test(transitionDuration) && animationName === 'none';
          return !still || scrollBehavior === 'smooth';
        }).length,
      }));
      if (overflow > 0) wide.push(`/${path} is ${overflow} px wider than the window`);
      if (moving > 0) wide.push(`/${path} has ${moving} elements that move`);
    }
    await close();
    expect(wide).toEqual([]);
  }, 240_000);

  it('prints what a page says, without what only a screen can use', async () => {
    const { page, close } = await open('servers/harbour-files/', { colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    for (const hidden of ['.site-header nav', '.site-footer', '[data-copy]', '.icon-button']) {
      expect(await page.locator(hidden).first().isVisible(), hidden).toBe(false);
    }
    for (const shown of ['h1', '.permissions', '.install pre', '.history', '.readme']) {
      expect(await page.locator(shown).first().isVisible(), shown).toBe(true);
    }
    // Paper is white, whatever the screen is.
    const colours = await page.evaluate(() => {
      const { backgroundColor } = getComputedStyle(document.documentElement);
      const { color } = getComputedStyle(document.body);
      return [backgroundColor, color].map((text) => Number(/\d+/.exec(text)?.[0]));
    });
    expect(colours[0]).toBeGreaterThan(240);
    expect(colours[1]).toBeLessThan(80);
    expect((await page.pdf()).byteLength).toBeGreaterThan(10_000);
    await close();
  });

  it.each([
    ['light', 1440],
    ['dark', 320],
  ] as const)(
    'has no accessibility violation (axe, %s, %i px)',
    async (colorScheme, width) => {
      const violations: string[] = [];
      const { page, close } = await open('', {
        colorScheme,
        viewport: { width, height: 900 },
        bypassCSP: true,
      });
      for (const path of PAGES) {
        await page.goto(`${site.url}${path}`);
        if (path.includes('?')) await page.waitForLoadState('networkidle');
        const found = await accessibilityFaults(page);
        violations.push(...found.map((fault) => `/${path} ${fault}`));
      }
      await close();
      expect(violations).toEqual([]);
    },
    300_000,
  );
});
