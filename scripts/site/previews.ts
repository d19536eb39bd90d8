import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SiteData } from './model.ts';
import { type Preview, previewImage } from './preview.ts';
import { shortHash } from './signature.ts';
import type { Output } from './write.ts';

/** Raise it when previewImage draws differently. */
const DRAWING = 1;

/** Preview images of a site; those that would say the same as in the last build are kept. */
export interface Previews {
  write(path: string, content: Pick<Preview, 'title' | 'text' | 'footer'>): void;
  save(): Promise<void>;
}

export async function openPreviews(
  work: string,
  output: Output,
  site: SiteData,
): Promise<Previews> {
  const state = join(work, 'previews.json');
  const before = existsSync(state)
    ? (JSON.parse(await readFile(state, 'utf8')) as Record<string, string>)
    : {};
  const after: Record<string, string> = {};
  const accent = site.theme?.accent ?? '#0b5d6b';
  return {
    write(path, content) {
      const preview = { brand: site.title, accent, ...content };
      const key = shortHash(JSON.stringify([DRAWING, preview]));
      after[path] = key;
      if (before[path] === key && existsSync(join(output.folder, path))) output.keep(path);
      else output.write(path, previewImage(preview));
    },
    save: () => writeFile(state, JSON.stringify(after)),
  };
}
