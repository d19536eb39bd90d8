/**
 * `npm run bump [-- NAME...]`: moves entries (all of them when none is named) to the newest release
 * of their server: pins, lockfile, tools and version, with a report of what changed. A release that
 * does not start leaves its entry as it was.
 *
 *   --dry-run            report only
 *   --timeout SECONDS    for one run of a server
 *   --registry DIR       another registry than registry/
 */
import { PortolanError } from '../core/errors.ts';
import { bumpAll } from './contribute/bump/bump-all.ts';
import { bumpReport } from './contribute/bump/report.ts';
import { command, entryArguments } from './contribute/command.ts';
import { defaultRegistry, entryNames } from './contribute/entry-files.ts';

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
  const { failed } = await bumpAll(registry, names, {
    dryRun: values['dry-run'] ?? false,
    timeout,
    onDone: (name, outcome) => {
      if (typeof outcome === 'string') console.error(outcome);
      else if (outcome) console.log(bumpReport(outcome));
      else if (positionals.length > 0) console.log(`${name}: nothing newer`);
    },
  });
  if (failed.length > 0) process.exitCode = 1;
});
