import type { ToolDefinition } from '../../../core/entry/types.generated.ts';
import { cutText } from '../../../core/text.ts';
import { type SchemaRow, schemaRows } from '../../../scripts/site/schema-rows.ts';
import { messages } from '../messages.ts';
import { escapeHtml } from './card.ts';

const m = messages.server;

/**
 * One tool as an element that opens, by itself when the page is asked for with its id. A plain
 * function: a page may have a hundred of them.
 */
function toolHtml(tool: ToolDefinition, index: number, json: string): string {
  const rows = schemaRows(tool.inputSchema);
  const description = tool.description?.trim() ?? '';
  return `<details class="tool"><summary>${head(tool)}</summary><div id="${idOf(tool.name, index)}">${
    description === firstSentence(description)
      ? ''
      : `<p class="text">${escapeHtml(description)}</p>`
  }${rows.length ? table(rows) : `<p class="muted">${m.noInput}</p>`}<p><a href="${json}" data-raw>${m.raw}</a></p></div></details>`;
}

/** All tools of a page; `json` is the address of their definitions. */
export const toolsHtml = (tools: readonly ToolDefinition[], json: string): string =>
  tools.map((tool, index) => toolHtml(tool, index, json)).join('');

/** One tool as a line that leads to its inputs on the page `apart`. */
export const toolLine = (tool: ToolDefinition, index: number, apart: string): string =>
  `<li class="tool"><a href="${apart}#${idOf(tool.name, index)}">${head(tool)}</a></li>`;

const head = (tool: ToolDefinition): string =>
  `<code>${escapeHtml(tool.name)}</code>${badges(tool)}<span class="muted">${escapeHtml(firstSentence(tool.description?.trim() ?? ''))}</span>`;

/** What the server says about a tool (MCP tool annotations); hints of a stranger, not facts. */
export function badgesOf(tool: ToolDefinition): readonly (readonly [string, string])[] {
  const hints = (tool.annotations ?? {}) as Readonly<Record<string, unknown>>;
  if (hints.readOnlyHint === true) return [[m.reads, 'good']];
  if (hints.destructiveHint === true) return [[m.destructive, 'bad']];
  return hints.readOnlyHint === false ? [[m.writes, 'warn']] : [];
}

const badges = (tool: ToolDefinition) =>
  badgesOf(tool)
    .map(([text, tone]) => `<span class="chip ${tone}">${text}</span>`)
    .join('');

/** Most names are ids as they stand; what is not gets its number, so that none appears twice. */
const idOf = (name: string, index: number) => `tool-${/^[\w-]+$/.test(name) ? name : index + 1}`;

function firstSentence(text: string): string {
  const [line = ''] = text.split('\n', 1);
  const sentence = /^.*?[.!?](?=\s|$)/.exec(line)?.[0] ?? line;
  return sentence.length > 160 ? `${cutText(sentence, 157).trimEnd()}…` : sentence;
}

function table(rows: readonly SchemaRow[]): string {
  const body = rows.map(
    ({ name, type, required, description, default: preset, values }) =>
      `<tr><th scope="row"><code>${escapeHtml(name)}</code>${required ? ` <span class="req">${m.required}</span>` : ''}</th><td>${escapeHtml(type)}</td><td>${escapeHtml(description ?? '')}${
        values
          ? ` <span class="muted">${m.oneOf} ${values.map((value) => `<code>${escapeHtml(value)}</code>`).join(', ')}.</span>`
          : ''
      }${preset === undefined ? '' : ` <span class="muted">${m.default} <code>${escapeHtml(preset)}</code>.</span>`}</td></tr>`,
  );
  return `<div class="scroll"><table><thead><tr><th scope="col">${m.input}</th><th scope="col">${m.type}</th><th scope="col">${m.meaning}</th></tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}
