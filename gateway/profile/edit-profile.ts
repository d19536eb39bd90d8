import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
  visit,
} from 'yaml';
import type { Profile, ProfileServer } from '../../core/entry/types.generated.ts';
import { parseProfile } from './parse-profile.ts';

/** Path of keys into a profile, and what belongs there; undefined removes it. */
export interface ProfileEdit {
  readonly keys: readonly string[];
  readonly value: unknown;
}

/**
 * The text of a profile with some of its values changed. Comments, order and the way in which the
 * rest is written stay. What comes out is checked: a profile that would not be read is not written.
 */
export function editedProfile(
  text: string | undefined,
  edits: readonly ProfileEdit[],
  path: string,
): string {
  const before = text ?? NEW_PROFILE;
  const document = parseDocument(before, { version: '1.2', schema: 'core' });
  const style = styleOf(document, before);
  // A file that is broken is told with its line, and never mended by guessing.
  if (text !== undefined) parseProfile(text, path);
  for (const { keys, value } of edits) apply(document, keys, value);
  const result = document.toString({ lineWidth: 0, ...style });
  parseProfile(result, path);
  return result;
}

/** A whole profile as text, with its servers in their order. */
export function profileText({ description, catalogs, servers = {} }: Profile): string {
  return editedProfile(
    undefined,
    [
      ...(description === undefined ? [] : [{ keys: ['description'], value: description }]),
      ...(catalogs === undefined ? [] : [{ keys: ['catalogs'], value: catalogs }]),
      ...Object.entries(servers).map(([name, server]) => ({
        keys: ['servers', name],
        value: server,
      })),
    ],
    'the new profile',
  );
}

/** The edits that turn what is set for a server into something else, key by key. */
export function serverEdits(
  name: string,
  before: ProfileServer | undefined,
  after: ProfileServer | undefined,
): readonly ProfileEdit[] {
  if (!before || !after) return [{ keys: ['servers', name], value: after }];
  const fields = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<
    keyof ProfileServer
  >;
  return [...fields]
    .filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
    .map((field) => ({ keys: ['servers', name, field], value: after[field] }));
}

const NEW_PROFILE = `# A profile of Portolan: servers and their settings. Secrets do not belong here:
# portolan secret set SERVER.NAME keeps them in the vault.
servers: {}
`;

function apply(document: Document, keys: readonly string[], value: unknown): void {
  if (value === undefined) {
    document.deleteIn(keys);
    prune(document, keys.slice(0, -1));
    return;
  }
  // A key with nothing behind it, or with {}, has to become a block that can hold something.
  for (let depth = 1; depth < keys.length; depth += 1) {
    const at = keys.slice(0, depth);
    const node = document.getIn(at, true);
    if (!isMap(node)) document.setIn(at, document.createNode({}));
    else if (node.items.length === 0) node.flow = false;
  }
  merge(document, keys, value);
}

/** Puts a value in its place, part by part, so that comments on what stays are not lost. */
function merge(document: Document, keys: readonly string[], value: unknown): void {
  const node = document.getIn(keys, true);
  if (isMap(node) && isRecord(value)) {
    for (const { key } of [...node.items]) {
      const name = String(isNode(key) ? (key as { value?: unknown }).value : key);
      if (!Object.hasOwn(value, name)) document.deleteIn([...keys, name]);
    }
    for (const [name, part] of Object.entries(value)) merge(document, [...keys, name], part);
  } else if (isSeq(node) && Array.isArray(value) && value.length > 0) {
    const written = (item: unknown) => (isNode(item) ? item.toJS(document) : item);
    node.items = node.items.filter((item) => value.includes(written(item)));
    const there = node.items.map(written);
    for (const item of value) if (!there.includes(item)) node.add(document.createNode(item));
  } else if (isScalar(node) && !isRecord(value) && !Array.isArray(value)) {
    node.value = value;
  } else {
    document.setIn(keys, document.createNode(value));
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Maps that hold nothing any more go, except that of the servers and of a server itself. */
function prune(document: Document, keys: readonly string[]): void {
  const node = document.getIn(keys, true);
  if (!isMap(node) || node.items.length > 0) return;
  if (keys.length > 2) {
    document.deleteIn(keys);
    prune(document, keys.slice(0, -1));
  } else {
    node.flow = true;
  }
}

/** How the file is written: its indentation, and whether lists are indented. */
function styleOf(document: Document, text: string): { indent: number; indentSeq: boolean } {
  let indent: number | undefined;
  let indentSeq: boolean | undefined;
  visit(document, {
    Pair(_, { key, value }) {
      if (!isNode(key) || !isCollection(value) || value.flow) return;
      const [keyAt, valueAt] = [key.range?.[0], value.range?.[0]];
      if (keyAt === undefined || valueAt === undefined) return;
      const step = columnOf(text, valueAt) - columnOf(text, keyAt);
      if (isSeq(value)) indentSeq ??= step > 0;
      else if (step > 0 && step <= 8) indent ??= step;
    },
  });
  return { indent: indent ?? 2, indentSeq: indentSeq ?? true };
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}
