import { messageOf, PortolanError } from '../../core/errors.ts';
import { isObject, type JsonObject } from '../relay/protocol.ts';
import { suggest } from './suggest.ts';

/** One input of a tool, as its schema describes it. */
export interface Input {
  readonly name: string;
  /** JSON types; empty when the schema names none. */
  readonly types: readonly string[];
  readonly required: boolean;
  readonly description: string;
  /** The only values that it may have. */
  readonly choices: readonly unknown[];
}

/**
 * Arguments of a tool from the command line: `KEY=VALUE` texts, typed by the tool's input schema,
 * or one JSON object. `stdin` is asked for when the only argument is `-`. `ask` may supply required
 * inputs that are missing.
 *
 * Throws `usage` / `ARGUMENT_INVALID`.
 */
export async function toolArguments(
  texts: readonly string[],
  inputSchema: unknown,
  stdin: () => Promise<string>,
  ask?: (missing: readonly Input[]) => Promise<Readonly<Record<string, string>>>,
): Promise<JsonObject> {
  const [first, ...rest] = texts;
  if (first === '-' && rest.length === 0) return jsonObject(await stdin(), 'stdin');
  if (first?.trimStart().startsWith('{') && rest.length === 0)
    return jsonObject(first, 'the argument');
  const inputs = inputsOf(inputSchema);
  const values: JsonObject = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 1) {
      throw invalid(`${text} is not KEY=VALUE; or give one JSON object, or - for stdin`);
    }
    const key = text.slice(0, at);
    values[key] = typed(key, text.slice(at + 1), inputs);
  }
  const missing = inputs.filter(({ name, required }) => required && !Object.hasOwn(values, name));
  if (missing.length === 0) return values;
  if (!ask) {
    throw invalid(
      `${missing.length === 1 ? 'an argument is' : 'arguments are'} missing: ${missing.map(describeInput).join(', ')}`,
    );
  }
  for (const [key, text] of Object.entries(await ask(missing))) {
    values[key] = typed(key, text, inputs);
  }
  return values;
}

/** The inputs that a schema names, in its order. */
export function inputsOf(schema: unknown): readonly Input[] {
  if (!isObject(schema) || !isObject(schema.properties)) return [];
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(schema.properties).map(([name, value]) => {
    const property = isObject(value) ? value : {};
    return {
      name,
      types: typesOf(property),
      required: required.includes(name),
      description: String(property.description ?? ''),
      choices: Array.isArray(property.enum) ? property.enum : [],
    };
  });
}

/** `a (number)`, for messages. */
export function describeInput({ name, types, choices }: Input): string {
  const kinds =
    choices.length > 0 ? choices.map(String).join(' or ') : types.join(' or ') || 'any value';
  return `${name} (${kinds})`;
}

function typed(key: string, text: string, inputs: readonly Input[]): unknown {
  const input = inputs.find(({ name }) => name === key);
  if (!input) {
    const names = inputs.map(({ name }) => name);
    if (names.length === 0) return text;
    throw invalid(
      `there is no argument "${key}"${suggest(key, names)}; there are ${names.join(', ')} (a JSON object is sent as it is)`,
    );
  }
  const value = plainValue(key, text, input);
  const { choices } = input;
  if (choices.length > 0 && !choices.includes(value)) {
    const texts = choices.map(String);
    throw invalid(`${key}=${text}: it is one of ${texts.join(', ')}${suggest(text, texts)}`);
  }
  return value;
}

function plainValue(key: string, text: string, { types, choices }: Input): unknown {
  const choice = choices.find((one) => String(one) === text);
  if (choice !== undefined) return choice;
  if (types.includes('string') || types.length === 0) return text;
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
  const hint = types.includes('array')
    ? `, written as JSON: '${key}=["one","two"]'`
    : types.includes('object')
      ? `, written as JSON: '${key}={"name":"value"}'`
      : '';
  throw invalid(`${key}=${text}: ${key} is of type ${types.join(' or ')}${hint}`);
}

/** Types of a property, also of its alternatives. */
function typesOf(property: JsonObject): readonly string[] {
  const { type, anyOf, oneOf } = property;
  if (typeof type === 'string') return [type];
  if (Array.isArray(type)) return type.filter((one) => typeof one === 'string');
  const alternatives = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : [];
  return [...new Set(alternatives.filter(isObject).flatMap(typesOf))];
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
