import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import {
  beforeEol,
  type Editor,
  eolOf,
  lineEndOf,
  lineStartOf,
  nested,
  nextLineOf,
  notSplicable,
  problemAt,
  splice,
} from './editor.ts';

/**
 * JSON with comments and trailing commas. The parser is the one of VS Code; its own `modify` is not
 * used, because it drops comments beside an entry that it removes and moves those beside one that
 * it adds.
 */
export const jsonc: Editor = {
  parse(text) {
    const root = treeOf(text);
    return root === undefined ? undefined : getNodeValue(root);
  },

  add(text, { keys }, name, entry) {
    let node = treeOf(text);
    if (node === undefined) {
      const eol = eolOf(text);
      const start = text === '' || text.endsWith('\n') ? text : text + eol;
      return `${start}${render(nested([...keys, name], entry), '', '  ', eol)}${eol}`;
    }
    for (const [index, key] of [...keys, name].entries()) {
      const value: Node | undefined = propertyOf(text, node, key)?.children?.[1];
      const rest = nested([...keys, name].slice(index + 1), entry);
      if (value === undefined) return addProperty(text, node, key, rest);
      if (value.type === 'null') {
        const { unit, eol } = styleOf(text, node);
        const put = render(rest, indentAt(text, value.offset), unit, eol);
        return splice(text, { from: value.offset, to: value.offset + value.length, put });
      }
      node = value;
    }
    throw notSplicable(`"${name}" is there already`);
  },

  remove(text, { keys }, name, dropEmpty) {
    const path = [...keys, name];
    const result = removeProperty(text, path);
    const left = findNodeAtLocation(treeOf(result) as Node, keys as string[]);
    return dropEmpty && left?.children?.length === 0 ? removeProperty(result, [...keys]) : result;
  },
};

function treeOf(text: string): Node | undefined {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const [first] = errors;
  if (first) {
    const words = printParseErrorCode(first.error).replace(/\B[A-Z]/g, (letter) => ` ${letter}`);
    throw problemAt(text, first.offset, words.toLowerCase());
  }
  return root;
}

/** The property of a key. A key that is there twice is refused: clients differ in which one counts. */
function propertyOf(text: string, node: Node, key: string): Node | undefined {
  const found = (node.children ?? []).filter((property) => property.children?.[0]?.value === key);
  if (found[1]) throw problemAt(text, found[1].offset, `the key "${key}" is there twice`);
  return found[0];
}

function addProperty(text: string, object: Node, key: string, value: unknown): string {
  const { eol, unit } = styleOf(text, object);
  const close = object.offset + object.length - 1;
  const last = object.children?.at(-1);
  const lastEnd = last ? last.offset + last.length : object.offset + 1;
  const { comma, end } = scan(text, lastEnd, close);
  const commaEdit = last && comma === undefined ? [{ from: lastEnd, to: lastEnd, put: ',' }] : [];
  const inner = text.slice(object.offset + 1, close);
  if (last ? !inner.includes('\n') : !text.trim().includes('\n') && object.parent !== undefined) {
    const spaced = /[:,] /.test(text);
    const body = inline({ [key]: value }, spaced).slice(spaced ? 2 : 1, spaced ? -2 : -1);
    const gap = last && spaced ? ' ' : '';
    return splice(text, ...commaEdit, { from: end, to: end, put: gap + body });
  }
  const base = indentAt(text, object.offset);
  const indent =
    last && isFirstOnLine(text, last.offset) ? indentAt(text, last.offset) : base + unit;
  const property = `${JSON.stringify(key)}: ${render(value, indent, unit, eol)}`;
  const put = `${eol}${indent}${property}${comma === undefined ? '' : ','}`;
  return text.slice(end, close).includes('\n')
    ? splice(text, ...commaEdit, { from: end, to: end, put })
    : splice(text, ...commaEdit, { from: end, to: close, put: put + eol + base });
}

function removeProperty(text: string, path: string[]): string {
  const root = treeOf(text) as Node;
  const object = path.length > 1 ? findNodeAtLocation(root, path.slice(0, -1)) : root;
  const property = object && propertyOf(text, object, path.at(-1) as string);
  if (!object || !property) throw notSplicable(`"${path.join('.')}" is not there`);
  const children = object.children ?? [];
  const index = children.indexOf(property);
  const previous = children[index - 1];
  const next = children[index + 1];
  const close = object.offset + object.length - 1;
  const end = property.offset + property.length;
  const { comma } = scan(text, end, next ? next.offset : close);
  // A comment may stand between an entry and its comma; it stays, the comma goes.
  const adjacent = comma !== undefined && text.slice(end, comma).trim() === '';
  const to = adjacent ? comma + 1 : end;
  const edits = [{ ...lineRange(text, property.offset, to, next === undefined) }];
  if (comma !== undefined && !adjacent) edits.push({ from: comma, to: comma + 1 });
  if (previous && !next && comma === undefined) {
    const before = scan(text, previous.offset + previous.length, property.offset).comma;
    if (before !== undefined && before < (edits[0]?.from ?? 0)) {
      edits.push({ from: before, to: before + 1 });
    }
  }
  const result = splice(text, ...edits);
  if (previous || next) return result;
  const newClose = close - (text.length - result.length);
  const inner = result.slice(object.offset + 1, newClose);
  return inner.trim() === '' ? splice(result, { from: object.offset + 1, to: newClose }) : result;
}

/** What to take away with a property: its lines when it stands alone on them, else the gap beside it. */
function lineRange(text: string, from: number, to: number, isLast: boolean) {
  const lineStart = lineStartOf(text, from);
  const lineEnd = lineEndOf(text, to);
  if (isFirstOnLine(text, from) && text.slice(to, lineEnd).trim() === '') {
    return lineStart > 0
      ? { from: beforeEol(text, lineStart), to: lineEnd }
      : { from: 0, to: nextLineOf(text, to) };
  }
  let [start, end] = [from, to];
  if (isLast) while (/[ \t]/.test(text[start - 1] ?? '')) start -= 1;
  else while (/[ \t]/.test(text[end] ?? '')) end += 1;
  return { from: start, to: end };
}

/** The first comma of a stretch between values, and where its last comment or comma ends. */
function scan(text: string, from: number, to: number): { comma?: number; end: number } {
  const scanner = createScanner(text.slice(from, to), false);
  let comma: number | undefined;
  let end = from;
  // A token without length is the end.
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan()) {
    const start = from + scanner.getTokenOffset();
    const token = text.slice(start, start + scanner.getTokenLength());
    if (token.trim() === '') continue;
    if (token === ',') comma ??= start;
    end = start + token.length;
  }
  return { ...(comma === undefined ? {} : { comma }), end };
}

function styleOf(text: string, node: Node): { eol: string; unit: string } {
  let root = node;
  while (root.parent) root = root.parent;
  const first = root.children?.[0];
  const unit = first && isFirstOnLine(text, first.offset) ? indentAt(text, first.offset) : '';
  return { eol: eolOf(text), unit: unit || '  ' };
}

function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStartOf(text, offset), offset))?.[0] ?? '';
}

function isFirstOnLine(text: string, offset: number): boolean {
  return text.slice(lineStartOf(text, offset), offset).trim() === '';
}

function render(value: unknown, indent: string, unit: string, eol: string): string {
  return JSON.stringify(value, null, unit).replaceAll('\n', eol + indent);
}

/** JSON on one line, with or without spaces after colons and commas and inside braces. */
function inline(value: unknown, spaced: boolean): string {
  if (!spaced) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => inline(item, true)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}: ${inline(item, true)}`,
  );
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
