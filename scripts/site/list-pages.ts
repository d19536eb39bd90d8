import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SiteBuild } from '../build-site.ts';
import { docsImages } from './docs-images.ts';
import type { ListItem, SiteData } from './model.ts';
import type { Renderer } from './renderer.ts';
import { openOutput } from './write.ts';

/**
 * Renders pages that are not of one server: each `of`-th, from `part` on. Returns their paths. The
 * list of servers is in list.json of the working folder.
 */
export async function writeLists(
  { root, work, out }: Omit<SiteBuild, 'log'>,
  site: SiteData,
  renderer: Renderer,
  part: number,
  of: number,
): Promise<string[]> {
  const list = JSON.parse(await readFile(join(work, 'list.json'), 'utf8')) as ListItem[];
  const docs = join(root, 'docs');
  renderer.provide({ site, list, docs });
  const output = openOutput(out);
  if (part === 0) {
    for (const path of docsImages(docs)) {
      output.write(`docs/${path}`, await readFile(join(docs, path)));
    }
  }
  for (const [index, { path, locals }] of renderer.pagesOfSite().entries()) {
    if (index % of !== part) continue;
    const file = path === '404/' ? '404.html' : `${path}index.html`;
    output.write(file, await renderer.render(path, locals));
  }
  return [...output.written];
}
