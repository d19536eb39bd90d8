// Up to four servers side by side, from their JSON; everything goes in as text.
import { serverPagePath } from '../../../core/registry-api/page-address.ts';
import type { CatalogIndex } from '../../../scripts/site/index-format.ts';
import { type ServerJson, shardPath } from '../../../scripts/site/model.ts';
import { describePermissions } from '../lib/permissions.ts';
import { messages as m } from '../messages.ts';
import { readServerJson } from './shard.ts';

const MOST = 4;
const form = document.querySelector<HTMLFormElement>('[data-compare]') as HTMLFormElement;
const input = form.elements.namedItem('add') as HTMLInputElement;
const table = document.querySelector('[data-table]') as HTMLTableElement;
const status = document.querySelector('[data-status]') as HTMLElement;
const base = form.dataset.compare as string;
const huge = 'huge' in form.dataset;

const chosen = (): string[] => {
  const names = new URLSearchParams(location.search).get('servers') ?? '';
  return [...new Set(names.split(','))]
    .filter((name) => /^[a-z0-9-]{1,64}$/.test(name))
    .slice(0, MOST);
};

function fetchServer(name: string): Promise<ServerJson | undefined> {
  const { large } = form.dataset;
  const path = large ? shardPath(name, huge) : `servers/${name}/server.json`;
  return readServerJson(base + path, name);
}

const text = (content: string) => document.createTextNode(content);

function list(items: readonly string[]): Node {
  const element = document.createElement('ul');
  for (const item of items) {
    const line = document.createElement('li');
    line.textContent = item;
    element.append(line);
  }
  return element;
}

const ROWS: readonly [string, (server: ServerJson) => Node][] = [
  [m.compare.description, ({ entry }) => text(entry.description)],
  [
    m.server.publisher,
    ({ entry }) =>
      text(`${entry.publisher.name} (${entry.publisher.verified ? m.verified : m.verifiedNot})`),
  ],
  [
    m.server.version,
    ({ entry, history }) => text(`${entry.version} ${history[0]?.publishedAt?.slice(0, 10) ?? ''}`),
  ],
  [m.compare.versions, ({ history }) => text(String(history.length))],
  [m.compare.status, ({ entry }) => text(m.status[entry.status?.state ?? 'active'])],
  [
    m.server.permissions,
    ({ entry }) =>
      list(
        describePermissions(entry).map(({ title, why, items }) => {
          const details = items?.map(({ code, after }) => [code, after].filter(Boolean).join(' '));
          return details
            ? `${title}: ${details.join(', ')}`
            : [title, why].filter(Boolean).join('. ');
        }),
      ),
  ],
  [m.server.license, ({ entry }) => text(entry.license)],
  [
    m.server.tools,
    ({ entry, tools }) =>
      entry.tools === 'static'
        ? list(tools.map(({ name }) => name))
        : text(`${m.server.toolsDynamic} ${entry.tools.dynamic}`),
  ],
  [m.server.settings, ({ entry }) => list(Object.keys(entry.parameters?.properties ?? {}))],
  [m.server.digest, ({ digest }) => text(digest)],
];

async function show(): Promise<void> {
  const names = chosen();
  const servers = await Promise.all(names.map(fetchServer));
  const missing = names.filter((_, index) => !servers[index]);
  status.textContent = missing.length ? m.compare.missing(missing.join(', ')) : '';
  const found = servers.filter((server) => server !== undefined);
  table.hidden = found.length === 0;
  const head = document.createElement('tr');
  head.append(document.createElement('td'));
  for (const { entry } of found) {
    const cell = document.createElement('th');
    cell.scope = 'col';
    const link = document.createElement('a');
    link.href = base + serverPagePath(entry.name, huge);
    link.textContent = entry.title;
    const remove = document.createElement('a');
    remove.href = `?servers=${names.filter((name) => name !== entry.name).join(',')}`;
    remove.className = 'small muted';
    remove.textContent = m.compare.remove;
    remove.setAttribute('aria-label', `${m.compare.remove} ${entry.title}`);
    cell.append(link, ' ', remove);
    head.append(cell);
  }
  const rows = ROWS.map(([label, content]) => {
    const row = document.createElement('tr');
    const title = document.createElement('th');
    title.scope = 'row';
    title.textContent = label;
    row.append(title);
    for (const server of found) {
      const cell = document.createElement('td');
      cell.append(content(server));
      row.append(cell);
    }
    return row;
  });
  table.replaceChildren(head, ...rows);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const names = [...new Set([...chosen(), input.value.trim()])].filter(Boolean).slice(-MOST);
  history.pushState(null, '', `?servers=${names.join(',')}`);
  input.value = '';
  show();
});
input.addEventListener(
  'focus',
  async () => {
    const index = (await (await fetch(form.dataset.index as string)).json()) as CatalogIndex;
    const titles = index.titles.split('\n');
    const options = index.names.split('\n').map((name, id) => new Option(titles[id], name));
    document.querySelector('#names')?.replaceChildren(...options);
  },
  { once: true },
);
addEventListener('popstate', show);
show();
