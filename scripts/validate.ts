/**
 * `npm run validate [-- NAME...]`: checks the registry, or the named entries of it, by every rule.
 * Prints `file:line:column: field: fact; remedy` and exits with 1 when there are findings.
 *
 *   --changed          only what changed since the work left the base, and how it changed
 *   --base REF         branch, tag or commit to compare with; origin/main when absent
 *   --online           also asks the npm registry whether it still gives each integrity
 *   --registry DIR     another registry than registry/
 *   --format FORMAT    text, github (annotations in a workflow) or json
 */
import { parseArgs } from 'node:util';
import { PortolanError } from '../core/errors.ts';
import { command } from './contribute/command.ts';
import { formatFindings, OUTPUT_FORMATS, type OutputFormat } from './registry/format-findings.ts';
import { validateChanges, validateRegistry } from './rules/run.ts';

await command(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      changed: { type: 'boolean', default: false },
      base: { type: 'string', default: 'origin/main' },
      online: { type: 'boolean', default: false },
      registry: { type: 'string', default: 'registry' },
      format: { type: 'string', default: 'text' },
    },
  });
  const format = OUTPUT_FORMATS.find((name) => name === values.format);
  if (!format) {
    throw new PortolanError(
      'usage',
      'USAGE',
      `--format ${values.format} is unknown; use ${OUTPUT_FORMATS.join(', ')}`,
    );
  }
  if (values.changed && positionals.length > 0) {
    throw new PortolanError('usage', 'USAGE', 'give names or --changed, not both');
  }
  const started = performance.now();
  const { findings, entries } = values.changed
    ? await validateChanges(values.registry, values.base, { online: values.online })
    : await validateRegistry(values.registry, {
        online: values.online,
        ...(positionals.length > 0 && { only: positionals }),
      });
  report(findings.length, entries, performance.now() - started, format);
  process.stdout.write(formatFindings(findings, format));
  if (findings.length > 0) process.exitCode = 1;
});

function report(findings: number, entries: number, milliseconds: number, format: OutputFormat) {
  if (format === 'json') return;
  const time = `${(milliseconds / 1000).toFixed(1)} s`;
  console.error(
    `${entries} ${entries === 1 ? 'entry' : 'entries'} checked in ${time}: ${findings === 0 ? 'no findings' : `${findings} ${findings === 1 ? 'finding' : 'findings'}`}`,
  );
}
