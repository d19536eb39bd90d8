import type { PermissionDiff } from './permission-diff.ts';
import { isEmptyToolDiff, type ToolDiff } from './tool-diff.ts';

/** The same lines for terminals and for Markdown comments. */
export type DiffFormat = 'text' | 'markdown';

/**
 * Both diffs as lines, most important first; an empty list when nothing changed.
 * `+` asks for more, `-` for less, `!` changes what a model is told. In Markdown everything that an
 * entry or a server wrote is set as code, so that it cannot format the page or mention people.
 */
export function renderDiff(
  permissions: PermissionDiff,
  tools: ToolDiff,
  format: DiffFormat = 'text',
): string[] {
  return [
    ...permissions.more.map(({ text }) => item('+', text, format)),
    ...permissions.less.map(({ text }) => item('-', text, format)),
    ...renderToolDiff(tools, format),
  ];
}

/** The lines about tools alone. */
export function renderToolDiff(tools: ToolDiff, format: DiffFormat = 'text'): string[] {
  if (isEmptyToolDiff(tools)) return [];
  return [
    ...tools.added.map(({ name }) => item('+', `tool ${name}`, format)),
    ...tools.removed.map(({ name }) => item('-', `tool ${name}`, format)),
    ...tools.changed.map(({ name, parts }) =>
      item('!', `tool ${name}: another ${parts.join(', ')}`, format),
    ),
  ];
}

function item(sign: '+' | '-' | '!', text: string, format: DiffFormat): string {
  const plain = text.replace(/[\p{C}\u2028\u2029]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return format === 'text' ? `${sign} ${plain}` : `- ${sign} ${code(plain)}`;
}

/** Markdown code with a fence longer than any run of backticks inside. */
function code(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const space = text.startsWith('`') || text.endsWith('`') ? ' ' : '';
  return `${fence}${space}${text}${space}${fence}`;
}
