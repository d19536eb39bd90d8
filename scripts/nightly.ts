/**
 * `npm run nightly`: looks for new releases and for what broke outside. Runs strangers' servers, so
 * its job has no token that may write; it leaves its results in a folder for `npm run propose`.
 *
 *   --out DIR            results (dist/nightly)
 *   --only NAME,NAME     these entries only
 *   --timeout SECONDS    for one run of a server
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { PortolanError } from '../core/errors.ts';
import { writeFileAtomic } from '../core/files.ts';
import { bumpAll } from './contribute/bump/bump-all.ts';
import { bumpReport } from './contribute/bump/report.ts';
import { command } from './contribute/command.ts';
import { defaultRegistry, entryNames, readEntryFiles } from './contribute/entry-files.ts';
import { checkHealth } from './contribute/health/health.ts';
import { prettyJson } from './contribute/pretty-json.ts';

const root = join(import.meta.dirname, '..');
const run = promisify(execFile);

await command(async () => {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join(root, 'dist', 'nightly') },
      only: { type: 'string' },
      timeout: { type: 'string', default: '90' },
      registry: { type: 'string', default: defaultRegistry },
    },
  });
  const timeout = Number(values.timeout) * 1000;
  if (!(timeout > 0)) {
    throw new PortolanError('usage', 'USAGE', '--timeout is a number of seconds');
  }
  const { registry, out } = values;
  const names = values.only?.split(',') ?? entryNames(registry);
  const entries = names.map((name) => readEntryFiles(registry, name).entry);
  console.error(`Looking after ${names.length} entries ...`);
  const health = await checkHealth(entries, { changedAt: (name) => lastChange(registry, name) });
  for (const { name, kind, fact } of health) console.log(`${name}: ${kind}: ${fact}`);

  const { bumped, failed } = await bumpAll(registry, names, {
    timeout,
    onDone: (_, outcome) => {
      if (typeof outcome === 'string') console.error(outcome);
      else if (outcome) console.log(bumpReport(outcome));
    },
  });
  await rm(out, { recursive: true, force: true });
  await mkdir(join(out, 'servers'), { recursive: true });
  for (const { name } of bumped) {
    await cp(join(registry, 'servers', name), join(out, 'servers', name), { recursive: true });
  }
  await writeFileAtomic(
    join(out, 'nightly.json'),
    prettyJson({ formatVersion: 1, health, bumped, failed }),
  );
});

async function lastChange(registry: string, name: string): Promise<Date | undefined> {
  const file = join(registry, 'servers', name, 'server.yaml');
  const { stdout } = await run('git', ['log', '-1', '--format=%cI', '--', file], { cwd: registry });
  return stdout.trim() ? new Date(stdout.trim()) : undefined;
}
