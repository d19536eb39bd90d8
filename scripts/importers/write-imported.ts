import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { CatalogConfig } from '../../core/entry/types.generated.ts';
import { writeFileAtomic } from '../../core/files.ts';
import { prettyJson } from '../contribute/pretty-json.ts';
import { formatEntry } from '../registry/format-entry.ts';
import { toLine } from '../registry/format-findings.ts';
import { serverOf } from '../registry/load.ts';
import { checkEntry } from '../rules/check-entries.ts';
import type { Imported } from './draft.ts';
import type { Unmapped } from './facts.ts';

export interface ImportReport {
  /** Entries written. */
  readonly imported: number;
  /** Entries that break no rule as they are. */
  readonly valid: number;
  /** For each rule and field, how many entries a human must look at because of it. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly entries: readonly {
    readonly name: string;
    readonly valid: boolean;
    readonly findings: readonly string[];
  }[];
  /** Every fact of the input that is not, or not fully, in the entry. */
  readonly unmapped: readonly Unmapped[];
}

/**
 * Writes imported entries below `out`, one folder for each, and checks them by the rules on single
 * entries. A name that is taken gets a number.
 */
export async function writeImported(
  list: Iterable<Imported>,
  out: string,
  config: CatalogConfig | undefined,
): Promise<ImportReport> {
  const taken = new Set<string>();
  const entries: { name: string; valid: boolean; findings: string[] }[] = [];
  const unmapped: Unmapped[] = [];
  const reasons = new Map<string, number>();
  for (const imported of list) {
    const name = freeName(imported.name, taken);
    const renamed = name !== imported.name;
    if (renamed) {
      unmapped.push({
        entry: name,
        path: 'name',
        value: JSON.stringify(imported.name),
        reason: 'the name was taken',
      });
    }
    unmapped.push(...imported.unmapped.map((line) => ({ ...line, entry: name })));
    const files = filesOf({ ...imported, name, entry: { ...imported.entry, name } });
    const folder = join(resolve(out), name);
    await mkdir(folder, { recursive: true });
    for (const [file, bytes] of files) await writeFileAtomic(join(folder, file), bytes);
    const server = serverOf({ name, folder, path: name }, files);
    const findings = [...server.findings, ...(await checkEntry(server, config))];
    for (const reason of new Set(
      findings.map(({ rule, field }) => `${rule}: ${field.replace(/\[.*$/, '') || 'file'}`),
    )) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    entries.push({ name, valid: findings.length === 0, findings: findings.map(toLine) });
  }
  return {
    imported: entries.length,
    valid: entries.filter(({ valid }) => valid).length,
    reasons: Object.fromEntries([...reasons].sort((a, b) => b[1] - a[1])),
    entries,
    unmapped,
  };
}

function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let count = 2; taken.has(free); count += 1) free = `${name.slice(0, 60)}-${count}`;
  taken.add(free);
  return free;
}

function filesOf({ name, entry, tools, readme }: Imported): Map<string, Buffer> {
  // Plain data first: members that are undefined have no place in YAML.
  const yaml = stringify(JSON.parse(JSON.stringify(entry)), {
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
  return new Map(
    Object.entries({
      'server.yaml': formatEntry(`${name}/server.yaml`, yaml),
      ...(tools && { 'tools.json': prettyJson(tools) }),
      ...(readme && { 'readme.md': `${readme.replace(/\r\n?/g, '\n').trimEnd()}\n` }),
    }).map(([file, text]) => [file, Buffer.from(text)]),
  );
}
