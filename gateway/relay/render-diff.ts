import { canonicalJson } from '../../core/entry/canonical.ts';
import { nameOf, type ToolDiff } from './compare.ts';
import { isObject } from './protocol.ts';
import type { Definition } from './upstream.ts';

/**
 * The differences as plain text for a terminal: one block per tool, a line per field, `-` for what
 * was signed and `+` for what the server says now. Characters that cannot be seen are written as
 * `<U+XXXX>`, so that text meant for the model only is in plain view. Empty when nothing differs.
 */
export function renderToolDiff(diff: ToolDiff): string {
  const blocks = [
    ...diff.changed.map(({ signed, live }) =>
      block('changed', nameOf(live), fieldChanges(signed, live, '')),
    ),
    ...diff.added.map((tool) => block('new', nameOf(tool), whole('+', tool))),
    ...diff.removed.map((tool) => block('removed', nameOf(tool), whole('-', tool))),
  ];
  return blocks.join('\n');
}

/**
 * Text with every character made visible that a terminal would not show: controls (escape sequences
 * too), format characters, unusual spaces, private and unassigned code points, lone surrogates.
 */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Variation_Selector}\u115f\u1160\u3164\uffa0]|(?! )\p{Zs}/gu,
    (character) =>
      `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`,
  );
}

function block(verb: string, name: string, lines: readonly string[]): string {
  return `${verb} tool ${visible(name)}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function whole(sign: '+' | '-', tool: Definition): string[] {
  return Object.keys(tool)
    .filter((key) => key !== 'name')
    .flatMap((key) => valueLines(sign, key, tool[key]));
}

function fieldChanges(signed: unknown, live: unknown, path: string): string[] {
  if (isObject(signed) && isObject(live)) {
    const keys = [...new Set([...Object.keys(signed), ...Object.keys(live)])].sort();
    return keys.flatMap((key) =>
      fieldChanges(signed[key], live[key], path ? `${path}.${key}` : key),
    );
  }
  if (signed !== undefined && live !== undefined && canonicalJson(signed) === canonicalJson(live)) {
    return [];
  }
  if (typeof signed === 'string' && typeof live === 'string')
    return textChanges(signed, live, path);
  return [
    ...(signed === undefined ? [] : valueLines('-', path, signed)),
    ...(live === undefined ? [] : valueLines('+', path, live)),
  ];
}

function valueLines(sign: '+' | '-', path: string, value: unknown): string[] {
  const lines = (typeof value === 'string' ? value : JSON.stringify(value, null, 2)).split('\n');
  if (lines.length === 1) return [`${sign} ${visible(path)}: ${visible(lines[0] ?? '')}`];
  return [`${sign} ${visible(path)}:`, ...lines.map((line) => `${sign}   ${visible(line)}`)];
}

/** Long texts show only the lines around the first and the last difference. */
function textChanges(signed: string, live: string, path: string): string[] {
  const before = signed.split('\n');
  const after = live.split('\n');
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail += 1;
  }
  if (before.length === 1 && after.length === 1) {
    return [`- ${visible(path)}: ${visible(signed)}`, `+ ${visible(path)}: ${visible(live)}`];
  }
  const where = head > 0 ? ` (from line ${head + 1})` : '';
  return [
    `  ${visible(path)}${where}:`,
    ...before.slice(head, before.length - tail).map((line) => `-   ${visible(line)}`),
    ...after.slice(head, after.length - tail).map((line) => `+   ${visible(line)}`),
  ];
}
