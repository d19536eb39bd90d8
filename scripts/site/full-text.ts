import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createIndex } from 'pagefind';
import { serverPagePath } from '../../core/registry-api/page-address.ts';
import { cutText } from '../../core/text.ts';
import type { SitePaths } from '../build-site.ts';
import type { ServerPage, SiteData } from './model.ts';
import { openOutput } from './write.ts';

const README_LENGTH = 4000;
const TOOL_LENGTH = 160;
const AT_ONCE = 64;
const MAX_FRAGMENT_FILES = 500;

/** What the full-text index holds of one page. */
export interface FullTextRecord {
  readonly url: string;
  readonly title: string;
  readonly text: string;
}

/** Where the texts of a slice's servers wait for the index, in the working folder. */
export const textPath = (slice: number): string => `texts/${slice}.json`;

/** Texts that the last build left for a slice. */
export function readTexts(work: string, slice: number): Readonly<Record<string, FullTextRecord>> {
  const path = join(work, textPath(slice));
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

export const recordOf = (
  page: ServerPage,
  base: string,
  { large, huge }: Pick<SiteData, 'large' | 'huge'>,
): FullTextRecord => ({
  url: base + serverPagePath(page.item.name, huge),
  title: page.item.title,
  text: serverText(page, large),
});

/**
 * Builds one part of the full-text index, from the texts of some slices, into pagefind/ of the site;
 * the first part has the documentation too. Returns the paths of its files.
 */
export async function buildFullText(
  { root, work, out, base }: SitePaths,
  part: number,
  of: number,
  slices: readonly number[],
): Promise<string[]> {
  const { index, errors } = await createIndex({
    forceLanguage: 'en',
    maxFragments: Math.ceil(MAX_FRAGMENT_FILES / of),
  });
  if (!index) throw new Error(`Pagefind did not start: ${errors.join('; ')}`);
  let pending: Promise<unknown>[] = [];
  const add = async (kind: string, { url, title, text }: FullTextRecord) => {
    const record = {
      url,
      content: text,
      language: 'en',
      meta: { title, kind },
      filters: { kind: [kind] },
    };
    pending.push(index.addCustomRecord(record));
    if (pending.length < AT_ONCE) return;
    await Promise.all(pending);
    pending = [];
  };
  for (const slice of slices) {
    const texts = JSON.parse(await readFile(join(work, textPath(slice)), 'utf8')) as Readonly<
      Record<string, FullTextRecord>
    >;
    for (const record of Object.values(texts)) await add('Server', record);
  }
  if (part === 0) {
    for (const { slug, text } of await docTexts(join(root, 'docs'))) {
      const title = /^#\s+(.+)$/m.exec(text)?.[1] ?? slug;
      const url = `${base}docs/${slug}/`;
      await add('Documentation', { url, title, text: text.replace(/[#`*|>]+/g, ' ') });
    }
  }
  await Promise.all(pending);
  const { files } = await index.getFiles();
  await index.deleteIndex();
  const output = openOutput(out);
  const folder = part === 0 ? 'pagefind' : `pagefind/part-${part}`;
  for (const { path, content } of files) {
    // Its ready-made interfaces are not used; the first part's script searches the others too.
    if (UNUSED.test(path) || (part > 0 && path.endsWith('.js'))) continue;
    output.write(`${folder}/${path}`, content);
  }
  return [...output.written];
}

const UNUSED = /(-ui\.(js|css)|highlight\.js|playground)/;

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
  const paths = (await readdir(folder, { recursive: true })).sort();
  return Promise.all(
    paths
      .filter((path) => path.endsWith('.md'))
      .map(async (path) => ({
        slug: path.replaceAll('\\', '/').replace(/\.md$/, ''),
        text: await readFile(join(folder, path), 'utf8'),
      })),
  );
}
