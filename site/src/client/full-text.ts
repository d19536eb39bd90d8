// Deep search with Pagefind, which is loaded with the first query.
import { fullTextWords as words } from '../messages.ts';

interface PagefindResult {
  data(): Promise<{ url: string; meta: { title?: string; kind?: string }; excerpt: string }>;
}
interface Pagefind {
  init(): Promise<void>;
  mergeIndex(path: string): Promise<void>;
  search(text: string): Promise<{ results: readonly PagefindResult[] }>;
}

const SHOWN = 20;
const form = document.querySelector<HTMLFormElement>('[data-full-text]') as HTMLFormElement;
const input = form.elements.namedItem('q') as HTMLInputElement;
const status = document.querySelector('[data-status]') as HTMLElement;
const hits = document.querySelector('[data-hits]') as HTMLElement;
let loading: Promise<Pagefind> | undefined;

async function search(text: string): Promise<void> {
  status.textContent = words.searching;
  loading ??= load(form.dataset.fullText as string);
  const pagefind = await loading;
  const { results } = await pagefind.search(text);
  const found = await Promise.all(results.slice(0, SHOWN).map((result) => result.data()));
  if (input.value !== text) return;
  const meant = found.filter(({ excerpt }) => isMeant(excerpt, text));
  const left = meant.length ? results.length - (found.length - meant.length) : 0;
  status.textContent = words.found(left, text);
  hits.replaceChildren(...meant.map(hit));
}

/**
 * False for what Pagefind finds instead of a word that is nowhere: pages with any beginning of it, so
 * that "xylophone" finds a lone X.
 */
function isMeant(excerpt: string, text: string): boolean {
  const starts = lettersOf(text).map((word) => word.slice(0, 2));
  const marked = [...excerpt.matchAll(/<mark>(.*?)<\/mark>/g)].flatMap(([, words = '']) =>
    lettersOf(words),
  );
  return !marked.length || marked.some((word) => starts.some((start) => word.startsWith(start)));
}

const lettersOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** The index is in parts, so that one of them can be made anew; a search asks all. */
async function load(script: string): Promise<Pagefind> {
  const pagefind = (await import(/* @vite-ignore */ script)) as Pagefind;
  await pagefind.init();
  const others = Array.from({ length: Number(form.dataset.parts) - 1 }, (_, index) =>
    pagefind.mergeIndex(script.replace('pagefind.js', `part-${index + 1}/`)),
  );
  await Promise.all(others);
  return pagefind;
}

function hit({ url, meta, excerpt }: Awaited<ReturnType<PagefindResult['data']>>): HTMLElement {
  const item = document.createElement('li');
  const link = document.createElement('a');
  link.href = url;
  link.textContent = meta.title ?? url;
  const kind = document.createElement('span');
  kind.className = 'chip';
  kind.textContent = meta.kind ?? '';
  const text = document.createElement('p');
  text.className = 'muted small';
  // The excerpt is escaped text with <mark> around matches; it is taken apart, never parsed as HTML.
  excerpt.split(/<\/?mark>/).forEach((piece, index) => {
    const node = document.createElement(index % 2 ? 'mark' : 'span');
    node.textContent = piece
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&');
    text.append(node);
  });
  item.append(link, ' ', kind, text);
  return item;
}

async function run(): Promise<void> {
  const text = input.value.trim();
  if (!text) return;
  try {
    await search(text);
  } catch {
    loading = undefined;
    status.textContent = words.failed;
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  history.pushState(null, '', `?q=${encodeURIComponent(input.value)}`);
  run();
});
function read(): void {
  input.value = new URLSearchParams(location.search).get('q') ?? '';
  run();
}
addEventListener('popstate', read);
read();
