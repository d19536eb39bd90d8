/**
 * `npm run capture -- NAME... | --all`: runs the pinned server of an entry isolated, with its own
 * declared permissions and placeholder secrets, and records what it offers in tools.json.
 *
 *   --check              compares with the committed file and changes nothing
 *   --recorded FILE --with TEXT
 *                        for a server that answers only to a live account: takes the definitions
 *                        from FILE, and TEXT says how they were recorded
 *   --timeout SECONDS    for one run
 *   --registry DIR       another registry than registry/
 */
import { join } from 'node:path';
import type { ServerEntry } from '../core/entry/types.generated.ts';
import { messageOf, PortolanError } from '../core/errors.ts';
import { writeFileAtomic } from '../core/files.ts';
import { type Captured, capture } from './contribute/capture/capture.ts';
import { offerChanges } from './contribute/capture/offer.ts';
import { recordedTools } from './contribute/capture/recorded.ts';
import { command, entryArguments } from './contribute/command.ts';
import {
  defaultRegistry,
  type EntryFiles,
  entryNames,
  readEntryFiles,
} from './contribute/entry-files.ts';
import { prettyJson } from './contribute/pretty-json.ts';

const USAGE =
  'usage: npm run capture -- NAME... | --all [--check] [--timeout SECONDS] [--registry DIR], or NAME --recorded FILE --with TEXT';

await command(async () => {
  const { values, positionals } = entryArguments({
    all: { type: 'boolean' },
    check: { type: 'boolean' },
    recorded: { type: 'string' },
    with: { type: 'string' },
    timeout: { type: 'string' },
  });
  const { registry = defaultRegistry, recorded, with: how, all, check } = values;
  const timeout = Number(values.timeout ?? 60) * 1000;
  const hasNames = all ? positionals.length === 0 : positionals.length > 0;
  const recordsOne = recorded === undefined || (how !== undefined && positionals.length === 1);
  if (values.help || !hasNames || !recordsOne || !(timeout > 0)) {
    throw new PortolanError('usage', 'USAGE', USAGE);
  }
  let failed = 0;
  for (const name of all ? entryNames(registry) : positionals) {
    try {
      const files = readEntryFiles(registry, name);
      const reason = reasonToSkip(files);
      if (reason && all) {
        console.log(`${name}: skipped, ${reason}`);
        continue;
      }
      requireStatic(files.entry);
      const captured =
        recorded === undefined || how === undefined
          ? await capture(files.entry, files.folder, { timeout })
          : { tools: await recordedTools(files.entry, recorded, how), notes: [] };
      await keep(files, captured, check ?? false);
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error;
      failed += 1;
      console.error(messageOf(error));
    }
  }
  if (failed > 0) process.exitCode = 1;
});

function reasonToSkip({ entry, tools }: EntryFiles): string | undefined {
  if (entry.status?.state === 'withdrawn') return 'it is withdrawn';
  if (entry.tools !== 'static') return 'its tools are dynamic';
  return tools?.capturedWith && `its tools are recorded: ${tools.capturedWith}`;
}

function requireStatic({ name, tools }: ServerEntry): void {
  if (tools === 'static') return;
  throw new PortolanError(
    'usage',
    'NOT_CAPTURED',
    `${name} has no tools.json, since its tools are dynamic (${tools.dynamic}); set tools: static to capture them`,
  );
}

async function keep(files: EntryFiles, { tools, notes }: Captured, check: boolean): Promise<void> {
  const { name, folder, tools: before } = files;
  for (const note of notes) console.log(`${name}: ${note}`);
  const changes = offerChanges(before, tools);
  const list = changes.length ? `\n  ${changes.join('\n  ')}` : '';
  if (before && changes.length === 0) {
    console.log(`${name}: tools.json is up to date`);
  } else if (check) {
    const fact = before ? 'is not what the server offers' : 'does not exist';
    throw new PortolanError(
      'unverified',
      'TOOLS_DIFFER',
      `registry/servers/${name}/tools.json ${fact}; run \`npm run capture -- ${name}\` and review the difference${before ? `:${list}` : ''}`,
    );
  } else {
    await writeFileAtomic(join(folder, 'tools.json'), prettyJson(tools));
    const names = tools.tools.map((tool) => tool.name).join(', ');
    console.log(`${name}: tools.json ${before ? `changed${list}` : `made: ${names}`}`);
  }
}
