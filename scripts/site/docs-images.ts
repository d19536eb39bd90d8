import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Drawings that the site's pages of documentation show, as paths below docs/. Screenshots are left
 * out: each would weigh more than its page.
 */
export function docsImages(docs: string): readonly string[] {
  return readdirSync(join(docs, 'images'))
    .filter((name) => name.endsWith('.svg'))
    .map((name) => `images/${name}`);
}
