import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Document, isScalar, isSeq, visit } from 'yaml';

import { PortolanError } from '../../../core/errors.ts';
import { writeFileAtomic } from '../../../core/files.ts';
import serverSchema from '../../../schemas/server.schema.json' with { type: 'json' };
import { folderOf } from '../entry-files.ts';
import type { Draft } from './draft.ts';

const HEADER = '# yaml-language-server: $schema=../../../schemas/server.schema.json\n';
const ORDER = Object.keys(serverSchema.properties);

/**
 * Writes server.yaml of a new entry and gives its folder. Throws `usage` / `ENTRY_EXISTS` when the
 * name is taken: nothing is ever overwritten.
 */
export async function writeEntry(registry: string, draft: Draft & { name: string }) {
  const folder = folderOf(registry, draft.name);
  if (existsSync(folder)) {
    throw new PortolanError(
      'usage',
      'ENTRY_EXISTS',
      `${folder} exists; choose another name with --name, or change that entry`,
    );
  }
  await writeFileAtomic(join(folder, 'server.yaml'), entryYaml(draft));
  return folder;
}

/** The text of server.yaml: keys in the order of the schema, short lists on one line. */
export function entryYaml(draft: Draft): string {
  const record = draft as Readonly<Record<string, unknown>>;
  const keys = ORDER.filter((key) => record[key] !== undefined && !isEmpty(record[key]));
  const document = new Document(Object.fromEntries(keys.map((key) => [key, record[key]])));
  visit(document, {
    Seq(_, node) {
      const short = node.items.every(
        (item) => isScalar(item) && String(item.value).length <= 30 && item.value !== '',
      );
      if (isSeq(node) && short && node.items.length <= 8) node.flow = true;
    },
  });
  return HEADER + document.toString({ lineWidth: 100, flowCollectionPadding: false });
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
