import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SiteBuild } from '../build-site.ts';
import { writeFiles } from './files.ts';
import { buildFullText } from './full-text.ts';
import type { SiteData } from './model.ts';
import { openOutput } from './write.ts';

/**
 * Everything of the site that is not a page, in a process of its own beside Astro:
 * `node extras.ts '{"root":...,"work":...,"out":...,"base":...}'`. The paths that it wrote go to
 * extras.json of the working folder.
 */
async function main(argument: string | undefined): Promise<void> {
  const build = JSON.parse(argument ?? '{}') as SiteBuild;
  const site = JSON.parse(await readFile(join(build.work, 'site.json'), 'utf8')) as SiteData;
  const output = openOutput(build.out);
  await buildFullText(build, site, output);
  await writeFiles(build.work, output);
  await writeFile(join(build.work, 'extras.json'), JSON.stringify([...output.written]));
}

await main(process.argv[2]);
