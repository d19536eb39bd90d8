/**
 * `npm run review -- --base REF`: for each entry that the current commit changes since REF, runs
 * its server isolated and compares what it offers with the committed tools.json. This is the part
 * of a pull request's check that runs strangers' code, so it gets neither secrets nor write access;
 * it hands its results on as a file.
 *
 *   --out FILE           results (dist/review/captures.json)
 *   --format FORMAT      text or github (annotations in a workflow)
 *   --timeout SECONDS    for one run of a server
 *   --registry DIR       another registry than registry/
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PortolanError } from '../core/errors.ts';
import { writeFileAtomic } from '../core/files.ts';
import { command } from './contribute/command.ts';
import { defaultRegistry } from './contribute/entry-files.ts';
import { prettyJson } from './contribute/pretty-json.ts';
import type { CaptureResult, Captures } from './github/captures.ts';
import { checkCaptures } from './github/check-captures.ts';
import type { Finding } from './registry/finding.ts';
import { formatFindings } from './registry/format-findings.ts';
import { entryChanges } from './rules/run.ts';

const root = join(import.meta.dirname, '..');

await command(async () => {
  const { values } = parseArgs({
    options: {
      base: { type: 'string' },
      out: { type: 'string', default: join(root, 'dist', 'review', 'captures.json') },
      format: { type: 'string', default: 'text' },
      timeout: { type: 'string', default: '90' },
      registry: { type: 'string', default: defaultRegistry },
    },
  });
  const timeout = Number(values.timeout) * 1000;
  if (!values.base || !(timeout > 0) || !['text', 'github'].includes(values.format)) {
    throw new PortolanError(
      'usage',
      'USAGE',
      'usage: npm run review -- --base REF [--out FILE] [--format text|github] [--timeout SECONDS]',
    );
  }
  const format = values.format === 'github' ? 'github' : 'text';
  const changes = await entryChanges(values.registry, values.base);
  // A folder of another name is a finding of the validation; it has no place in the results.
  const names = changes
    .filter(({ name, after }) => after && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))
    .map(({ name }) => name);
  const captures = await checkCaptures(values.registry, names, {
    timeout,
    onResult: (result) => {
      console.error(`${result.name}: ${result.result}`);
      process.stdout.write(formatFindings(findingsOf(result), format));
    },
  });
  await writeFileAtomic(values.out, prettyJson({ formatVersion: 1, captures } satisfies Captures));
  if (captures.some(({ result }) => result === 'differs' || result === 'failed')) {
    process.exitCode = 1;
  }
});

function findingsOf({ name, result, lines }: CaptureResult): Finding[] {
  if (result !== 'differs' && result !== 'failed') return [];
  return [
    {
      rule: 'capture',
      file: `registry/servers/${name}/tools.json`,
      line: 1,
      column: 1,
      field: '',
      fact:
        result === 'failed'
          ? lines.join(' ')
          : `the server offers something else than this file says (${lines.slice(0, 10).join('; ') || 'the file is missing'})`,
      remedy: `run npm run capture -- ${name} and commit the result`,
    },
  ];
}
