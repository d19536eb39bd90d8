// The parts of a server's page that its JSON alone tells: with them the files of a huge catalog would
// be twice as large, and take a third longer to build. The same functions make them for other pages.
import type { ServerJson } from '../../../scripts/site/model.ts';
import { firstDirectHtml, installHtml, nextHtml } from '../lib/install.ts';
import { toolsHtml } from '../lib/tool.ts';

/** Fills what the build left empty in the HTML of a server. `catalog`: options that name the catalog. */
export function fill(
  place: HTMLElement,
  { entry, tools }: ServerJson,
  catalog: readonly string[],
): void {
  // Safe: these functions escape all that comes from the entry and its tools.
  const install = place.querySelector('[data-fill=install]');
  if (install) install.outerHTML = installHtml(entry, catalog) + nextHtml(entry, catalog);
  const direct = place.querySelector('[data-direct] .ways');
  if (direct) direct.innerHTML = firstDirectHtml(entry);
  const list = place.querySelector<HTMLElement>('[data-fill=tools]');
  if (list) list.outerHTML = toolsHtml(tools, list.dataset.json ?? '');
}
