import type { CatalogConfig, ServerEntry } from '../../core/entry/types.generated.ts';
import type { DataPath, Finding } from '../registry/finding.ts';
import type { LoadedConfig, LoadedServer } from '../registry/load.ts';
import { findingAt, type SourceFile } from '../registry/source-file.ts';

/** A fault that a rule saw: in a file that was read, or about a file as a whole. */
export interface Complaint {
  readonly in: SourceFile | string;
  /** Where in the data of the file; the whole of it when absent. */
  readonly at?: DataPath;
  /** Point at the key instead of at its value. */
  readonly key?: boolean;
  /** Point at this text inside the value. */
  readonly literal?: string;
  readonly fact: string;
  readonly remedy: string;
}

/** What a rule returns; most are generator functions. */
export type Complaints = Iterable<Complaint> | AsyncIterable<Complaint>;

/**
 * Judges one entry by itself.
 * A rule on files and raw data (`needs: 'files'`) also runs when the entry breaks the schema.
 */
export interface EntryRule {
  readonly name: string;
  readonly scope: 'entry';
  readonly needs: 'entry' | 'files';
  check(context: EntryContext): Complaints;
}

export interface EntryContext {
  readonly server: LoadedServer;
  /** Absent when catalog.yaml is malformed, which is a finding of its own. */
  readonly config: CatalogConfig | undefined;
}

/** What a rule of scope `entry` with `needs: 'entry'` can count on. */
export interface ValidEntryContext extends EntryContext {
  readonly server: LoadedServer & { readonly entry: ServerEntry; readonly source: SourceFile };
}

/** Judges entries against each other. */
export interface RegistryRule {
  readonly name: string;
  readonly scope: 'registry';
  check(context: RegistryContext): Complaints;
}

export interface RegistryContext {
  readonly catalog: LoadedConfig;
  /** What is known of every entry, also of those that are not judged. */
  readonly index: readonly IndexedEntry[];
  /** The entries to judge, out of the index. */
  readonly subjects: readonly IndexedEntry[];
  /** server.yaml of an entry, read again when a finding needs a place in it. */
  sourceOf(name: string): SourceFile;
}

/** The part of an entry that the others depend on. */
export interface IndexedEntry {
  readonly name: string;
  readonly title: string;
  readonly state: 'active' | 'deprecated' | 'withdrawn';
  readonly replacement?: string;
}

/** Judges what a change does to an entry, against the state that it builds on. */
export interface ChangeRule {
  readonly name: string;
  readonly scope: 'change';
  check(context: ChangeContext): Complaints;
}

export interface ChangeContext {
  readonly name: string;
  /** Path of server.yaml, for findings about an entry that is gone. */
  readonly path: string;
  /** Absent when the entry is new. */
  readonly before: LoadedServer | undefined;
  /** Absent when the entry is gone. */
  readonly after: LoadedServer | undefined;
  /** Every version that the entry had in the history of the base, the current one included. */
  readonly earlierVersions: ReadonlySet<string>;
}

export type Rule = EntryRule | RegistryRule | ChangeRule;

/** An entry rule that only runs on entries with the shape of the schema. */
export function entryRule(
  name: string,
  check: (context: ValidEntryContext) => Complaints,
): EntryRule {
  return {
    name,
    scope: 'entry',
    needs: 'entry',
    check: (context) => check(context as ValidEntryContext),
  };
}

/** Gives the complaints of a rule their places and its name. */
export async function collect(rule: string, complaints: Complaints): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const complaint of complaints) findings.push(toFinding(rule, complaint));
  return findings;
}

function toFinding(rule: string, complaint: Complaint): Finding {
  const { in: file, at = [], ...rest } = complaint;
  return typeof file === 'string'
    ? findingAt(file, { line: 1, column: 1 }, { rule, ...rest })
    : file.finding({ rule, at, ...rest });
}
