import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  stringify,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import {
  beforeEol,
  type Editor,
  eolOf,
  lineStartOf,
  nested,
  nextLineOf,
  notSplicable,
  type Spot,
  SyntaxProblem,
  splice,
} from './editor.ts';

/**
 * YAML: the parser says where things are and how they are written, the text is spliced. (Printing
 * the parsed document again would fold long lines and change indentation and quotes.)
 */
export const yaml: Editor = {
  parse: (text) => documentOf(text).toJS() ?? undefined,

  add(text, spot, name, entry) {
    const { keys, list } = spot;
    const leaf = list ? [{ name, ...(entry as object) }] : { [name]: entry };
    let node: unknown = documentOf(text).contents;
    if (node === null || isEmptyScalar(node)) {
      return insertLines(text, text.length, block(nested(keys, leaf), 0, 2));
    }
    const unit = unitOf(text, node);
    for (const [index, key] of keys.entries()) {
      const map = mapOf(node, key);
      const pair = pairOf(map, key);
      const rest = nested(keys.slice(index + 1), leaf);
      if (!pair) return addItem(text, map, { [key]: rest }, unit);
      const value = pair.value as Node | null;
      if (
        value === null ||
        isEmptyScalar(value) ||
        (isCollection(value) && value.items.length === 0)
      ) {
        return fillEmpty(text, map, pair, rest, unit);
      }
      node = value;
    }
    return addItem(text, containerOf(node, spot), leaf, unit);
  },

  remove(text, spot, name, dropEmpty) {
    const { keys, list } = spot;
    const parents: { map: YAMLMap; pair: Pair<Node, Node | null> }[] = [];
    let node: unknown = documentOf(text).contents;
    for (const key of keys) {
      const map = mapOf(node, key);
      const pair = pairOf(map, key);
      if (!pair) throw notSplicable(`"${key}" is not there`);
      parents.push({ map, pair });
      node = pair.value;
    }
    const container = containerOf(node, spot);
    const index = container.items.findIndex((item) =>
      list ? isMap(item) && item.get('name') === name : isPair(item) && keyOf(item) === name,
    );
    if (index < 0) throw notSplicable(`"${name}" is not there`);
    const holder = parents.at(-1);
    if (container.items.length > 1 || container.flow || !holder) {
      return removeItem(text, container, index);
    }
    if (dropEmpty && !holder.map.flow) {
      return removeItem(text, holder.map, holder.map.items.indexOf(holder.pair));
    }
    // An empty block is null; the client expects a map or list.
    const colon = text.indexOf(':', rangeOf(holder.pair.key)[1]) + 1;
    const lines = itemLines(text, container, index);
    return splice(text, lines, { from: colon, to: colon, put: list ? ' []' : ' {}' });
  },
};

function documentOf(text: string): Document {
  const document = parseDocument(text);
  const [first] = document.errors;
  if (first) {
    const { line = 1, col = 1 } = first.linePos?.[0] ?? {};
    // The rest of the message quotes the file.
    const [words = 'malformed'] = first.message.split(/ at line \d+|\n/);
    throw new SyntaxProblem(words, line, col);
  }
  return document;
}

function mapOf(node: unknown, key: string): YAMLMap {
  if (isMap(node)) return node;
  throw notSplicable(`a map with "${key}" was expected`);
}

function containerOf(node: unknown, { list }: Spot): YAMLMap | YAMLSeq {
  if (list ? isSeq(node) : isMap(node)) return node as YAMLMap | YAMLSeq;
  throw notSplicable(isAlias(node) ? 'the servers are an alias' : 'the servers have another shape');
}

function pairOf(map: YAMLMap, key: string): Pair<Node, Node | null> | undefined {
  return map.items.find((pair) => keyOf(pair) === key) as Pair<Node, Node | null> | undefined;
}

function keyOf(pair: Pair): unknown {
  return isScalar(pair.key) ? pair.key.value : pair.key;
}

function isEmptyScalar(node: unknown): boolean {
  return isScalar(node) && node.value === null;
}

function addItem(text: string, into: YAMLMap | YAMLSeq, leaf: unknown, unit: number): string {
  const last = into.items.at(-1);
  if (into.flow) {
    const source = JSON.stringify(leaf).slice(1, -1);
    const at = last === undefined ? rangeOf(into)[0] + 1 : contentEnd(last);
    return splice(text, { from: at, to: at, put: last === undefined ? source : `, ${source}` });
  }
  const column = columnOf(text, rangeOf(into)[0]);
  return insertLines(text, contentEnd(last), block(leaf, column, unit));
}

/** Puts a block below a key that holds nothing, `{}` or `[]`. */
function fillEmpty(
  text: string,
  map: YAMLMap,
  pair: Pair<Node, Node | null>,
  value: unknown,
  unit: number,
): string {
  const colon = text.indexOf(':', rangeOf(pair.key)[1]) + 1;
  const written = isScalar(pair.value) && pair.value.source === '' ? undefined : pair.value;
  const hole = { from: colon, to: written ? rangeOf(written)[1] : colon };
  if (map.flow) return splice(text, { ...hole, put: ` ${JSON.stringify(value)}` });
  const column = columnOf(text, rangeOf(pair.key)[0]) + unit;
  return insertLines(splice(text, hole), colon, block(value, column, unit));
}

function removeItem(text: string, from: YAMLMap | YAMLSeq, index: number): string {
  if (!from.flow) return splice(text, itemLines(text, from, index));
  const start = (item: unknown) => rangeOf(isPair(item) ? item.key : item)[0];
  const item = from.items[index];
  const next = from.items[index + 1];
  const previous = from.items[index - 1];
  if (previous !== undefined) {
    return splice(text, { from: contentEnd(previous), to: contentEnd(item) });
  }
  return splice(text, {
    from: start(item),
    to: next === undefined ? contentEnd(item) : start(next),
  });
}

/** The lines of an item of a block. */
function itemLines(text: string, from: YAMLMap | YAMLSeq, index: number) {
  const item = from.items[index];
  const first = isPair(item) ? rangeOf(item.key)[0] : text.lastIndexOf('-', rangeOf(item)[0] - 1);
  const start = lineStartOf(text, first);
  if (text.slice(start, first).trim() !== '') {
    throw notSplicable('the entry shares its line with something else');
  }
  const end = contentEnd(item);
  const to = text[end - 1] === '\n' ? end : nextLineOf(text, end);
  const open = to === text.length && !text.endsWith('\n');
  return { from: open ? beforeEol(text, start) : start, to };
}

/** Where what is written of an item ends; comments after it don't count. */
function contentEnd(item: unknown): number {
  if (isPair(item)) return item.value ? contentEnd(item.value) : rangeOf(item.key)[1];
  if (isCollection(item) && !item.flow && item.items.length > 0)
    return contentEnd(item.items.at(-1));
  return rangeOf(item)[1];
}

/** Puts whole lines behind the line that an offset is on, or that ends right before it. */
function insertLines(text: string, offset: number, lines: readonly string[]): string {
  const eol = eolOf(text);
  const at = text[offset - 1] === '\n' ? offset : nextLineOf(text, offset);
  const body = lines.join(eol);
  const open = at === text.length && text !== '' && !text.endsWith('\n');
  return splice(text, { from: at, to: at, put: open ? eol + body : body + eol });
}

function block(value: unknown, column: number, unit: number): string[] {
  const indent = ' '.repeat(column);
  return stringify(value, { indent: unit, lineWidth: 0 })
    .trimEnd()
    .split('\n')
    .map((line) => indent + line);
}

/** Indentation of the first block inside the document. */
function unitOf(text: string, root: unknown): number {
  if (!isMap(root) || root.flow) return 2;
  const outer = columnOf(text, rangeOf(root)[0]);
  for (const { value } of root.items) {
    if (!isMap(value) || value.flow) continue;
    const unit = columnOf(text, rangeOf(value)[0]) - outer;
    if (unit > 0 && unit <= 8) return unit;
  }
  return 2;
}

function columnOf(text: string, offset: number): number {
  return offset - lineStartOf(text, offset);
}

function rangeOf(node: unknown): readonly [number, number] {
  const range = isNode(node) ? node.range : undefined;
  if (!range) throw notSplicable('a part of the file has no place');
  return [range[0], range[1]];
}
