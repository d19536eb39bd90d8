/**
 * `npm run screenshots`: every page type of a built site and of the console, in light,
 * dark and on a phone.
 *
 *   --site DIR        the site (dist/site)
 *   --out DIR         where the pictures go (dist/screenshots)
 *   --only NAME,NAME  these page types only
 *   --full            whole pages, not only what a window shows
 *   --docs            also renews the pictures of README and documentation
 */
import { copyFile, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium } from './chromium.ts';
import { runScript } from './run-script.ts';
import { openPicturedConsole } from './screenshots/console.ts';
import { serveSite } from './start/serve-site.ts';

/** The page types, each by one address. */
const PAGES: Readonly<Record<string, string>> = {
  catalog: '',
  search: '?q=browser&kind=npm',
  server: 'servers/filesystem/',
  'server-remote': 'servers/github-remote/',
  'server-browser': 'servers/playwright/',
  category: 'categories/developer-tools/',
  letters: 'a-z/',
  tags: 'tags/',
  publishers: 'publishers/',
  new: 'new/',
  compare: 'compare/?servers=filesystem,memory,github-remote',
  statistics: 'statistics/',
  contribute: 'contribute/',
  docs: 'docs/',
  'full-text': 'search/?q=file',
  'not-found': 'nowhere/',
};

const VIEWS = {
  light: { width: 1280, height: 900, colorScheme: 'light' },
  dark: { width: 1280, height: 900, colorScheme: 'dark' },
  phone: { width: 390, height: 844, colorScheme: 'light' },
} as const;

async function main(): Promise<void> {
  const root = resolve(import.meta.dirname, '..');
  const { values } = parseArgs({
    options: {
      site: { type: 'string', default: 'dist/site' },
      out: { type: 'string', default: 'dist/screenshots' },
      only: { type: 'string' },
      full: { type: 'boolean', default: false },
      docs: { type: 'boolean', default: false },
    },
  });
  const site = await serveSite(resolve(root, values.site), 0);
  const browser = await launchChromium();
  const out = resolve(root, values.out);
  await mkdir(out, { recursive: true });
  const wanted = values.only?.split(',');
  try {
    for (const [name, path] of Object.entries(PAGES)) {
      if (wanted && !wanted.includes(name)) continue;
      await shoot(browser, `${site.url}${path}`, join(out, name), values.full);
      console.error(`screenshots: ${name}`);
    }
    if (!wanted || wanted.some((name) => name.startsWith('console'))) {
      const opened = await openPicturedConsole(browser);
      for (const [name, path] of Object.entries(opened.pages)) {
        if (wanted && !wanted.includes(name)) continue;
        const { origin, storageState } = opened;
        await shoot(browser, `${origin}/${path}`, join(out, name), values.full, { storageState });
        console.error(`screenshots: ${name}`);
      }
      await opened.stop();
    }
    // The pictures of the README and of the documentation.
    if (values.docs) {
      for (const name of ['catalog', 'server', 'console']) {
        await copyFile(join(out, `${name}-light.png`), join(root, `docs/images/${name}.png`));
      }
    }
  } finally {
    await browser.close();
    await site.close();
  }
}

async function shoot(
  browser: Browser,
  url: string,
  path: string,
  full: boolean,
  session: BrowserContextOptions = {},
): Promise<void> {
  for (const [view, { width, height, colorScheme }] of Object.entries(VIEWS)) {
    const context = await browser.newContext({
      ...session,
      viewport: { width, height },
      colorScheme,
    });
    const page = await context.newPage();
    // The console keeps a stream open, so that its network is never idle.
    await page.goto(url, { waitUntil: session.storageState ? 'load' : 'networkidle' });
    if (session.storageState) await settled(page);
    await page.screenshot({ path: `${path}-${view}.png`, fullPage: full });
    await context.close();
  }
}

/** Waits until a page of the console has stopped changing. */
async function settled(page: Page): Promise<void> {
  await page.waitForSelector('main h1');
  let before = '';
  for (let tries = 0; tries < 80; tries += 1) {
    await page.waitForTimeout(250);
    const now = await page.locator('main').innerHTML();
    if (now === before && !/Verifying|Looking at/.test(now)) return;
    before = now;
  }
}

await runScript(main);
