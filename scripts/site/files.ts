import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SiteBuild } from '../build-site.ts';
import type { ListItem, SiteData } from './model.ts';
import { catalogIndex, toolIndex } from './search-index.ts';
import { writeChanged } from './write.ts';

/** Which of the 256 shards of data/ holds a server: the first byte of its name's SHA-256. */
export function shardOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 2);
}

/** Writes everything of the site that is not a page: indexes, JSON, icons. */
export async function writeFiles({ out, work }: SiteBuild): Promise<void> {
  const read = async <T>(name: string) => JSON.parse(await readFile(join(work, name), 'utf8')) as T;
  const site = await read<SiteData>('site.json');
  const list = await read<ListItem[]>('list.json');
  const icons = await read<Record<string, string>>('icons.json');
  await mkdir(out, { recursive: true });
  const write = (path: string, content: string) => writeChanged(join(out, path), content);
  await write('catalog-index.json', JSON.stringify(catalogIndex(list, site.categories)));
  await write('catalog-tools.txt', toolIndex(list));
  for (const [name, svg] of Object.entries(icons)) await write(`icons/${name}.svg`, svg);
}
