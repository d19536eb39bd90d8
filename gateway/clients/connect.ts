import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { PortolanError } from '../../core/errors.ts';
import { type Backup, dropBackup, keepBackup, listBackups } from './backups.ts';
import type { Client, Launch } from './client.ts';
import { changeConfig, type FoundFile, hashOf, readConfig } from './config-file.ts';
import {
  type ConfigText,
  documentValue,
  entriesOf,
  hasContainer,
  withEntry,
  withoutEntry,
} from './edit/document.ts';
import { commandOf } from './identify.ts';
import { gatewayArgsOf } from './launch.ts';
import { safeDiff } from './show-diff.ts';

/** A client's configuration file, and the state folder for the way back. */
export interface Target {
  readonly client: Client;
  readonly path: string;
  readonly stateDir: string;
}

export interface ChangeOptions {
  readonly dryRun?: boolean;
  /** Touch an entry that is not Portolan's, or a file that was changed since. */
  readonly force?: boolean;
  readonly now?: () => Date;
}

/** What a change did or, with `dryRun`, would do. */
export interface Outcome {
  readonly path: string;
  readonly done: 'added' | 'replaced' | 'removed' | 'restored' | 'nothing';
  /** With `dryRun`: a unified diff, without credentials. */
  readonly diff?: string;
}

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

/**
 * Takes back the last change of a client's file. Throws `usage` / `NOTHING_TO_UNDO` and `forbidden` /
 * `CLIENT_FILE_CHANGED` when something else has changed the file since, unless forced.
 */
export async function undoClient(target: Target, options: ChangeOptions = {}): Promise<Outcome> {
  const [last] = await backupsOf(target);
  if (!last) {
    throw new PortolanError(
      'usage',
      'NOTHING_TO_UNDO',
      `Portolan has not changed ${target.path}, or that was undone`,
    );
  }
  const folder = backupFolder(target);
  const outcome = await changeConfig(target.path, lockFolder(target), (found) => {
    const expected = hashOf(found.bytes) === last.after;
    if (!expected && !options.force) {
      throw new PortolanError(
        'forbidden',
        'CLIENT_FILE_CHANGED',
        `${target.path} was changed by something else since ${last.time}; that would be lost. Use \`portolan client disconnect ${target.client.id}\`, or --force`,
      );
    }
    const bytes = contentOf(last);
    const outcome: Outcome = { path: target.path, done: 'restored' };
    if (options.dryRun)
      return { outcome: { ...outcome, diff: diffOf(target, found.bytes, bytes) } };
    const remember = async () =>
      expected
        ? async () => {}
        : // What is overwritten by force can be brought back, too.
          remembering(target, last.name, 'restored', found, bytes, options);
    return { outcome, change: { bytes, remember, ...modeOf(last) } };
  });
  if (!options.dryRun) await dropBackup(folder, last);
  return outcome.outcome;
}

/** The changes of a file that can be undone, newest first. */
export async function backupsOf(target: Target): Promise<readonly Backup[]> {
  const all = await listBackups(backupFolder(target), target.client.id);
  return all.filter(({ path }) => path === target.path);
}

/** An entry of a client that starts Portolan. */
export interface Connection {
  readonly name: string;
  /** What follows `portolan run`. */
  readonly args: readonly string[];
}

/** Every entry of a client's file. Throws `malformed` for a broken file. */
export async function entriesOfClient(target: Target): Promise<ReadonlyMap<string, unknown>> {
  const { bytes } = await readConfig(target.path);
  return bytes === undefined ? new Map() : entriesOf(configOf(target, bytes).config);
}

/** Those of the entries that start Portolan. */
export function connectionsIn(entries: ReadonlyMap<string, unknown>): readonly Connection[] {
  return [...entries].flatMap(([name, entry]) => {
    const args = gatewayArgsOf(commandOf(entry));
    return args === undefined ? [] : [{ name, args }];
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

const BOM = '\uFEFF';

function configOf(
  { client, path }: Target,
  bytes: Buffer | undefined,
): { readonly config: ConfigText; readonly bom: string } {
  const { format, keys, list } = client;
  let text: string;
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    text = bytes === undefined ? (client.seed ?? '') : decoder.decode(bytes);
  } catch (error) {
    throw new PortolanError(
      'malformed',
      'CLIENT_CONFIG_MALFORMED',
      `${path} is not UTF-8; nothing was changed, save it as UTF-8 and try again`,
      { cause: error },
    );
  }
  const bom = text.startsWith(BOM) ? BOM : '';
  const config = { format, keys, text: text.slice(bom.length), where: path };
  return { config: list ? { ...config, list } : config, bom };
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

async function remembering(
  target: Target,
  name: string,
  action: Backup['action'] | 'nothing',
  found: FoundFile,
  bytes: Buffer | undefined,
  { now = () => new Date() }: ChangeOptions,
  madePlace = false,
): Promise<() => Promise<void>> {
  const after = hashOf(bytes);
  const backup = await keepBackup(backupFolder(target), {
    client: target.client.id,
    path: target.path,
    name,
    action: action as Backup['action'],
    time: now().toISOString(),
    ...(found.bytes && found.mode !== undefined
      ? { before: { content: found.bytes.toString('base64'), mode: found.mode } }
      : {}),
    ...(madePlace ? { madePlace } : {}),
    ...(after === undefined ? {} : { after }),
  });
  return () => dropBackup(backupFolder(target), backup);
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

/** A file that cannot be parsed is not shown either: nobody knows where its secrets are. */
function diffOf(target: Target, before: Buffer | undefined, after: Buffer | undefined): string {
  try {
    const documents = [before, after].map((bytes) => documentValue(configOf(target, bytes).config));
    const [old = '', now = ''] = [before?.toString('utf8'), after?.toString('utf8')];
    return safeDiff(target.path, old, now, documents);
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error;
    return `${target.path}: (not shown, because the file is broken)`;
  }
}

function contentOf({ before }: Backup): Buffer | undefined {
  return before && Buffer.from(before.content, 'base64');
}

function modeOf({ before }: Backup): { readonly mode?: number } {
  return before ? { mode: before.mode } : {};
}

function backupFolder({ stateDir }: Target): string {
  return join(stateDir, 'backups');
}

function lockFolder({ stateDir }: Target): string {
  return join(stateDir, 'locks');
}
