import { isObject, type JsonObject } from '../relay/protocol.ts';
import { visible } from '../relay/render-diff.ts';
import { table } from './print.ts';
import { style } from './style.ts';

/** The result of a tool as text; what is no text is named. A list of records is a table. */
export function renderResult(result: JsonObject): string {
  const records = recordsIn(result.structuredContent);
  if (records) return recordTable(records);
  const parts = contentParts(result.content);
  if (parts.length === 0 && isObject(result.structuredContent)) {
    return JSON.stringify(result.structuredContent, null, 2);
  }
  return parts.join('\n');
}

/** Content blocks of a tool, prompt or resource as texts. */
export function contentParts(content: unknown): string[] {
  const items = (Array.isArray(content) ? content : [content]).filter(isObject);
  return items.map((item) => {
    if (item.type === 'text') return textOrTable(String(item.text));
    if (item.type === 'resource_link') return `[resource ${visible(String(item.uri))}]`;
    if (item.type === 'resource' && isObject(item.resource)) return resourceText(item.resource);
    return `[${visible(String(item.type))} ${visible(String(item.mimeType ?? ''))}; --json has it]`;
  });
}

/** The text of a resource; a binary one is named with its size. */
export function resourceText({ text, blob, uri, mimeType }: JsonObject): string {
  if (typeof text === 'string') return visibleLines(text);
  const bytes = typeof blob === 'string' ? Buffer.from(blob, 'base64').length : 0;
  return `[${visible(String(uri))} ${visible(String(mimeType ?? ''))}, ${bytes} bytes; --json has it]`;
}

/** As `visible`, but lines stay lines: a tool's output must not steer the terminal. */
export function visibleLines(text: string): string {
  return text
    .split('\n')
    .map((line) => visible(line.replaceAll('\t', '    ')))
    .join('\n');
}

function textOrTable(text: string): string {
  if (/^\s*\[\s*\{/.test(text)) {
    try {
      const records = recordsIn(JSON.parse(text));
      if (records) return recordTable(records);
    } catch {
      // It only looked like JSON.
    }
  }
  return visibleLines(text);
}

const MOST_COLUMNS = 8;

/** A list of flat objects, or an object whose only member is one. */
function recordsIn(value: unknown): readonly JsonObject[] | undefined {
  const members = isObject(value) ? Object.values(value) : [];
  const list = Array.isArray(value) ? value : members.length === 1 ? members[0] : undefined;
  if (!Array.isArray(list) || list.length === 0 || !list.every(isObject)) return undefined;
  const flat = list.every((one) =>
    Object.values(one).every((member) => typeof member !== 'object' || member === null),
  );
  return flat && columnsOf(list).length <= MOST_COLUMNS ? list : undefined;
}

function columnsOf(records: readonly JsonObject[]): readonly string[] {
  return [...new Set(records.flatMap(Object.keys))];
}

function recordTable(records: readonly JsonObject[]): string {
  const columns = columnsOf(records);
  return table([
    columns.map((name) => style.bold(visible(name))),
    ...records.map((record) => columns.map((name) => visible(String(record[name] ?? '')))),
  ]);
}
