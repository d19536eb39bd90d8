// Loaded on demand: the direct way of the chosen client, and raw schemas, from the server's JSON.
import type { ServerJson } from '../../../scripts/site/model.ts';
import { directHtml, preHtml } from '../lib/install.ts';
import { installWords as words } from '../messages.ts';
import { readServerJson } from './shard.ts';

let server: Promise<ServerJson> | undefined;

/** The server's JSON: its own file, or a member of a file with several servers. */
function load(): Promise<ServerJson> {
  const { direct = '', name = '' } =
    document.querySelector<HTMLElement>('[data-direct]')?.dataset ?? {};
  server ??= fetchServer(direct, name);
  return server;
}

async function fetchServer(address: string, name: string): Promise<ServerJson> {
  const found = await readServerJson(address, name);
  if (!found) throw new Error(`${address} has no ${name}`);
  return found;
}

export async function showDirect(details: HTMLDetailsElement, client?: string): Promise<void> {
  const place = details.querySelector('.ways') as Element;
  try {
    const { entry } = await load();
    // Safe: directHtml escapes all that comes from the entry.
    place.innerHTML = directHtml(entry, client);
  } catch {
    // The way of another client must not stand under this one's name.
    server = undefined;
    place.textContent = words.failed;
  }
}

/** Puts the tool's definition, as it was signed, in the place of the link to it. */
export async function showRaw(link: HTMLAnchorElement): Promise<void> {
  const { tools } = await load().catch(() => ({ tools: [] }));
  const index = [...document.querySelectorAll('[data-raw]')].indexOf(link);
  const tool = tools[index];
  // Without the JSON, or on a page without the install panel, the link leads to the whole of it.
  if (!tool) return location.assign(link.href);
  link.removeAttribute('href');
  const place = document.createElement('div');
  // Safe: preHtml escapes.
  place.innerHTML = preHtml(JSON.stringify(tool, null, 2));
  (link.parentElement as Element).after(place);
}
