/**
 * `npm run import -- docker DIR --out OUT --report REPORT.json`
 * `npm run import -- server-json FILE --out OUT --report REPORT.json`
 *
 * Converts entries of Docker's registry, or official server.json records (one, a list, or an answer
 * of the MCP Registry API). OUT gets one folder per entry. Entries that break rules are written
 * too: the report says what a human must add, and lists every fact that has no place here.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf, PortolanError } from '../core/errors.ts';
import { writeFileAtomic } from '../core/files.ts';
import { command } from './contribute/command.ts';
import { prettyJson } from './contribute/pretty-json.ts';
import { importDocker } from './importers/docker.ts';
import type { Imported } from './importers/draft.ts';
import { readDocker } from './importers/read-docker.ts';
import { importServerJson, serversIn } from './importers/server-json.ts';
import { writeImported } from './importers/write-imported.ts';
import { loadConfig } from './registry/load.ts';

const USAGE =
  'usage: npm run import -- docker DIR | server-json FILE --out OUT --report REPORT.json [--registry DIR]';

await command(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      report: { type: 'string' },
      registry: { type: 'string', default: 'registry' },
    },
  });
  const [kind, input, ...more] = positionals;
  if (!kind || !input || more.length > 0 || !values.out || !values.report) {
    throw new PortolanError('usage', 'USAGE', USAGE);
  }
  const { config } = loadConfig(resolve(values.registry));
  const report = await writeImported(await read(kind, input), values.out, config);
  await writeFileAtomic(values.report, prettyJson(report));
  console.log(
    `${report.imported} entries imported into ${values.out}, ${report.valid} of them valid as they are; ${report.unmapped.length} facts without a place are in ${values.report}`,
  );
  const reasons = Object.entries(report.reasons).slice(0, 8);
  for (const [reason, count] of reasons) console.log(`  ${count} need a look at ${reason}`);
});

async function read(kind: string, input: string): Promise<Imported[]> {
  if (kind === 'docker') return Array.from(readDocker(input), importDocker);
  if (kind !== 'server-json') throw new PortolanError('usage', 'USAGE', USAGE);
  let data: unknown;
  try {
    data = JSON.parse(await readFile(input, 'utf8'));
  } catch (cause) {
    throw new PortolanError(
      'malformed',
      'IMPORT_MALFORMED',
      `${input} is no JSON file: ${messageOf(cause)}`,
      { cause },
    );
  }
  return serversIn(data).map(importServerJson);
}
