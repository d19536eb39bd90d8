// Builds the site of a test publication: `node build.ts OUT WORK '{"variant":...,"base":"/"}'`.
// A process of its own, because Astro's build and Vitest would share Vite's state.
import { resolve } from 'node:path';
import { buildSite } from '../../../scripts/build-site.ts';
import { publicationOf, type Variant } from './publication.ts';

const [out, work, options = '{}'] = process.argv.slice(2);
if (!out || !work) throw new TypeError('build.ts OUT WORK [OPTIONS]');
const {
  variant,
  base = '/',
  hugeAbove,
} = JSON.parse(options) as {
  variant?: Variant;
  base?: string;
  hugeAbove?: number;
};
await buildSite(await publicationOf(variant), {
  root: resolve(import.meta.dirname, '../../..'),
  out: resolve(out),
  work: resolve(work),
  base,
  ...(hugeAbove === undefined ? {} : { hugeAbove }),
  log: (line) => console.log(line),
});
