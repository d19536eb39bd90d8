import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import { validatorOf } from '../../core/entry/schema.ts';
import type { CapturedTools, ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { readIfThere } from './files.ts';

/** The files of one entry, as a contributor's command works on them. */
export interface EntryFiles {
  readonly name: string;
  /** Folder of the entry. */
  readonly folder: string;
  readonly entry: ServerEntry;
  /** server.yaml with its comments and order; edit it with `set`, write `document.toString()`. */
  readonly document: Document;
}

/** Root of the registry: the folder with catalog.yaml and servers/. */
export const defaultRegistry = join(import.meta.dirname, '..', '..', 'registry');

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Folder of an entry. Throws `usage` unless the name is one that a folder may have. */
export function folderOf(registry: string, name: string): string {
  if (!NAME.test(name) || name.length > 64) {
    throw new PortolanError(
      'usage',
      'NAME_INVALID',
      `${JSON.stringify(name)} is not a name of a server; a name has small letters, digits and single hyphens, at most 64`,
    );
  }
  return join(registry, 'servers', name);
}

/** Names of all entries, sorted. */
export async function entryNames(registry: string): Promise<readonly string[]> {
  const items = await readdir(join(registry, 'servers'), { withFileTypes: true });
  return items
    .filter((item) => item.isDirectory() && NAME.test(item.name))
    .map((item) => item.name)
    .sort();
}

/**
 * Reads server.yaml of an entry. Throws `usage` when it is not there and `malformed` when it does
 * not fit the schema; `npm run validate` tells the place of each fault.
 */
export async function readEntryFiles(registry: string, name: string): Promise<EntryFiles> {
  const folder = folderOf(registry, name);
  const file = join(folder, 'server.yaml');
  const text = await readIfThere(file);
  if (text === undefined) {
    throw new PortolanError(
      'usage',
      'ENTRY_NOT_FOUND',
      `${file} does not exist; \`npm run new\` makes an entry`,
    );
  }
  const document = parseDocument(text);
  const fault = document.errors[0]?.message;
  const entry: unknown = fault ? undefined : document.toJS();
  const validate = validatorOf('server');
  if (fault || !validate(entry)) {
    const [first] = validate.errors ?? [];
    throw new PortolanError(
      'malformed',
      'ENTRY_MALFORMED',
      `${file}: ${fault ?? `${first?.instancePath || '/'} ${first?.message}`}; \`npm run validate -- ${name}\` tells the place of each fault`,
    );
  }
  if (entry.name !== name) {
    throw new PortolanError(
      'malformed',
      'ENTRY_MALFORMED',
      `${file}: name is ${entry.name}, but the folder is ${name}; they must be equal`,
    );
  }
  return { name, folder, entry, document };
}

/** tools.json of an entry; undefined when there is none. Throws `malformed`. */
export async function readToolsFile(folder: string): Promise<CapturedTools | undefined> {
  const file = join(folder, 'tools.json');
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  const validate = validatorOf('tools');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (validate(value)) return value;
  throw new PortolanError(
    'malformed',
    'TOOLS_MALFORMED',
    `${file} does not fit its schema; it is generated, make it again with \`npm run capture\``,
  );
}
