import { isObject, type JsonObject } from './protocol.ts';
import type { Definition } from './upstream.ts';

/** A parameter of a tool that is repeated in a header (revision 2026-07-28, `x-mcp-header`). */
export interface ParamHeader {
  readonly path: readonly string[];
  readonly header: string;
  readonly type: 'string' | 'integer' | 'boolean';
}

const KEY = 'x-mcp-header';
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TYPES = ['string', 'integer', 'boolean'];

/**
 * The parameters of a tool that are repeated in headers. Undefined when the tool declares them in a
 * way that the revision forbids: such a tool is not to be used.
 */
export function paramHeadersOf(tool: Definition): ParamHeader[] | undefined {
  const found: ParamHeader[] = [];
  const names = new Set<string>();
  const visit = (schema: unknown, path: readonly string[], reachable: boolean): boolean => {
    if (Array.isArray(schema)) return schema.every((item) => visit(item, path, false));
    if (!isObject(schema)) return true;
    if (KEY in schema) {
      const header = schema[KEY];
      const { type } = schema;
      if (!reachable || path.length === 0 || typeof header !== 'string') return false;
      if (!TOKEN.test(header) || !TYPES.includes(type as string)) return false;
      if (names.has(header.toLowerCase())) return false;
      names.add(header.toLowerCase());
      found.push({ path, header, type: type as ParamHeader['type'] });
    }
    return Object.entries(schema).every(([key, value]) => {
      // Examples and defaults are data, not schemas.
      if (key === 'enum' || key === 'const' || key === 'default' || key === 'examples') return true;
      if (key !== 'properties' || !isObject(value)) return visit(value, path, false);
      return Object.entries(value).every(([name, child]) =>
        visit(child, [...path, name], reachable),
      );
    });
  };
  return visit(tool.inputSchema, [], true) ? found : undefined;
}

/** The value of a parameter as header text; undefined when there is none to send. */
export function paramText(args: unknown, { path }: ParamHeader): string | undefined {
  let value: unknown = args;
  for (const key of path) value = isObject(value) ? (value as JsonObject)[key] : undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return Number.isSafeInteger(value) ? String(value) : undefined;
}
