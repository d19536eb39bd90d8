import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SitePaths } from '../build-site.ts';
import { docsImages } from './docs-images.ts';
import { readList } from './list-file.ts';
import type { SiteData } from './model.ts';
import type { Renderer } from './renderer.ts';
import { openOutput } from './write.ts';

/**
 * Writes pages that are not of one server, from the list of servers in the working folder. The list
 * is read when the first part is written, and serves the others.
 */
export function openLists(
  { root, work, out }: SitePaths,
  site: SiteData,
  renderer: Promise<Renderer>,
) {
  const docs = join(root, 'docs');
  let opened: Promise<ReturnType<Renderer['pagesOfSite']>> | undefined;

  async function open() {
    const list = await readList(work);
    const { provide, pagesOfSite } = await renderer;
    provide({ site, list, docs });
    return pagesOfSite();
  }

  /** Renders each `of`-th page, from `part` on. Returns their paths. */
  return async function write(part: number, of: number): Promise<string[]> {
    opened ??= open();
    const output = openOutput(out);
    const { render } = await renderer;
    if (part === 0) {
      for (const path of docsImages(docs)) {
        output.write(`docs/${path}`, await readFile(join(docs, path)));
      }
    }
    for (const [index, { path, locals }] of (await opened).entries()) {
      if (index % of !== part) continue;
      const file = path === '404/' ? '404.html' : `${path}index.html`;
      output.write(file, await render(path, locals));
    }
    return [...output.written];
  };
}
