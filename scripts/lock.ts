/**
 * `npm run lock -- NAME...`: package-lock.json of npm entries, made by npm itself from the package
 * that server.yaml names. Prints what changed. `--registry DIR` works on another registry.
 */
import { join } from 'node:path';
import { PortolanError } from '../core/errors.ts';
import { writeFileAtomic } from '../core/files.ts';
import { command, entryArguments } from './contribute/command.ts';
import { defaultRegistry, readEntryFiles } from './contribute/entry-files.ts';
import { lockfileChanges, makeLockfile } from './contribute/lockfile.ts';

await command(async () => {
  const { values, positionals } = entryArguments({});
  if (values.help || positionals.length === 0) {
    throw new PortolanError('usage', 'USAGE', 'usage: npm run lock -- NAME... [--registry DIR]');
  }
  for (const name of positionals) await lock(values.registry ?? defaultRegistry, name);
});

async function lock(registry: string, name: string): Promise<void> {
  const { entry, folder, lock: before } = readEntryFiles(registry, name);
  const file = join(folder, 'package-lock.json');
  const after = await makeLockfile(entry);
  if (before !== after) await writeFileAtomic(file, after);
  const changes = lockfileChanges(before, after);
  if (before === undefined) {
    console.log(`${name}: package-lock.json made, ${changes.length} packages`);
  } else if (changes.length === 0) {
    console.log(`${name}: package-lock.json is up to date`);
  } else {
    console.log(`${name}: package-lock.json changed\n  ${changes.join('\n  ')}`);
  }
}
