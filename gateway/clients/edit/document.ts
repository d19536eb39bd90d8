import { isDeepStrictEqual } from 'node:util';
import { PortolanError } from '../../../core/errors.ts';
import { type Editor, type Spot, SyntaxProblem } from './editor.ts';
import { jsonc } from './jsonc.ts';
import { toml } from './toml.ts';
import { yaml } from './yaml.ts';

const EDITORS: Readonly<Record<'jsonc' | 'yaml' | 'toml', Editor>> = { jsonc, yaml, toml };

/** A configuration file's text, how it is written and where its servers are. */
export interface ConfigText extends Spot {
  readonly format: 'jsonc' | 'yaml' | 'toml';
  readonly text: string;
  /** Names the file in errors. */
  readonly where: string;
}

/**
 * The entries of a configuration file by name. Throws `malformed` / `CLIENT_CONFIG_MALFORMED` with
 * line and column for a file that is broken, and without them for one of another shape.
 */
export function entriesOf(config: ConfigText): ReadonlyMap<string, unknown> {
  return entriesIn(documentValue(config), config);
}

/** The whole file as a value. Throws `malformed` / `CLIENT_CONFIG_MALFORMED`. */
export function documentValue(config: ConfigText): unknown {
  return parse(config, config.text);
}

/** The text with an entry added, or put in the place of the one of that name. */
export function withEntry(config: ConfigText, name: string, entry: unknown): string {
  const base = entriesOf(config).has(name)
    ? withoutEntry(config, name, { dropEmpty: false })
    : config.text;
  return checked({ ...config, text: base }, name, entry, (editor) =>
    editor.add(base, config, name, entry),
  );
}

/** The text without an entry. */
export function withoutEntry(
  config: ConfigText,
  name: string,
  { dropEmpty }: { readonly dropEmpty: boolean },
): string {
  return checked(config, name, undefined, (editor) =>
    editor.remove(config.text, config, name, dropEmpty),
  );
}

/** Whether there is a place for servers, if only an empty one. */
export function hasContainer(config: ConfigText): boolean {
  return walk(documentValue(config), config) !== undefined;
}

/**
 * Runs an edit and compares what the file means before and after it: exactly the entry may differ.
 * A file is rather left alone than changed in another place.
 */
function checked(
  config: ConfigText,
  name: string,
  entry: unknown,
  edit: (editor: Editor) => string,
): string {
  const refuse = (cause: unknown) =>
    new PortolanError(
      'failed',
      'CLIENT_EDIT_REFUSED',
      `${config.where}: the entry "${name}" cannot be ${entry === undefined ? 'removed' : 'added'} without touching other parts of the file; nothing was changed, edit it by hand`,
      { cause },
    );
  let result: string;
  let after: unknown;
  try {
    result = edit(EDITORS[config.format]);
    after = EDITORS[config.format].parse(result);
  } catch (error) {
    if (error instanceof SyntaxProblem || error instanceof PortolanError) throw refuse(error);
    throw error;
  }
  const [before, now] = [outline(documentValue(config), config), outline(after, config)];
  if (entry === undefined) before.entries.delete(name);
  else before.entries.set(name, plain(config.list ? { name, ...(entry as object) } : entry));
  if (!isDeepStrictEqual(before, now)) throw refuse(undefined);
  return result;
}

/** A document as its entries and as everything else. */
function outline(document: unknown, config: ConfigText) {
  const entries = new Map(
    [...entriesIn(document, config)].map(([name, entry]) => [name, plain(entry)]),
  );
  return { entries, rest: withoutContainer(plain(document) ?? {}, config.keys) };
}

function withoutContainer(document: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined || typeof document !== 'object' || document === null) return undefined;
  const { [key]: inner, ...others } = document as Record<string, unknown>;
  return { ...others, inside: rest.length > 0 ? withoutContainer(inner ?? {}, rest) : undefined };
}

function parse({ format, where }: ConfigText, text: string): unknown {
  try {
    return EDITORS[format].parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    throw new PortolanError(
      'malformed',
      'CLIENT_CONFIG_MALFORMED',
      `${where}:${error.line}:${error.column}: ${error.message}; nothing was changed, repair the file and try again`,
      { cause: error },
    );
  }
}

function walk(document: unknown, { keys, where }: ConfigText): unknown {
  let value: unknown = document ?? {};
  for (const [index, key] of keys.entries()) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const place = index === 0 ? 'the whole file' : keys.slice(0, index).join('.');
      throw shapeError(where, place, 'a map', value);
    }
    value = (value as Record<string, unknown>)[key];
    if (value === undefined) return undefined;
  }
  return value;
}

function entriesIn(document: unknown, config: ConfigText): Map<string, unknown> {
  const container = walk(document, config);
  if (container === undefined || container === null) return new Map();
  const place = config.keys.join('.');
  if (config.list) {
    if (!Array.isArray(container)) throw shapeError(config.where, place, 'a list', container);
    let nameless = 0;
    return new Map(
      container.map((item) => {
        nameless += item?.name === undefined ? 1 : 0;
        return [String(item?.name ?? `nameless ${nameless}`), item];
      }),
    );
  }
  if (typeof container !== 'object' || Array.isArray(container)) {
    throw shapeError(config.where, place, 'a map', container);
  }
  return new Map(Object.entries(container));
}

function shapeError(where: string, place: string, expected: string, found: unknown): PortolanError {
  const is = Array.isArray(found) ? 'a list' : found === null ? 'empty' : `a ${typeof found}`;
  return new PortolanError(
    'malformed',
    'CLIENT_CONFIG_MALFORMED',
    `${where}: ${place} is ${is} where ${expected} belongs; nothing was changed, repair the file and try again`,
  );
}

/** Parsers differ in the prototypes of their objects, which is no difference of meaning. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
