import { join } from 'node:path';
import type { CatalogConfig } from '../../../core/entry/types.generated.ts';
import { messageOf, PortolanError } from '../../../core/errors.ts';
import { writeFileAtomic } from '../../../core/files.ts';
import { loadRegistry } from '../../registry/load.ts';
import { capture } from '../capture/capture.ts';
import { folderOf, readEntryFiles } from '../entry-files.ts';
import { makeLockfile } from '../lockfile.ts';
import { prettyJson } from '../pretty-json.ts';
import { askFor } from './ask.ts';
import type { Draft, Drafted } from './draft.ts';
import { fromGithub } from './from-github.ts';
import { fromImage } from './from-image.ts';
import { fromDocker, fromServerJson } from './from-import.ts';
import { fromNpm } from './from-npm.ts';
import { fromRemote } from './from-remote.ts';
import { remainingWork } from './next-steps.ts';
import { parseSource, type Source } from './source.ts';
import { writeEntry } from './write-entry.ts';

export interface MakeOptions {
  readonly registry: string;
  /** Ask at the terminal for what is missing. */
  readonly interactive: boolean;
  /** Run the server to record its tools. */
  readonly capture: boolean;
  /** What the contributor said on the command line; it wins over the source. */
  readonly given: Draft;
  readonly progress: (line: string) => void;
}

/** Makes the folder of a new entry and tells what is left to do. */
export async function makeEntry(
  text: string,
  options: MakeOptions,
): Promise<{ readonly valid: boolean; readonly text: string }> {
  const { registry, progress } = options;
  const { config } = await loadRegistry(registry, { only: [] });
  if (!config) {
    throw new PortolanError(
      'malformed',
      'REGISTRY_INVALID',
      `${join(registry, 'catalog.yaml')} is missing or malformed; npm run validate tells`,
    );
  }
  const source = parseSource(text);
  progress(`Reading ${text} ...`);
  const drafted = await draftFrom(source, config);
  let draft = merged(drafted.draft, options.given);
  if (options.interactive) draft = await askFor(draft, config);
  const { name } = draft;
  if (!name) {
    throw new PortolanError(
      'usage',
      'NAME_MISSING',
      `${text} suggests no name for the entry; give one with --name`,
    );
  }
  const folder = await writeEntry(registry, { ...draft, name });
  progress(`Wrote ${join(folder, 'server.yaml')}`);
  const settled = [...Object.keys(options.given), ...(options.interactive ? ASKED : [])];
  const notes = drafted.notes.filter((note) => !settled.includes(fieldOf(note)));
  await writeGiven(folder, drafted.files ?? {});
  notes.push(...(await addGenerated(registry, name, draft, options)));
  return await remainingWork(registry, name, notes);
}

/** What the contributor said wins; hosts join the volumes and ceilings that the source has. */
function merged(draft: Draft, given: Draft): Draft {
  const permissions = given.permissions && { ...draft.permissions, ...given.permissions };
  return { ...draft, ...given, ...(permissions ? { permissions } : {}) };
}

/** Files that the source has; a capture replaces its tools. */
async function writeGiven(folder: string, files: NonNullable<Drafted['files']>): Promise<void> {
  const { tools, readme } = files;
  if (tools) await writeFileAtomic(join(folder, 'tools.json'), prettyJson(tools));
  if (readme) await writeFileAtomic(join(folder, 'readme.md'), `${readme.trimEnd()}\n`);
}

/** Fields that a person at the terminal was asked about. */
const ASKED = ['description', 'license', 'permissions'];

/** What a note such as `permissions.network: none` is about. */
function fieldOf(note: string): string {
  return /^(\w+)[.:]/.exec(note)?.[1] ?? '';
}

async function draftFrom(source: Source, config: CatalogConfig): Promise<Drafted> {
  switch (source.kind) {
    case 'npm':
      return await fromNpm(source.spec, config);
    case 'image':
      return await fromImage(source.reference);
    case 'remote':
      return await fromRemote(source.url);
    case 'github':
      return await fromGithub(source, config);
    case 'server-json':
      return await fromServerJson(source.file, config);
    case 'docker':
      return await fromDocker(source.folder, config);
  }
}

/** Lockfile and tools; what goes wrong is told, since the entry itself is there to be finished. */
async function addGenerated(
  registry: string,
  name: string,
  draft: Draft,
  { progress, ...options }: MakeOptions,
): Promise<string[]> {
  const folder = folderOf(registry, name);
  try {
    if (draft.npm) {
      progress('Resolving its dependencies ...');
      const lock = await makeLockfile({ name, npm: draft.npm });
      await writeFileAtomic(join(folder, 'package-lock.json'), lock);
    }
    if (!options.capture || draft.tools !== 'static') return [];
    const { entry } = readEntryFiles(registry, name);
    progress('Running it, isolated, to record its tools ...');
    const { tools, notes } = await capture(entry, folder);
    await writeFileAtomic(join(folder, 'tools.json'), prettyJson(tools));
    return [`tools.json: ${tools.tools.map((tool) => tool.name).join(', ')}`, ...notes];
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error;
    const isUnfinished = error.code === 'ENTRY_MALFORMED';
    return [
      isUnfinished ? `finish server.yaml, then: npm run capture -- ${name}` : messageOf(error),
    ];
  }
}
