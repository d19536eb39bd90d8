import { searchCatalog } from '../../../catalog/search.ts';
import type { CatalogList } from '../../api/catalog.ts';
import type { ListedServer } from '../../api/types.ts';
import { ask, path } from '../api.ts';
import { type Child, drawing, fill, h, plural } from '../dom.ts';
import { chip, empty, mark, toolCount, verifiedTick } from '../parts/show.ts';
import type { Page, View } from '../view.ts';

const FIRST = 60;

export const catalogPage: Page = {
  title: 'Catalog',
  icon: 'M3 4.5h5a2 2 0 0 1 2 2v10a2 2 0 0 0-2-1.5H3zM17 4.5h-5a2 2 0 0 0-2 2v10a2 2 0 0 1 2-1.5h5z',
  open: (view) =>
    view.follow(['catalogs', 'profiles'], async () => {
      const list = await ask<CatalogList>('/api/catalog', view.signal);
      if (list.servers.length === 0) return view.show(noCatalog());
      view.show(...catalogView(view, list));
    }),
};

/** What can be chosen beside the words, with what it means for a server. */
type Filter = (server: ListedServer, value: string) => boolean;
const FILTERS: Readonly<Record<string, Filter>> = {
  category: ({ summary }, value) => summary.categories.includes(value),
  kind: ({ summary }, value) => summary.kind === value,
  network: ({ summary }, value) => summary.network === value,
  signIn: ({ summary }, value) => summary.signIn === value,
  publisher: ({ summary }, value) => (value === 'verified') === Boolean(summary.publisherVerified),
};

const KINDS = { npm: 'npm package', container: 'Container', remote: 'Remote' } as const;
const NETWORKS = {
  none: 'No network',
  hosts: 'Named hosts only',
  any: 'Any host',
  remote: 'Runs elsewhere',
} as const;
const SIGN_INS = {
  none: 'No sign-in',
  secret: 'Needs a key',
  oauth: 'Sign-in with OAuth',
} as const;

function catalogView(view: View, { servers, categories, catalogs }: CatalogList): Child[] {
  const items = servers.map((server) => ({ server }));
  const { query } = view;
  const found = h('h2');
  const cards = h('ul', { class: 'cards' });
  const more = h('div', { class: 'more' });
  let limit = FIRST;

  const search = h('input', {
    id: 'search',
    type: 'search',
    value: query.get('q') ?? '',
    placeholder: 'Search by name, tool or topic',
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => changed(),
  });
  const select = (name: string, label: string, choices: readonly (readonly [string, string])[]) => {
    const element = h(
      'select',
      { id: `filter-${name}`, class: 'input', onchange: () => changed() },
      h('option', { value: '' }, label),
      choices.map(([value, text]) =>
        h('option', { value, selected: query.get(name) === value }, text),
      ),
    );
    return [name, element, label] as const;
  };
  const selects = [
    select(
      'category',
      'Any category',
      categories.map(({ id, title }) => [id, title] as const),
    ),
    select('kind', 'Any kind', Object.entries(KINDS)),
    select('network', 'Any network access', Object.entries(NETWORKS)),
    select('signIn', 'Any sign-in', Object.entries(SIGN_INS)),
    select('publisher', 'Any publisher', [
      ['verified', 'Verified publisher'],
      ['other', 'Not verified'],
    ]),
  ];

  function changed(): void {
    limit = FIRST;
    render();
    const next = new URLSearchParams();
    if (search.value) next.set('q', search.value);
    for (const [name, { value }] of selects) if (value) next.set(name, value);
    const text = next.toString();
    history.replaceState(null, '', text ? `?${text}` : location.pathname);
  }

  function render(): void {
    const chosen = selects.filter(([, { value }]) => value !== '');
    const matching = searchCatalog(items, search.value.split(/\s+/)).filter(({ server }) =>
      chosen.every(([name, { value }]) => FILTERS[name]?.(server, value)),
    );
    found.textContent =
      matching.length === 0 ? 'No server found' : plural(matching.length, 'server', 'servers');
    fill(
      cards,
      matching.slice(0, limit).map(({ server }) => card(server)),
    );
    fill(
      more,
      matching.length === 0 && [
        h(
          'p',
          { class: 'muted' },
          'Nothing matches all of this. Check the spelling, or choose less.',
        ),
        h('button', { type: 'button', class: 'button', onclick: clear }, 'Clear all'),
      ],
      matching.length > limit &&
        h(
          'button',
          {
            type: 'button',
            class: 'button',
            onclick: () => {
              const next = limit;
              limit += FIRST * 2;
              render();
              cards.children[next]?.querySelector('a')?.focus();
            },
          },
          'Show more',
        ),
    );
  }

  function clear(): void {
    search.value = '';
    for (const [, element] of selects) element.value = '';
    changed();
    search.focus();
  }

  view.signal.addEventListener('abort', () => document.removeEventListener('keydown', onKey));
  document.addEventListener('keydown', onKey);
  function onKey(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.key !== '/' || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
    event.preventDefault();
    search.focus();
  }
  render();
  return [
    h('h1', { class: 'sr', tabindex: -1 }, 'Catalog'),
    h(
      'search',
      { class: 'search' },
      drawing('M9 3a6 6 0 1 0 0 12A6 6 0 0 0 9 3zm4.2 10.200L17 17', 20, {
        fill: 'none',
        stroke: 'currentColor',
        'stroke-width': '1.6',
      }),
      h('label', { class: 'sr', for: 'search' }, 'Search servers'),
      search,
      h('kbd', { 'aria-hidden': 'true' }, '/'),
    ),
    h(
      'div',
      { class: 'filters', role: 'group', 'aria-label': 'Filters' },
      selects.map(([name, element, label]) => [
        h('label', { class: 'sr', for: `filter-${name}` }, label.replace(/^Any/, 'By')),
        element,
      ]),
    ),
    h(
      'div',
      { class: 'bar' },
      h('div', { role: 'status', class: 'found' }, found),
      h(
        'p',
        { class: 'small muted' },
        catalogs
          .map(({ title, number, offline }) => `${title} ${number}${offline ? ' (offline)' : ''}`)
          .join(', '),
      ),
    ),
    cards,
    more,
  ];
}

function card({ name, summary, versions }: ListedServer): HTMLElement {
  const status = versions[0]?.status;
  return h(
    'li',
    { class: 'card' },
    mark(summary.title),
    h(
      'div',
      {},
      h('h3', {}, h('a', { href: path`/server/${name}` }, summary.title)),
      h(
        'span',
        { class: 'by' },
        summary.publisher,
        summary.publisherVerified && [' ', verifiedTick()],
      ),
    ),
    h('p', {}, summary.description),
    h(
      'div',
      { class: 'chips' },
      status === 'deprecated' && chip('Deprecated', 'bad'),
      chip(KINDS[summary.kind]),
      summary.network === 'none' && chip(NETWORKS.none, 'good'),
      summary.network === 'any' && chip(NETWORKS.any, 'warn'),
      summary.signIn !== 'none' && chip(SIGN_INS[summary.signIn]),
      chip(toolCount(summary.tools.length, summary.dynamicTools === true)),
    ),
  );
}

function noCatalog(): HTMLElement {
  return empty(
    'No catalog yet',
    'A catalog is a signed list of servers. Add one with the key or identity that signs it; then its servers are here.',
    h('h1', { class: 'sr', tabindex: -1 }, 'Catalog'),
    h('a', { class: 'button primary', href: '/catalogs' }, 'Add a catalog'),
  );
}
