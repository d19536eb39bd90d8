/**
 * `npm run capture -- NAME... | --all`: runs the pinned server of an entry isolated, with its own
 * declared permissions and placeholder secrets, and records what it offers in tools.json.
 *
 * `--check` compares with the committed file and changes nothing. `--timeout SECONDS` is for one
 * run. `--registry DIR` works on another registry.
 */
import { join } from 'node:path';
import { messageOf, PortolanError } from '../core/errors.ts';
import { writeFileAtomic } from '../core/files.ts';
import { capture } from './contribute/capture/capture.ts';
import { offerChanges } from './contribute/capture/offer.ts';
import { command, entryArguments } from './contribute/command.ts';
import {
  defaultRegistry,
  type EntryFiles,
  entryNames,
  readEntryFiles,
} from './contribute/entry-files.ts';
import { prettyJson } from './contribute/pretty-json.ts';

await command(async () => {
  const { values, positionals } = entryArguments({
    all: { type: 'boolean' },
    check: { type: 'boolean' },
    timeout: { type: 'string' },
  });
  const registry = values.registry ?? defaultRegistry;
  const timeout = Number(values.timeout ?? 60) * 1000;
  if (values.help || (positionals.length === 0 && !values.all) || !(timeout > 0)) {
    throw new PortolanError(
      'usage',
      'USAGE',
      'usage: npm run capture -- NAME... | --all [--check] [--timeout SECONDS] [--registry DIR]',
    );
  }
  const names = values.all ? entryNames(registry) : positionals;
  const options = { timeout, check: values.check ?? false, skipDynamic: values.all ?? false };
  let failed = 0;
  for (const name of names) {
    try {
      await captureOne(readEntryFiles(registry, name), options);
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error;
      failed += 1;
      console.error(messageOf(error));
    }
  }
  if (failed > 0) process.exitCode = 1;
});

async function captureOne(
  { name, folder, entry, tools: before }: EntryFiles,
  options: { timeout: number; check: boolean; skipDynamic: boolean },
): Promise<void> {
  if (entry.tools !== 'static' || entry.status?.state === 'withdrawn') {
    const why = entry.tools === 'static' ? 'it is withdrawn' : 'its tools are dynamic';
    if (options.skipDynamic) return console.log(`${name}: skipped, ${why}`);
    throw new PortolanError('usage', 'NOT_CAPTURED', `${name} has no tools.json, since ${why}`);
  }
  const { tools, notes } = await capture(entry, folder, options);
  for (const note of notes) console.log(`${name}: ${note}`);
  const changes = offerChanges(before, tools);
  const list = changes.length ? `\n  ${changes.join('\n  ')}` : '';
  if (options.check) {
    if (before && changes.length === 0) return console.log(`${name}: tools.json is up to date`);
    throw new PortolanError(
      'unverified',
      'TOOLS_DIFFER',
      before
        ? `registry/servers/${name}/tools.json is not what the server offers; run \`npm run capture -- ${name}\` and review the difference:${list}`
        : `registry/servers/${name}/tools.json does not exist; run \`npm run capture -- ${name}\``,
    );
  }
  if (before && changes.length === 0) return console.log(`${name}: tools.json is up to date`);
  await writeFileAtomic(join(folder, 'tools.json'), prettyJson(tools));
  console.log(
    before
      ? `${name}: tools.json changed${list}`
      : `${name}: tools.json made: ${tools.tools.map((tool) => tool.name).join(', ')}`,
  );
}
