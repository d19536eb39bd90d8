import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import type { CapturedTools, ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { toLine } from '../registry/format-findings.ts';
import { loadServer } from '../registry/load.ts';

/** The files of one entry, as a contributor's command works on them. */
export interface EntryFiles {
  readonly name: string;
  /** Absolute path of the entry's folder. */
  readonly folder: string;
  readonly entry: ServerEntry;
  /** server.yaml with its comments and order; edit it with `setIn`, write it with `toString`. */
  readonly document: Document;
  readonly tools?: CapturedTools;
  /** Text of package-lock.json. */
  readonly lock?: string;
}

/** The folder with catalog.yaml and servers/. */
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
export function entryNames(registry: string): readonly string[] {
  return readdirSync(join(registry, 'servers'), { withFileTypes: true })
    .filter((item) => item.isDirectory() && NAME.test(item.name))
    .map((item) => item.name)
    .sort();
}

/**
 * Reads the files of an entry. Throws `usage` when there is none and `malformed` when server.yaml
 * does not fit the schema; `npm run validate` tells the place of each fault.
 */
export function readEntryFiles(registry: string, name: string): EntryFiles {
  const folder = folderOf(registry, name);
  if (!existsSync(join(folder, 'server.yaml'))) {
    throw new PortolanError(
      'usage',
      'ENTRY_NOT_FOUND',
      `${folder} has no server.yaml; \`npm run new\` makes an entry`,
    );
  }
  const { entry, source, tools, lock, findings } = loadServer(registry, name);
  if (!entry || !source || entry.name !== name) {
    const [first] = findings;
    const fact = first ? toLine(first) : `${folder}/server.yaml does not fit the schema`;
    throw new PortolanError(
      'malformed',
      'ENTRY_MALFORMED',
      `${fact}; \`npm run validate -- ${name}\` tells the place of each fault`,
    );
  }
  return {
    name,
    folder,
    entry,
    document: parseDocument(source.text),
    ...(tools?.captured && { tools: tools.captured }),
    ...(lock && { lock: lock.source.text }),
  };
}
