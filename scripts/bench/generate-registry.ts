/**
 * `node scripts/bench/generate-registry.ts FOLDER [COUNT] [SEED]`: makes a registry of servers that
 * do not exist, for benchmarks.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { stringify } from 'yaml';
import type { CatalogConfig } from '../../core/entry/types.generated.ts';
import { prettyJson } from '../contribute/pretty-json.ts';
import { originOf } from '../rules/tools.ts';
import { generateEntry, generateLock, generateTools } from './generate-entry.ts';
import { randomOf } from './random.ts';

/**
 * Writes `count` valid entries of all kinds, each with about twelve tools, below `folder`, which is
 * made when it is missing. The same count and seed give the same bytes. At most 100,000.
 */
export async function generateRegistry(folder: string, count: number, seed = 1): Promise<void> {
  const random = randomOf(seed);
  const catalog = readFileSync(new URL('../../registry/catalog.yaml', import.meta.url), 'utf8');
  const { categories } = load(catalog) as CatalogConfig;
  const ids = categories.map(({ id }) => id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'catalog.yaml'), catalog);
  for (let index = 0; index < count; index += 1) {
    const entry = generateEntry(index, ids, random);
    const place = join(folder, 'servers', entry.name);
    mkdirSync(place, { recursive: true });
    const write = (file: string, text: string) => writeFileSync(join(place, file), text);
    write('server.yaml', `${SCHEMA_LINE}\n${stringify(entry, { lineWidth: 0 })}`);
    write('tools.json', prettyJson(generateTools(entry, originOf(entry), random)));
    if (entry.npm) write('package-lock.json', prettyJson(generateLock(entry, random)));
    if (random.chance(0.3)) write('readme.md', `# ${entry.title}\n\n${entry.description}\n`);
    if (random.chance(0.5)) write('icon.svg', iconOf(random.integer(360)));
  }
}

const SCHEMA_LINE = '# yaml-language-server: $schema=../../../schemas/server.schema.json';

function iconOf(hue: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="hsl(${hue} 60% 40%)"/></svg>\n`;
}

if (import.meta.main) {
  const [folder, count = '10000', seed = '1'] = process.argv.slice(2);
  if (!folder) throw new Error('usage: generate-registry.ts FOLDER [COUNT] [SEED]');
  await generateRegistry(folder, Number(count), Number(seed));
}
