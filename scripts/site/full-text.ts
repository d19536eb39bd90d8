import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { close, createIndex } from 'pagefind';
import { cutText } from '../../core/text.ts';
import type { SiteBuild } from '../build-site.ts';
import { serverPages } from './files.ts';
import type { ServerPage, SiteData } from './model.ts';
import type { Output } from './write.ts';

const README_LENGTH = 4000;
const TOOL_LENGTH = 160;
const AT_ONCE = 64;
const MAX_FRAGMENT_FILES = 500;

/** Builds the full-text index of servers and documentation into pagefind/ of the site. */
export async function buildFullText(
  { root, work, base }: SiteBuild,
  site: SiteData,
  { write }: Output,
): Promise<void> {
  const { index, errors } = await createIndex({
    forceLanguage: 'en',
    maxFragments: MAX_FRAGMENT_FILES,
  });
  if (!index) throw new Error(`Pagefind did not start: ${errors.join('; ')}`);
  let pending: Promise<unknown>[] = [];
  const add = async (url: string, title: string, kind: string, content: string) => {
    const record = {
      url,
      content,
      language: 'en',
      meta: { title, kind },
      filters: { kind: [kind] },
    };
    pending.push(index.addCustomRecord(record));
    if (pending.length < AT_ONCE) return;
    await Promise.all(pending);
    pending = [];
  };
  for await (const page of serverPages(work)) {
    if (page.item.status === 'withdrawn') continue;
    const url = `${base}servers/${page.item.name}/`;
    await add(url, page.item.title, 'Server', serverText(page, site.large));
  }
  for (const { slug, text } of await docTexts(join(root, 'docs'))) {
    const title = /^#\s+(.+)$/m.exec(text)?.[1] ?? slug;
    await add(`${base}docs/${slug}/`, title, 'Documentation', text.replace(/[#`*|>]+/g, ' '));
  }
  await Promise.all(pending);
  const { files } = await index.getFiles();
  for (const { path, content } of files) {
    // Its ready-made interfaces are not used.
    if (!/(-ui\.(js|css)|highlight\.js)$/.test(path)) write(`pagefind/${path}`, content);
  }
  await close();
}

/** In a large catalog the descriptions of tools are left out: they are most of the text. */
function serverText({ item, tools, entry, readme }: ServerPage, large: boolean): string {
  return [
    item.title,
    item.description,
    item.publisher,
    item.tags.join(', '),
    tools
      .map(({ name, description = '' }) =>
        large ? name : `${name}: ${cutText(description, TOOL_LENGTH)}`,
      )
      .join('. '),
    Object.values(entry.parameters?.properties ?? {})
      .map(({ description }) => description)
      .join(' '),
    cutText(
      (readme ?? '').replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' '),
      large ? 500 : README_LENGTH,
    ),
  ]
    .map((text) => text.trim().replace(/\.$/, ''))
    .filter(Boolean)
    .join('. ');
}

async function docTexts(folder: string): Promise<{ slug: string; text: string }[]> {
  const paths = await readdir(folder, { recursive: true });
  return Promise.all(
    paths
      .filter((path) => path.endsWith('.md'))
      .map(async (path) => ({
        slug: path.replaceAll('\\', '/').replace(/\.md$/, ''),
        text: await readFile(join(folder, path), 'utf8'),
      })),
  );
}
