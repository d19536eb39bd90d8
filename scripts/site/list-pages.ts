import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SitePaths } from '../build-site.ts';
import { docsImages } from './docs-images.ts';
import { writeIndexes } from './indexes.ts';
import { readList } from './list-file.ts';
import type { SiteData } from './model.ts';
import type { Renderer } from './renderer.ts';
import { openOutput } from './write.ts';

/**
 * Writes what is not of one server, from the list of servers in the working folder. The list is read
 * for the first part of it, and serves the others.
 */
export function openLists(
  { root, work, out }: SitePaths,
  site: SiteData,
  renderer: Promise<Renderer>,
) {
  const docs = join(root, 'docs');

  const readOnce = once(() => readList(work));
  const pages = once(async () => {
    const { provide, pagesOfSite } = await renderer;
    provide({ site, list: await readOnce(), docs });
    return pagesOfSite();
  });

  /** Renders each `of`-th page, from `part` on. Returns their paths. */
  async function write(part: number, of: number): Promise<string[]> {
    const output = openOutput(out);
    const { render } = await renderer;
    if (part === 0) {
      for (const path of docsImages(docs)) {
        output.write(`docs/${path}`, await readFile(join(docs, path)));
      }
    }
    for (const [index, { path, locals }] of (await pages()).entries()) {
      if (index % of !== part) continue;
      const file = path === '404/' ? '404.html' : `${path}index.html`;
      output.write(file, await render(path, locals));
    }
    return [...output.written];
  }

  return {
    write,
    /** Writes indexes, feeds and maps. Returns their paths. */
    async writeIndexes(logo: string | undefined): Promise<string[]> {
      const output = openOutput(out);
      writeIndexes(output, site, await readOnce(), logo);
      return [...output.written];
    },
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
