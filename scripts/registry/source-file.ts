import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  Scalar,
} from 'yaml';
import { type DataPath, type Finding, fieldOf } from './finding.ts';

/** A place in a text; both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What a rule says about a place in a file. */
export interface Fault {
  readonly rule: string;
  readonly at: DataPath;
  /** Point at the key instead of at its value: for keys that should not be there. */
  readonly key?: boolean;
  /** Point at this text inside the value, when the file holds it literally. */
  readonly literal?: string;
  readonly fact: string;
  readonly remedy: string;
}

/** A text file of the registry and where things are in it. */
export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** The file as an expression of the YAML source at a data path; undefined when it is not there. */
  sourceAt(at: DataPath): string | undefined;
  finding(fault: Fault): Finding;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Wraps a text: `data` is YAML or JSON, `text` anything else. Positions in data cost a second,
 * slower parse, so it only happens when the first finding asks for one.
 */
export function sourceFile(path: string, text: string, kind: 'data' | 'text'): SourceFile {
  let parsed: { root: Node | null; counter: LineCounter } | undefined;
  const parse = () => {
    if (kind === 'text') parsed ??= { root: wholeOf(text), counter: countLines(text) };
    if (!parsed) {
      const counter = new LineCounter();
      const document = parseDocument(text, { lineCounter: counter, uniqueKeys: false });
      parsed = { root: document.contents, counter };
    }
    return parsed;
  };
  return {
    path,
    text,
    sourceAt(at) {
      const range = rangeOf(parse().root, at, false);
      return range && text.slice(range.start, range.end);
    },
    finding({ rule, at, key = false, literal, fact, remedy }) {
      const { root, counter } = parse();
      const range = rangeOf(root, at, key) ?? nearestRange(root, at);
      let offset = range.start;
      if (literal) {
        const inside = text.indexOf(literal, offset);
        if (inside >= 0 && inside < range.end) offset = inside;
      }
      const { line, col } = counter.linePos(offset);
      return {
        rule,
        file: path,
        line: Math.max(line, 1),
        column: Math.max(col, 1),
        field: fieldOf(at),
        fact,
        remedy,
      };
    },
  };
}

/** A finding about a file as a whole, or about a place in a text that could not be parsed. */
export function findingAt(
  path: string,
  place: Place,
  { rule, fact, remedy }: Pick<Fault, 'rule' | 'fact' | 'remedy'>,
): Finding {
  return { rule, file: path, ...place, field: '', fact, remedy };
}

/** Line and column of an offset in a text. */
export function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  return {
    line: before.split('\n').length,
    column: offset - before.lastIndexOf('\n'),
  };
}

/** A text that is no data, as one scalar. */
function wholeOf(text: string): Node {
  const node = new Scalar(text);
  node.range = [0, text.length, text.length];
  return node;
}

function countLines(text: string): LineCounter {
  const counter = new LineCounter();
  counter.addNewLine(0);
  for (const match of text.matchAll(/\n/g)) counter.addNewLine(match.index + 1);
  return counter;
}

function rangeOf(root: Node | null, at: DataPath, key: boolean): Range | undefined {
  let node: unknown = root;
  let keyNode: unknown;
  for (const step of at) {
    keyNode = undefined;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === `${step}`);
      if (!pair) return undefined;
      keyNode = pair.key;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
    } else {
      return undefined;
    }
  }
  // The value of a block collection starts on the next line; its key is where a reader looks.
  const whole = toRange(node);
  const label = toRange(keyNode);
  if (label && (key || !whole)) return label;
  if (label && whole && !isScalar(node) && !isAlias(node)) {
    return { start: label.start, end: whole.end };
  }
  return whole;
}

/** What is missing is shown at the innermost thing around it that exists. */
function nearestRange(root: Node | null, at: DataPath): Range {
  for (let length = at.length - 1; length > 0; length -= 1) {
    const range = rangeOf(root, at.slice(0, length), false);
    if (range) return range;
  }
  return toRange(root) ?? { start: 0, end: 0 };
}

function toRange(node: unknown): Range | undefined {
  const range = (node as { range?: readonly number[] } | null | undefined)?.range;
  const [start, end] = range ?? [];
  return start === undefined || end === undefined ? undefined : { start, end };
}
