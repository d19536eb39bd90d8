/**
 * `npm run format [-- NAME...]`: writes entries in the canonical order and layout; comments stay.
 * Prints the files that it changed.
 *
 *   --check            writes nothing; exits with 1 when a file would change
 *   --registry DIR     another registry than registry/
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../core/files.ts';
import { command } from './contribute/command.ts';
import { formatEntry } from './registry/format-entry.ts';
import { requireRegistry } from './registry/load.ts';
import { listEntryFolders } from './registry/read-folder.ts';

await command(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      check: { type: 'boolean', default: false },
      registry: { type: 'string', default: 'registry' },
    },
  });
  const registry = resolve(values.registry);
  requireRegistry(registry);
  const { names } = listEntryFolders(join(registry, 'servers'), 'servers');
  for (const name of positionals.length > 0 ? positionals : names) {
    const file = join(registry, 'servers', name, 'server.yaml');
    const path = `${values.registry}/servers/${name}/server.yaml`;
    const before = await readFile(file, 'utf8').catch(() => undefined);
    if (before === undefined) {
      console.error(`${path}: there is no such file; validate tells what is missing`);
      process.exitCode = 1;
      continue;
    }
    const after = formatEntry(path, before);
    if (after === before) continue;
    if (values.check) {
      console.log(`${path}: not in the canonical form; run npm run format -- ${name}`);
      process.exitCode = 1;
    } else {
      await writeFileAtomic(file, after);
      console.log(`${path}: formatted`);
    }
  }
});
