/**
 * `npm run bump [-- NAME...]`: moves entries (all of them when none is named) to the newest release
 * of their server: pins, lockfile, tools and version, with a report of what changed. A release that
 * does not start leaves its entry as it was.
 *
 *   --dry-run            report only
 *   --timeout SECONDS    for one run of a server
 *   --registry DIR       another registry than registry/
 */
import { messageOf, PortolanError } from '../core/errors.ts';
import { bumpEntry } from './contribute/bump/bump-entry.ts';
import { bumpReport } from './contribute/bump/report.ts';
import { command, entryArguments } from './contribute/command.ts';
import { defaultRegistry, entryNames, readEntryFiles } from './contribute/entry-files.ts';

await command(async () => {
  const { values, positionals } = entryArguments({
    'dry-run': { type: 'boolean' },
    timeout: { type: 'string' },
  });
  const timeout = Number(values.timeout ?? 60) * 1000;
  if (values.help || !(timeout > 0)) {
    throw new PortolanError(
      'usage',
      'USAGE',
      'usage: npm run bump [-- NAME...] [--dry-run] [--timeout SECONDS] [--registry DIR]',
    );
  }
  const registry = values.registry ?? defaultRegistry;
  const names = positionals.length > 0 ? positionals : entryNames(registry);
  let failed = 0;
  for (const name of names) {
    try {
      const files = readEntryFiles(registry, name);
      const bumped = await bumpEntry(files, { dryRun: values['dry-run'] ?? false, timeout });
      if (bumped) console.log(bumpReport(bumped));
      else if (positionals.length > 0) console.log(`${name}: nothing newer`);
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error;
      failed += 1;
      console.error(`${name}: ${messageOf(error)}`);
    }
  }
  if (failed > 0) process.exitCode = 1;
});
