import { isDeepStrictEqual } from 'node:util';
import { PortolanError } from '../../core/errors.ts';
import type { Backup } from './backups.ts';
import type { Launch } from './client.ts';
import { changeConfig, type FoundFile, hashOf } from './config-file.ts';
import {
  type ConfigText,
  entriesOf,
  hasContainer,
  withEntry,
  withoutEntry,
} from './edit/document.ts';
import { commandOf } from './identify.ts';
import { gatewayArgsOf } from './launch.ts';
import {
  backupsOf,
  type ChangeOptions,
  configOf,
  contentOf,
  diffOf,
  lockFolder,
  type Outcome,
  remembering,
  type Target,
} from './target.ts';

/**
 * Adds the entry, or replaces the one of that name. Throws `forbidden` / `ENTRY_FOREIGN` when that
 * one starts another program.
 */
export function connectClient(
  target: Target,
  launch: Launch,
  options: ChangeOptions = {},
): Promise<Outcome> {
  const { client } = target;
  const entry = client.entry(launch);
  return change(target, launch.name, options, (config, exists) => {
    const present = entriesOf(config).get(launch.name);
    if (present === undefined) {
      return {
        done: 'added',
        text: withEntry(config, launch.name, entry),
        made: !hasContainer(config),
      };
    }
    const wanted = client.list ? { name: launch.name, ...entry } : entry;
    if (exists && sameEntry(present, wanted)) return { done: 'nothing' };
    refuseForeign(target, launch.name, present, options);
    return { done: 'replaced', text: withEntry(config, launch.name, entry) };
  });
}

/**
 * Removes the entry. A file that nobody has changed since the entry was added becomes what it was
 * before, byte for byte; of another one, the entry alone is cut out.
 */
export async function disconnectClient(
  target: Target,
  name: string,
  options: ChangeOptions = {},
): Promise<Outcome> {
  const backups = await backupsOf(target);
  return change(target, name, options, (config, exists, found) => {
    const present = exists ? entriesOf(config).get(name) : undefined;
    if (present === undefined) return { done: 'nothing' };
    refuseForeign(target, name, present, options);
    const origin = originOf(backups, name, hashOf(found.bytes));
    if (origin) return { done: 'removed', bytes: contentOf(origin) };
    const added = backups.find((backup) => backup.name === name && backup.action === 'added');
    const dropEmpty = added?.madePlace === true;
    return { done: 'removed', text: withoutEntry(config, name, { dropEmpty }) };
  });
}

interface Decision {
  readonly done: Outcome['done'];
  readonly text?: string;
  /** In place of a text. */
  readonly bytes?: Buffer | undefined;
  readonly made?: boolean;
}

async function change(
  target: Target,
  name: string,
  options: ChangeOptions,
  decide: (config: ConfigText, exists: boolean, found: FoundFile) => Decision,
): Promise<Outcome> {
  const { outcome } = await changeConfig(target.path, lockFolder(target), (found) => {
    const { config, bom } = configOf(target, found.bytes);
    const decision = decide(config, found.bytes !== undefined, found);
    const { done, text } = decision;
    if (done === 'nothing') return { outcome: { path: target.path, done } };
    const bytes = text === undefined ? decision.bytes : Buffer.from(bom + text);
    const outcome: Outcome = { path: target.path, done };
    if (options.dryRun)
      return { outcome: { ...outcome, diff: diffOf(target, found.bytes, bytes) } };
    const remember = () =>
      remembering(target, name, done, found, bytes, options, decision.made === true);
    return { outcome, change: { bytes, remember } };
  });
  return outcome;
}

/** The backup of what a file was before an entry was added, if since then nothing else happened. */
function originOf(backups: readonly Backup[], name: string, current: string | undefined) {
  let state = current;
  for (const backup of backups) {
    if (backup.name !== name || backup.after !== state) return undefined;
    if (backup.action === 'added') return backup;
    state = hashOf(contentOf(backup));
  }
  return undefined;
}

function refuseForeign(
  { client, path }: Target,
  name: string,
  entry: unknown,
  { force }: ChangeOptions,
): void {
  if (force || gatewayArgsOf(commandOf(entry)) !== undefined) return;
  throw new PortolanError(
    'forbidden',
    'ENTRY_FOREIGN',
    `${path}: "${name}" of ${client.title} starts another program than Portolan; choose another --name, or --force`,
  );
}

function sameEntry(a: unknown, b: unknown): boolean {
  // Through JSON, because parsers differ in the prototypes of their objects.
  return isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)));
}
