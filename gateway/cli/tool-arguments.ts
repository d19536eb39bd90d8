import { messageOf, PortolanError } from '../../core/errors.ts';
import { isObject, type JsonObject } from '../relay/protocol.ts';

/**
 * Arguments of a tool from the command line: `KEY=VALUE` texts, typed by the tool's input schema,
 * or one JSON object. `stdin` is asked for when the only argument is `-`.
 *
 * Throws `usage` / `ARGUMENT_INVALID`.
 */
export async function toolArguments(
  texts: readonly string[],
  inputSchema: unknown,
  stdin: () => Promise<string>,
): Promise<JsonObject> {
  const [first, ...rest] = texts;
  if (first === '-' && rest.length === 0) return jsonObject(await stdin(), 'stdin');
  if (first?.trimStart().startsWith('{') && rest.length === 0)
    return jsonObject(first, 'the argument');
  const properties =
    isObject(inputSchema) && isObject(inputSchema.properties) ? inputSchema.properties : {};
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) {
        throw invalid(`${text} is not KEY=VALUE; or give one JSON object, or - for stdin`);
      }
      const key = text.slice(0, at);
      return [key, typed(key, text.slice(at + 1), properties[key])];
    }),
  );
}

function typed(key: string, text: string, schema: unknown): unknown {
  const type = isObject(schema) ? schema.type : undefined;
  const types = Array.isArray(type) ? type : [type];
  if (types.includes('string') || type === undefined) return text;
  try {
    const value: unknown = JSON.parse(text);
    const actual = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
    const fits = types.some((wanted) =>
      wanted === 'integer' ? Number.isInteger(value) : wanted === actual,
    );
    if (fits) return value;
  } catch {
    // Reported below.
  }
  throw invalid(`${key}=${text}: ${key} is of type ${types.join(' or ')}`);
}

function jsonObject(text: string, where: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    throw invalid(`${where} is not JSON: ${messageOf(error)}`);
  }
  throw invalid(`${where} is not a JSON object`);
}

function invalid(message: string): PortolanError {
  return new PortolanError('usage', 'ARGUMENT_INVALID', message);
}
