/**
 * `npm run popularity`: asks npm how often the servers' packages were downloaded in the last week,
 * and writes registry/popularity.json, by which the site can sort. Numbers of servers that npm says
 * nothing of (containers, remote servers, written by hand) stay as they are.
 *
 *   --registry DIR   folder with catalog.yaml and servers/ (registry)
 *   --api URL        npm's download counts (https://api.npmjs.org)
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../core/files.ts';
import { command } from './contribute/command.ts';
import { defaultRegistry, entryNames, readEntryFiles } from './contribute/entry-files.ts';
import { prettyJson } from './contribute/pretty-json.ts';
import { downloadsOf } from './popularity/npm-downloads.ts';
import { readPopularity } from './site/publication.ts';

await command(async () => {
  const { values } = parseArgs({
    options: {
      registry: { type: 'string', default: defaultRegistry },
      api: { type: 'string', default: 'https://api.npmjs.org' },
    },
  });
  const { registry, api } = values;
  const names = new Set(entryNames(registry));
  const packages = new Map<string, string[]>();
  for (const name of names) {
    const { npm } = readEntryFiles(registry, name).entry;
    if (npm) packages.set(npm.package, [...(packages.get(npm.package) ?? []), name]);
  }
  const counts = await downloadsOf([...packages.keys()], api);
  const before = Object.entries(await readPopularity(registry)).filter(([name]) => names.has(name));
  const found = [...counts].flatMap(([name, count]) =>
    (packages.get(name) ?? []).map((server) => [server, count] as const),
  );
  const downloads = [...new Map([...before, ...found])].sort(([a], [b]) => (a < b ? -1 : 1));
  const path = join(registry, 'popularity.json');
  await writeFileAtomic(path, prettyJson({ downloads: Object.fromEntries(downloads) }));
  console.log(
    `${path}: npm counts the downloads of ${counts.size} of ${packages.size} packages, ${downloads.length} servers have a number`,
  );
});
