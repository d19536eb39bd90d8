import type { Finding } from './finding.ts';
import { visible } from './show.ts';

export const OUTPUT_FORMATS = ['text', 'github', 'json'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/**
 * Findings as lines of text, as annotations of GitHub Actions, or as a JSON document
 * `{"findings": [...]}`. Texts in findings may come from strangers; nothing in them can act on a
 * terminal or be taken for a workflow command.
 */
export function formatFindings(findings: readonly Finding[], format: OutputFormat): string {
  if (format === 'json') return `${JSON.stringify({ findings }, null, 2)}\n`;
  const print = format === 'github' ? toAnnotation : toLine;
  return findings.map((finding) => `${print(finding)}\n`).join('');
}

/** `file:line:column: field: fact; remedy`, a form that editors and terminals make clickable. */
export function toLine(finding: Finding): string {
  const { file, line, column } = finding;
  return visible(`${file}:${line}:${column}: ${sentence(finding)}`);
}

function toAnnotation(finding: Finding): string {
  const { file, line, column, rule } = finding;
  const properties = { file, line, col: column, title: rule };
  const list = Object.entries(properties).map(
    ([name, value]) => `${name}=${escapeProperty(visible(`${value}`))}`,
  );
  return `::error ${list.join(',')}::${escapeData(visible(sentence(finding)))}`;
}

function sentence({ field, fact, remedy }: Finding): string {
  return `${field ? `${field}: ` : ''}${fact}; ${remedy}`;
}

/** As @actions/core does: the runner splits commands at these characters. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
