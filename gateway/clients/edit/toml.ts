import { type AST, getStaticTOMLValue, ParseError, parseTOML } from 'toml-eslint-parser';
import {
  beforeEol,
  type Editor,
  eolOf,
  lineEndOf,
  lineStartOf,
  nextLineOf,
  notSplicable,
  SyntaxProblem,
  splice,
} from './editor.ts';

/** TOML 1.0: an entry is a table of its own at the end, so that nothing before it changes meaning. */
export const toml: Editor = {
  parse: (text) => getStaticTOMLValue(programOf(text)),

  add(text, { keys }, name, entry) {
    const eol = eolOf(text);
    const open = text !== '' && !text.endsWith('\n');
    const lines = [
      `[${[...keys, name].map(keyText).join('.')}]`,
      ...Object.entries(entry as Record<string, unknown>).map(
        ([key, value]) => `${keyText(key)} = ${valueText(value)}`,
      ),
    ];
    const gap = text === '' ? '' : open ? eol + eol : eol;
    return text + gap + lines.join(eol) + (open ? '' : eol);
  },

  remove(text, { keys }, name) {
    const wanted = [...keys, name];
    const found = nodesOf(programOf(text)).filter(
      ({ path, node }) =>
        wanted.every((key, index) => path[index] === key) &&
        // Keys of a table that goes as a whole go with it.
        !(node.parent.type === 'TOMLTable' && node.parent.resolvedKey.length >= wanted.length),
    );
    if (found.length === 0) {
      throw notSplicable(`"${wanted.join('.')}" is written in a way that cannot be cut out`);
    }
    return splice(text, ...found.map(({ node }) => linesOf(text, node.range)));
  },
};

function programOf(text: string): AST.TOMLProgram {
  try {
    return parseTOML(text, { tomlVersion: '1.0' });
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new SyntaxProblem(error.message, error.lineNumber, error.column + 1);
  }
}

type Statement = AST.TOMLTable | AST.TOMLKeyValue;

/** Every table and every key of a document with its full path. */
function nodesOf(
  program: AST.TOMLProgram,
): { path: readonly (string | number)[]; node: Statement }[] {
  return program.body[0].body.flatMap((node) =>
    node.type === 'TOMLTable'
      ? [
          { path: node.resolvedKey, node },
          ...node.body.map((inner) => ({
            path: [...node.resolvedKey, ...keyPath(inner)],
            node: inner,
          })),
        ]
      : [{ path: keyPath(node), node }],
  );
}

function keyPath(node: AST.TOMLKeyValue): string[] {
  return node.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value));
}

/** The lines of a statement, with the blank line before it when it leaves two or ends the file. */
function linesOf(text: string, [start, end]: readonly [number, number]) {
  let from = lineStartOf(text, start);
  const to = nextLineOf(text, end);
  const blankBefore = from > 0 && text.slice(lineStartOf(text, from - 1), from).trim() === '';
  const blankAfter = text.slice(to, lineEndOf(text, to)).trim() === '';
  if (blankBefore && blankAfter) from = lineStartOf(text, from - 1);
  // The file ended without a line ending and shall do so again.
  if (to === text.length && !text.endsWith('\n')) from = beforeEol(text, from);
  return { from, to };
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : stringText(key);
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return stringText(value);
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  const members = Object.entries(value as Record<string, unknown>);
  const inner = members.map(([key, item]) => `${keyText(key)} = ${valueText(item)}`).join(', ');
  return members.length === 0 ? '{}' : `{ ${inner} }`;
}

/** A basic string: JSON's escapes are TOML's, but TOML escapes DEL too. */
function stringText(value: string): string {
  return JSON.stringify(value).replaceAll('\u007f', '\\u007f');
}
