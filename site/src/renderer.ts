import { createApp } from 'astro/app/entrypoint';

export { provide } from './lib/data.ts';
export { pagesOfSite } from './lib/pages.ts';

const app = createApp({ streaming: false });

/**
 * HTML of the page with this path below the base, e.g. `servers/x/`; `locals` is what it shows.
 * Throws when its component does, or when there is none.
 */
export async function render(path: string, locals: App.Locals = {}): Promise<Uint8Array> {
  const url = new URL(`http://site.invalid${import.meta.env.BASE_URL.replace(/\/?$/, '/')}${path}`);
  const response = await app.render(new Request(url), { locals });
  const wanted = path === '404/' ? 404 : 200;
  if (response.status !== wanted) throw new Error(`/${path} answered ${response.status}`);
  // Bytes, as they are written: a page is some forty kilobytes, and text would be encoded again.
  return new Uint8Array(await response.arrayBuffer());
}
