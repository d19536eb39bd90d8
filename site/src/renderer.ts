import { createApp } from 'astro/app/entrypoint';
import type { ServerPage } from '../../scripts/site/model.ts';
import { site } from './lib/data.ts';
import { structuredData as structured } from './lib/server.ts';
import { base } from './lib/urls.ts';

export { provide } from './lib/data.ts';
export { pagesOfSite } from './lib/pages.ts';

const app = createApp({ streaming: false });

/**
 * HTML of the page with this path below the base, e.g. `servers/x/`; `locals` is what it shows.
 * Throws when its component does, or when there is none.
 */
export async function render(path: string, locals: App.Locals = {}): Promise<Uint8Array> {
  const response = await ask(path, locals);
  const wanted = path === '404/' ? 404 : 200;
  if (response.status !== wanted) throw new Error(`/${path} answered ${response.status}`);
  // Bytes, as they are written: a page is some forty kilobytes, and text would be encoded again.
  return new Uint8Array(await response.arrayBuffer());
}

/** HTML of what a page shows of its server, without the page around it. */
export const renderPart = async (locals: App.Locals): Promise<string> =>
  (await ask('part/', locals)).text();

/** What a search engine is told of a server. */
export const structuredData = (server: ServerPage): object => structured(server, site());

const ask = (path: string, locals: App.Locals): Promise<Response> =>
  app.render(new Request(`http://site.invalid${base}${path}`), { locals });
