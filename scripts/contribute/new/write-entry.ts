import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Document, isScalar, isSeq, visit } from 'yaml';

import { PortolanError } from '../../../core/errors.ts';
import { writeFileAtomic } from '../../../core/files.ts';
import { formatEntry } from '../../registry/format-entry.ts';
import { folderOf } from '../entry-files.ts';
import type { Draft } from './draft.ts';

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

/** The text of server.yaml in the canonical order and layout; short lists stand on one line. */
export function entryYaml(draft: Draft): string {
  // Plain data: members that are undefined have no place in YAML.
  const data = JSON.parse(JSON.stringify(draft)) as Record<string, unknown>;
  const kept = Object.entries(data).filter(([, value]) => !isEmpty(value));
  const document = new Document(Object.fromEntries(kept), { aliasDuplicateObjects: false });
  visit(document, {
    Seq(_, node) {
      const short = node.items.every(
        (item) => isScalar(item) && String(item.value).length <= 30 && item.value !== '',
      );
      if (isSeq(node) && short && node.items.length <= 8) node.flow = true;
    },
  });
  return formatEntry('server.yaml', document.toString({ lineWidth: 0 }));
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
