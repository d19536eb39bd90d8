// The page that shows any server of a huge catalog: it fetches what the build made of it.
import fillUrl from 'virtual:portolan/url/fill';
import serverUrl from 'virtual:portolan/url/server';
import { serverPagePath } from '../../../core/registry-api/page-address.ts';
import { shardPath } from '../../../scripts/site/model.ts';
import type { Packed } from '../../../scripts/site/shard.ts';
import { readServer } from './shard.ts';

const place = document.querySelector<HTMLElement>('[data-show]') as HTMLElement;
const { base = '/', title = '', catalog = '[]', origin } = place.dataset;
const query = new URLSearchParams(location.search);
const name = query.get('name') ?? '';
const view = query.get('view');

async function show(): Promise<void> {
  if (!name) return say('none');
  for (const element of place.querySelectorAll('[data-name]')) element.textContent = name;
  if (!/^[a-z0-9-]{1,64}$/.test(name)) return say('missing');
  say('loading');
  let server: Packed | undefined;
  let filler: typeof import('./fill.ts');
  try {
    [server, filler] = await Promise.all([
      readServer(base + shardPath(name, true), name),
      import(/* @vite-ignore */ fillUrl) as Promise<typeof import('./fill.ts')>,
    ]);
  } catch {
    return say('failed');
  }
  if (!server) return say('missing');
  if (view === 'json') showJson(server);
  else {
    // Safe: the build rendered it as any page, with what comes from strangers sanitised or escaped.
    place.innerHTML = (view === 'tools' && server.tools) || server.html;
    filler.fill(place, server.server, JSON.parse(catalog) as string[]);
  }
  describe(server);
  await import(/* @vite-ignore */ serverUrl);
  const target = document.getElementById(location.hash.slice(1));
  target?.closest('details')?.setAttribute('open', '');
  target?.scrollIntoView();
}

/** Shows one of the texts that the page has, e.g. that there is no such server. */
function say(state: 'loading' | 'missing' | 'failed' | 'none'): void {
  for (const element of place.querySelectorAll<HTMLElement>('[data-state]')) {
    element.hidden = element.dataset.state !== state;
  }
  if (state === 'missing') head('meta', { name: 'robots', content: 'noindex' });
}

function showJson({ server }: Packed): void {
  const form = place.querySelector('template')?.content.cloneNode(true) as DocumentFragment;
  const link = form.querySelector('a') as HTMLAnchorElement;
  link.href = base + serverPagePath(name, true);
  link.textContent = server.entry.title;
  (form.querySelector('code') as Element).textContent = JSON.stringify(server, null, 2);
  place.replaceChildren(form);
}

/** What the page says of itself, as the page of a single server would. */
function describe({ server: { entry }, structured }: Packed): void {
  document.title = `${place.querySelector('h1')?.textContent} · ${title}`;
  const set = (selector: string, text: string) =>
    document.querySelector(`meta[${selector}]`)?.setAttribute('content', text);
  set('name=description', entry.description);
  set('property="og:title"', entry.title);
  set('property="og:description"', entry.description);
  if (origin) {
    const href = `${origin}/${serverPagePath(name, true)}`;
    head('link', { rel: 'canonical', href });
    head('meta', { property: 'og:url', content: href });
  }
  head('script', { type: 'application/ld+json' }).textContent = JSON.stringify(structured);
}

function head(kind: string, attributes: Readonly<Record<string, string>>): Element {
  const element = document.createElement(kind);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  document.head.append(element);
  return element;
}

place.querySelector('[data-retry]')?.addEventListener('click', () => location.reload());
show();
