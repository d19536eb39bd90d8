// The catalog page: search, facets, sort and the address, over an index that is fetched on first use.
import searchUrl from 'virtual:portolan/url/search';
import type { CatalogIndex } from '../../../scripts/site/index-format.ts';
import type { Search } from '../../../scripts/site/search.ts';
import { cardHtml } from '../lib/card.ts';
import { searchWords as words } from '../messages-live.ts';

const STEP = 36;
/** Cards that a screen may show, at three in a row. They come first, the others with the next frame. */
const SEEN = Math.ceil(innerHeight / 50);
const form = document.querySelector<HTMLFormElement>('[data-catalog]') as HTMLFormElement;
const part = <T extends HTMLElement>(name: string) => form.querySelector<T>(`[data-${name}]`);
const input = form.elements.namedItem('q') as HTMLInputElement;
const sort = form.elements.namedItem('sort') as HTMLSelectElement;
const cards = part<HTMLElement>('cards') as HTMLElement;
const found = part('found') as HTMLElement;
const clear = part('clear') as HTMLElement;
const empty = part('empty') as HTMLElement;
const deep = part<HTMLAnchorElement>('deep') as HTMLAnchorElement;
const more = part('more');
const boxes = [...form.querySelectorAll<HTMLInputElement>('[data-facet] input')];
const base = import.meta.env.BASE_URL.replace(/\/?$/, '/');
const counters = boxes.map(({ parentElement }) => parentElement?.querySelector('.count'));
const huge = 'huge' in form.dataset;
let shown = STEP;
let turn = 0;
let showing: Promise<void> | undefined;
let loading: Promise<Search> | undefined;

function load(): Promise<Search> {
  loading ??= (async () => {
    const url = form.dataset.index as string;
    const get = async (address: string) => {
      const response = await fetch(address);
      if (!response.ok) throw new Error(`${address}: ${response.status}`);
      return response;
    };
    const [{ createSearch }, index] = await Promise.all([
      import(/* @vite-ignore */ searchUrl) as Promise<typeof import('./search.ts')>,
      get(url).then((response) => response.json() as Promise<CatalogIndex>),
    ]);
    const search = createSearch(index, {
      local: boxes.filter(({ name }) => name === 'client').map(({ value }) => value),
      remote: (form.dataset.remote as string).split(' '),
    });
    get(url.replace('index.json', 'tools.txt'))
      .then((response) => response.text())
      .then((lines) => {
        search.addTools(lines);
        // Drawn anew, the cards would lose the focus of someone who is among them already.
        if (input.value && !cards.contains(document.activeElement)) show();
        const readWords = () => search.readWords() && setTimeout(readWords, 50);
        readWords();
      })
      .catch(() => {});
    return search;
  })();
  return loading;
}

function facetsOf(): Record<string, string[]> {
  const facets: Record<string, string[]> = {};
  for (const { name, value, checked } of boxes) {
    facets[name] ??= [];
    if (checked) facets[name].push(value);
  }
  return facets;
}

/** Shows what is asked for: first the cards that are seen, or `first` of them. */
function show(first = SEEN): Promise<void> {
  turn += 1;
  showing = showFound(turn, first);
  return showing;
}

async function showFound(own: number, first: number): Promise<void> {
  const slow = setTimeout(() => say(found, words.loading), 300);
  let search: Search;
  try {
    search = await load();
  } catch {
    loading = undefined;
    found.textContent = words.failed;
    return;
  } finally {
    clearTimeout(slow);
  }
  // Keys that came while the index was on its way are answered together.
  if (own !== turn) return;
  const text = input.value;
  const answer = search.find({ text, facets: facetsOf(), sort: sort.value });
  const { ids } = answer;
  const visible = ids.slice(0, shown);
  const draw = (from: number, to: number) => {
    const html = visible.slice(from, to).map((id) => cardHtml(search.card(id), base, huge));
    // What follows stays until it is drawn anew, so that the page keeps its height.
    for (const card of [...cards.children].slice(from, to < visible.length ? to : undefined)) {
      card.remove();
    }
    const next = cards.children[from];
    if (next) next.insertAdjacentHTML('beforebegin', html.join(''));
    else cards.insertAdjacentHTML('beforeend', html.join(''));
  };
  draw(0, first);
  say(found, words.found(ids.length));
  empty.hidden = ids.length > 0;
  if (!empty.hidden) {
    deep.href = `${form.action}?q=${encodeURIComponent(text)}`;
    deep.hidden = !text;
    say(deep, words.deep(text));
  }
  afterFrame(() => {
    if (own !== turn) return;
    if (first < visible.length) draw(first, visible.length);
    if (more) more.hidden = ids.length <= shown;
    clear.hidden = !text && boxes.every(({ checked }) => !checked);
    const { counts } = answer;
    boxes.forEach(({ name, value, parentElement }, index) => {
      const count = counts[name]?.[value] ?? 0;
      say(counters[index], String(count));
      parentElement?.toggleAttribute('data-zero', count === 0);
    });
  });
}

/** Changes a text only when it is another one, so that nothing is announced or laid out twice. */
function say(element: Element | null | undefined, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}

function afterFrame(task: () => void): void {
  requestAnimationFrame(() => setTimeout(task));
}

function write(push: boolean): void {
  const query = new URLSearchParams();
  if (input.value) query.set('q', input.value);
  for (const { name, value, checked } of boxes) if (checked) query.append(name, value);
  if (sort.value !== 'relevance') query.set('sort', sort.value);
  const address = query.size ? `?${query}` : location.pathname;
  if (push) history.pushState(null, '', address);
  else history.replaceState(null, '', address);
}

function read(): boolean {
  const query = new URLSearchParams(location.search);
  input.value = query.get('q') ?? '';
  sort.value = query.get('sort') ?? 'relevance';
  if (!sort.value) sort.value = 'relevance';
  for (const box of boxes) box.checked = query.getAll(box.name).includes(box.value);
  return query.size > 0;
}

function change(push: boolean): void {
  shown = STEP;
  write(push);
  show();
}

// Typing makes one step of history, and so does each choice.
let typing = false;
input.addEventListener('input', () => {
  change(!typing);
  typing = true;
});
input.addEventListener('blur', () => {
  typing = false;
});
form.addEventListener('change', ({ target }) => {
  if (target !== input) change(true);
});
form.addEventListener('reset', () => setTimeout(() => change(true)));
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  // Someone quick may be here before the results are.
  await showing;
  (cards.querySelector<HTMLAnchorElement>('a') ?? deep).click();
});
form.addEventListener('focusin', () => load().catch(() => {}), { once: true });
more?.addEventListener('click', async () => {
  const last = cards.children.length;
  shown += STEP;
  await show(shown);
  cards.children[last]?.querySelector('a')?.focus();
});
addEventListener('popstate', () => {
  read();
  shown = STEP;
  show();
});
addEventListener('keydown', (event) => {
  const { key, target } = event;
  const inCards = cards.contains(target as Node);
  if (key === '/' && !(target as Element).closest('input,select,textarea')) {
    event.preventDefault();
    input.focus();
    input.select();
  } else if (key === 'Escape' && target === input && input.value) {
    input.value = '';
    change(true);
  } else if (/^Arrow(Down|Up|Left|Right)$/.test(key) && (inCards || target === input)) {
    const links = [...cards.querySelectorAll('a')];
    const at = links.indexOf(target as HTMLAnchorElement);
    if (target === input ? key !== 'ArrowDown' : at < 0) return;
    event.preventDefault();
    const row = getComputedStyle(cards).gridTemplateColumns.split(' ').length;
    const step = {
      ArrowDown: target === input ? 1 : row,
      ArrowUp: -row,
      ArrowLeft: -1,
      ArrowRight: 1,
    }[key] as number;
    const next = at + step;
    if (next < 0) input.focus();
    else links[next]?.focus();
  }
});

if (read()) show();
// Closed in the page, so that nothing moves on a phone; beside the results there is room.
if (matchMedia('(min-width: 52.01rem)').matches) part('facets')?.setAttribute('open', '');
