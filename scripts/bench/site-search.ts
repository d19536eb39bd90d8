import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromiumPath, launchChromium } from '../chromium.ts';
import type { CatalogIndex } from '../site/index-format.ts';
import { createSearch } from '../site/search.ts';
import { serveSite } from '../start/serve-site.ts';
import { randomOf } from './random.ts';

/**
 * How quick and how forgiving the catalog search is. Times in milliseconds of processor, which a busy
 * machine does not change much; shares from 0 to 1.
 */
export interface SearchFigures {
  readonly ready: number;
  readonly query: number;
  readonly slipQuery: number;
  readonly exactFirst: number;
  readonly slipFound: number;
}

/** Milliseconds by the clock, from a key as the browser gets it. */
export interface KeyFigures {
  /** Until the results are in the page. */
  readonly results: number;
  /** Until the frame with them is laid out and painted. */
  readonly painted: number;
}

export interface BrowserFigures {
  /** The first key right after the page is there: the index is fetched and made ready first. */
  readonly firstKey: KeyFigures;
  /** Each further key. */
  readonly nextKey: KeyFigures;
}

const SAMPLE = 200;
const VISITS = 5;
/** Milliseconds between two keys of someone who types quickly. */
const PAUSE = 120;

/** Types into the search of a built site with Chromium; medians. Undefined where there is none. */
export async function measureTyping(site: string): Promise<BrowserFigures | undefined> {
  if (!chromiumPath()) return undefined;
  const host = await serveSite(site, 0);
  const browser = await launchChromium();
  const first: KeyFigures[] = [];
  const next: KeyFigures[] = [];
  try {
    for (let visit = 0; visit < VISITS; visit += 1) {
      const page = await browser.newPage();
      await page.goto(host.url, { waitUntil: 'load' });
      await page.evaluate(watchKeys);
      const keys = () =>
        page.evaluate(() => (window as unknown as { keys: readonly KeyFigures[] }).keys);
      for (const [index, key] of [...'search'].entries()) {
        await page.keyboard.press(key);
        while ((await keys()).length <= index) await page.waitForTimeout(5);
        await page.waitForTimeout(PAUSE);
      }
      const [begin, ...rest] = await keys();
      if (begin) first.push(begin);
      next.push(...rest);
      await page.close();
    }
  } finally {
    await browser.close();
    await host.close();
  }
  const medians = (keys: readonly KeyFigures[]): KeyFigures => ({
    results: median(keys.map(({ results }) => results)),
    painted: median(keys.map(({ painted }) => painted)),
  });
  return { firstKey: medians(first), nextKey: medians(next) };
}

/** Runs in the page: puts the focus in the search, and a figure in `keys` for each key. */
function watchKeys(): void {
  const keys: KeyFigures[] = [];
  let typed = 0;
  Object.assign(window, { keys });
  addEventListener('keydown', ({ timeStamp }) => {
    typed = timeStamp;
  });
  new MutationObserver(() => {
    // Later changes, as when the names of tools arrive, belong to no key.
    if (typed === 0) return;
    const since = typed;
    const results = performance.now() - since;
    typed = 0;
    requestAnimationFrame(() => {
      // Delivered when the frame is done.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => keys.push({ results, painted: performance.now() - since });
      port2.postMessage('');
    });
  }).observe(document.querySelector('[data-cards]') as Element, { childList: true });
  document.querySelector<HTMLInputElement>('[name=q]')?.focus();
}

/** Searches the built index, with the browser's own code, for titles as they are and with a slip. */
export async function measureSearch(site: string): Promise<SearchFigures> {
  const json = await readFile(join(site, 'catalog-index.json'), 'utf8');
  const tools = await readFile(join(site, 'catalog-tools.txt'), 'utf8');
  const started = process.cpuUsage();
  const search = createSearch(JSON.parse(json) as CatalogIndex);
  search.find({ text: 'first', facets: {}, sort: 'relevance' });
  const ready = milliseconds(process.cpuUsage(started));
  search.addTools(tools);
  const titles = (JSON.parse(json) as CatalogIndex).titles.split('\n');
  const random = randomOf(11);
  const wanted = random.sample([...titles.keys()], Math.min(SAMPLE, titles.length));
  const times: number[] = [];
  const find = (text: string) => {
    const start = process.cpuUsage();
    const { ids } = search.find({ text, facets: {}, sort: 'relevance' });
    times.push(milliseconds(process.cpuUsage(start)));
    return ids;
  };
  find(swapped('a warm-up', 0.5));
  times.length = 0;
  const exact = wanted.filter((id) => find(titles[id] ?? '')[0] === id).length;
  const query = median(times);
  times.length = 0;
  const slips = wanted.filter((id) =>
    find(swapped(titles[id] ?? '', random.integer(1000) / 1000))
      .slice(0, 10)
      .includes(id),
  ).length;
  return {
    ready,
    query,
    slipQuery: median(times),
    exactFirst: exact / wanted.length,
    slipFound: slips / wanted.length,
  };
}

/** A text with two neighbouring letters of one word swapped; `where` from 0 to 1. */
function swapped(text: string, where: number): string {
  const pairs = [...Array(text.length).keys()].filter((at) =>
    /^[a-z]{2}$/i.test(text.slice(at, at + 2)),
  );
  const at = pairs[Math.floor(where * pairs.length)] ?? 0;
  return text.slice(0, at) + text[at + 1] + text[at] + text.slice(at + 2);
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const milliseconds = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1000;
