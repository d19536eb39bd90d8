import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { validatorOf } from '../../core/entry/schema.ts';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import type { IndexedEntry } from '../rules/rule.ts';
import { parseYaml } from './parse-yaml.ts';
import { decodeText, listEntryFolders } from './read-folder.ts';

/** What the others need to know of an entry. */
export function indexEntry(entry: ServerEntry, name: string): IndexedEntry {
  const { title, status } = entry;
  return {
    name,
    title,
    state: status?.state ?? 'active',
    ...(status?.replacement && { replacement: status.replacement }),
  };
}

/**
 * What is known of every entry of a registry, read as cheaply as possible: only an entry whose
 * title or status is written in an unusual way is parsed. Entries that cannot be read are left out.
 */
export function indexRegistry(registry: string): IndexedEntry[] {
  const { names } = listEntryFolders(join(registry, 'servers'), basename(registry));
  return names.flatMap((name) => {
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(registry, 'servers', name, 'server.yaml'));
    } catch {
      return [];
    }
    const { text } = decodeText(name, bytes);
    if (text === undefined) return [];
    const title = /^title: +([A-Za-z0-9][\w .()+&/-]*)\n(?![ \t])/m.exec(text)?.[1]?.trimEnd();
    if (title && !/^["']?status/m.test(text)) return [{ name, title, state: 'active' }];
    const parsed = parseYaml(name, text);
    const data = 'data' in parsed ? parsed.data : undefined;
    return validatorOf('server')(data) ? [indexEntry(data, name)] : [];
  });
}
