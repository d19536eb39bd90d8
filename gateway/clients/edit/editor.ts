import { PortolanError } from '../../../core/errors.ts';

/** Where the servers are in a document: a map below keys, or a list of entries with a `name`. */
export interface Spot {
  readonly keys: readonly string[];
  readonly list?: true;
}

/**
 * Edits one format by splicing text, so that all that is not the entry keeps its bytes. What comes
 * out is checked by editDocument; an editor may fail, but must not guess.
 */
export interface Editor {
  /** The whole document as a value. Throws a SyntaxProblem. */
  parse(text: string): unknown;
  add(text: string, spot: Spot, name: string, entry: unknown): string;
  /** Removes an entry; with `dropEmpty` also the map or list that held nothing else. */
  remove(text: string, spot: Spot, name: string, dropEmpty: boolean): string;
}

/** A document that is not in its format. The message quotes nothing of it: it may hold secrets. */
export class SyntaxProblem extends Error {
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/** A SyntaxProblem at an offset of a text. */
export function problemAt(text: string, offset: number, message: string): SyntaxProblem {
  const before = text.slice(0, offset);
  return new SyntaxProblem(message, before.split('\n').length, offset - before.lastIndexOf('\n'));
}

/** A document that is right, but written in a way that the editor can't splice into. */
export function notSplicable(what: string): PortolanError {
  return new PortolanError('failed', 'CLIENT_EDIT_REFUSED', what);
}

/** Replaces ranges of a text, which don't overlap; what is put at one place keeps its order. */
export function splice(
  text: string,
  ...edits: readonly { readonly from: number; readonly to: number; readonly put?: string }[]
): string {
  let result = text;
  for (const { from, to, put } of edits
    .toReversed()
    .sort((a, b) => b.from - a.from || b.to - a.to)) {
    result = result.slice(0, from) + (put ?? '') + result.slice(to);
  }
  return result;
}

/** The line ending that a text uses first. */
export function eolOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n';
}

export function lineStartOf(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Offset of the line's end, before its line ending. */
export function lineEndOf(text: string, offset: number): number {
  const feed = text.indexOf('\n', offset);
  if (feed < 0) return text.length;
  return feed > offset && text[feed - 1] === '\r' ? feed - 1 : feed;
}

/** Offset of the next line, or of the text's end. */
export function nextLineOf(text: string, offset: number): number {
  const feed = text.indexOf('\n', offset);
  return feed < 0 ? text.length : feed + 1;
}

/** Offset of the line ending before a line, or of the line itself when it is the first. */
export function beforeEol(text: string, lineStart: number): number {
  if (lineStart === 0) return 0;
  return text[lineStart - 2] === '\r' ? lineStart - 2 : lineStart - 1;
}

/** Keys and a value as one nested object. */
export function nested(keys: readonly string[], value: unknown): unknown {
  return keys.reduceRight((inner, key) => ({ [key]: inner }), value);
}
