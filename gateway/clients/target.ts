import { join } from 'node:path';
import { PortolanError } from '../../core/errors.ts';
import { type Backup, dropBackup, keepBackup, listBackups } from './backups.ts';
import type { Client } from './client.ts';
import { type FoundFile, hashOf, readConfig } from './config-file.ts';
import { type ConfigText, documentValue, entriesOf } from './edit/document.ts';
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

/** An entry of a client that starts Portolan. */
export interface Connection {
  readonly name: string;
  /** What follows `portolan run`. */
  readonly args: readonly string[];
  /** The profile that it names; without it and `servers`, the current one. */
  readonly profile?: string;
  readonly servers?: readonly string[];
  /** It serves every server of its catalog. */
  readonly all: boolean;
  readonly discover: boolean;
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
    return args === undefined ? [] : [connectionOf(name, args)];
  });
}

function connectionOf(name: string, args: readonly string[]): Connection {
  const profile = optionOf(args, '--profile');
  const servers = optionOf(args, '--servers');
  return {
    name,
    args,
    ...(profile !== undefined && { profile }),
    ...(servers !== undefined && { servers: servers.split(',') }),
    all: args.includes('--all'),
    discover: args.includes('--discover'),
  };
}

/** The value of an option of a command, written as `--option value` or `--option=value`. */
export function optionOf(args: readonly string[], flag: string): string | undefined {
  const at = args.indexOf(flag);
  if (at >= 0) return args[at + 1];
  return args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1);
}

/** The changes of a file that can be undone, newest first. */
export async function backupsOf(target: Target): Promise<readonly Backup[]> {
  const all = await listBackups(backupFolder(target), target.client.id);
  return all.filter(({ path }) => path === target.path);
}

const BOM = '\uFEFF';

/** The text of a file, or what a new one begins with, and its byte order mark. */
export function configOf(
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

/** Keeps the way back from a change. Returns what forgets it again. */
export async function remembering(
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

/** A file that cannot be parsed is not shown either: nobody knows where its secrets are. */
export function diffOf(
  target: Target,
  before: Buffer | undefined,
  after: Buffer | undefined,
): string {
  try {
    const documents = [before, after].map((bytes) => documentValue(configOf(target, bytes).config));
    const [old = '', now = ''] = [before?.toString('utf8'), after?.toString('utf8')];
    return safeDiff(target.path, old, now, documents);
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error;
    return `${target.path}: (not shown, because the file is broken)`;
  }
}

/** What was in a file before a change; undefined when there was none. */
export function contentOf({ before }: Backup): Buffer | undefined {
  return before && Buffer.from(before.content, 'base64');
}

export function backupFolder({ stateDir }: Target): string {
  return join(stateDir, 'backups');
}

/** Where Portolan's commands take turns. */
export function lockFolder({ stateDir }: Target): string {
  return join(stateDir, 'locks');
}
