import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Variant } from './publication.ts';

const run = promisify(execFile);

/** Builds a site from the test publication into `folder`/site; returns what the build said. */
export async function buildTestSite(
  folder: string,
  options: {
    readonly variant?: Variant;
    readonly base?: string;
    /** See SiteBuild. */
    readonly hugeAbove?: number;
  } = {},
): Promise<string> {
  const { stdout } = await run(process.execPath, [
    join(import.meta.dirname, 'build.ts'),
    join(folder, 'site'),
    join(folder, 'work'),
    JSON.stringify(options),
  ]);
  return stdout;
}

/** Inside the repository: for a folder elsewhere Astro keeps its chunks in one that builds share. */
export async function temporaryFolder(): Promise<string> {
  await mkdir('.portolan', { recursive: true });
  return mkdtemp(resolve('.portolan/test-site-'));
}

/** Every file below a folder, by path, with its content. */
export async function readTree(folder: string): Promise<Map<string, Buffer>> {
  const items = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = items.filter((item) => item.isFile());
  const paths = files.map((item) => join(item.parentPath, item.name)).sort();
  return new Map(
    await Promise.all(
      paths.map(async (path) => [path.slice(folder.length + 1), await readFile(path)] as const),
    ),
  );
}

/** A page that notes what it must never do. */
export interface WatchedPage {
  readonly page: Page;
  /** Console errors, uncaught errors, requests to other origins, and calls of `xss()`. */
  readonly faults: string[];
  close(): Promise<void>;
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const faults: string[] = [];
  await context.exposeFunction('xss', () => {
    faults.push('a payload ran');
  });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  const { origin } = new URL(url);
  page.on('request', (request) => {
    const target = new URL(request.url());
    if (target.origin !== origin && target.protocol !== 'data:') {
      faults.push(`request to ${request.url()}`);
    }
  });
  await page.goto(url);
  return { page, faults, close: () => context.close() };
}

/** Opens all that is folded, and clicks links that do not lead away: payloads of any kind get their chance. */
export async function openAndClickAll(page: Page, links: string): Promise<void> {
  await page.evaluate(async (selector) => {
    for (const details of document.querySelectorAll('details')) details.open = true;
    for (const link of document.querySelectorAll<HTMLAnchorElement>(selector)) {
      if (!/^https?:|^mailto:/.test(link.href)) link.click();
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }, links);
}

/** Violations that axe finds with all that is folded open, and whether the page is wider than the window. */
export async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
  });
  await page.addScriptTag({ content: axe.source });
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    return (await axe.run()).violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ target }) => target.join(' '))
          .join(', ')}`,
    );
  });
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  return overflow > 0 ? [...found, `is ${overflow} px wider than the window`] : found;
}
