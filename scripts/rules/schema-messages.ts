import type { ErrorObject } from 'ajv';
import type { DataPath } from '../registry/finding.ts';
import { show } from '../registry/show.ts';
import { suggest } from '../registry/suggest.ts';
import { hintFor } from './schema-hints.ts';

interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema | boolean>>;
}

const KINDS = ['container', 'npm', 'remote'];

/**
 * The errors that a person made, out of those that Ajv gives. Of the branches of a `oneOf`, only
 * that which was meant counts; "one of them must match" is then no error of its own.
 */
export function withoutNoise(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  let rest = errors.filter(({ keyword }) => keyword !== 'if' && keyword !== 'propertyNames');
  for (const choice of errors.filter(({ keyword }) => keyword === 'oneOf')) {
    const inside = (error: ErrorObject) =>
      error.schemaPath.startsWith(`${choice.schemaPath}/`) &&
      error.instancePath.startsWith(choice.instancePath);
    const meant = meantBranch(choice);
    if (meant === undefined) {
      // What is no mapping at all is told by its type.
      const untyped = choice.instancePath === '' && !isRecord(choice.data);
      rest = rest.filter((error) => !inside(error) && !(untyped && error === choice));
    } else {
      const prefix = `${choice.schemaPath}/${meant}/`;
      rest = rest.filter(
        (error) => error !== choice && (!inside(error) || error.schemaPath.startsWith(prefix)),
      );
    }
  }
  return rest.filter((error) => !isMisspelt(error, rest));
}

/** True for a missing key that is there under a wrong spelling, which is an error of its own. */
function isMisspelt(missing: ErrorObject, errors: readonly ErrorObject[]): boolean {
  if (missing.keyword !== 'required') return false;
  const { properties } = (missing.parentSchema ?? {}) as Schema;
  return errors.some(
    ({ keyword, instancePath, params }) =>
      keyword === 'additionalProperties' &&
      instancePath === missing.instancePath &&
      suggest(String(params.additionalProperty), Object.keys(properties ?? {})) ===
        missing.params.missingProperty,
  );
}

/** Index of the branch that the author meant; undefined when no single one stands out. */
function meantBranch({ schema, data }: ErrorObject): number | undefined {
  const branches = schema as readonly (Schema & { readonly title?: string })[];
  if (branches.some(({ title }) => title === 'RemoteEntry')) {
    const present = KINDS.filter((kind) => isRecord(data) && Object.hasOwn(data, kind));
    return present.length === 1 ? KINDS.indexOf(present[0] as string) : undefined;
  }
  const fitting = branches.flatMap((branch, index) => (hasType(branch, data) ? [index] : []));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** Fact and remedy of one error. `written` gives the value as it stands in the file. */
export function describeError(
  error: ErrorObject,
  at: DataPath,
  written: () => string,
): { key?: boolean; fact: string; remedy: string } {
  const hint = hintFor(error, at);
  const fallback = describe(error, at, written);
  return { ...fallback, ...hint };
}

function describe(
  error: ErrorObject,
  at: DataPath,
  written: () => string,
): { key?: boolean; fact: string; remedy: string } {
  const { keyword, params, data } = error;
  const schema = (error.parentSchema ?? {}) as Schema;
  const limit = Number(params.limit);
  const name = at.at(-1);
  if (error.propertyName !== undefined) {
    return {
      key: true,
      fact: `${show(error.propertyName)} cannot be a name here`,
      remedy: `use a name that matches ${show(params.pattern ?? 'the schema')}`,
    };
  }
  switch (keyword) {
    case 'additionalProperties':
      return unknownKey(String(name), Object.keys(schema.properties ?? {}));
    case 'required': {
      const missing = schema.properties?.[String(name)];
      return { fact: 'it is missing', remedy: `add it: ${meaning(missing, String(name))}` };
    }
    case 'type':
      return wrongType(params.type, data, written);
    case 'enum':
    case 'const': {
      const allowed = keyword === 'const' ? [params.allowedValue] : params.allowedValues;
      const near = typeof data === 'string' ? suggest(data, allowed.map(String)) : undefined;
      const choices = allowed.map(String).join(', ');
      return {
        fact: `it is ${written()}`,
        remedy: near
          ? `did you mean ${near}? Possible are: ${choices}`
          : `possible are: ${choices}`,
      };
    }
    case 'pattern':
    case 'format':
      return {
        fact: `${show(data)} does not have the right form`,
        remedy: meaning(schema, String(name)),
      };
    case 'minLength':
      return {
        fact: `it has ${String(data).length} characters`,
        remedy: `write at least ${limit}: ${meaning(schema, String(name))}`,
      };
    case 'maxLength':
      return {
        fact: `it has ${[...String(data)].length} characters`,
        remedy: `keep it within ${limit}`,
      };
    case 'minItems':
    case 'minProperties':
      return {
        fact: `it has ${sizeOf(data)} members`,
        remedy: `give at least ${limit}, or leave the key out where it is optional`,
      };
    case 'maxItems':
    case 'maxProperties':
      return { fact: `it has ${sizeOf(data)} members`, remedy: `keep it within ${limit}` };
    case 'uniqueItems':
      return {
        fact: `members ${params.j + 1} and ${params.i + 1} are equal`,
        remedy: 'remove one of them',
      };
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return { fact: `it is ${written()}`, remedy: `it must be ${params.comparison} ${limit}` };
    case 'oneOf':
      return { fact: `it is ${show(data)}`, remedy: meaning(schema, String(name)) };
    default:
      return { fact: `it ${error.message ?? 'is not allowed'}`, remedy: meaning(schema, '') };
  }
}

function unknownKey(name: string, known: readonly string[]) {
  const near = suggest(name, known);
  const list =
    known.length > 0 ? `the keys here are ${known.join(', ')}` : 'nothing may stand here';
  return {
    key: true,
    fact: `there is no key ${show(name)} here`,
    remedy: near ? `did you mean ${near}? Otherwise remove it` : `remove it; ${list}`,
  };
}

function wrongType(expected: unknown, data: unknown, written: () => string) {
  const types = [expected].flat().map(String);
  const fact = `it is ${data === null ? 'empty' : `${withArticle(typeOf(data))} (${written()})`}`;
  if (types.includes('string') && data !== null && typeof data !== 'object') {
    return { fact, remedy: `put it in quotes: "${written()}"` };
  }
  const wanted = types.map((type) => withArticle(type)).join(' or ');
  return { fact, remedy: `write ${wanted}${types.includes('array') ? ', e.g. [a, b]' : ''}` };
}

function withArticle(type: string): string {
  const words: Record<string, string> = {
    string: 'a text',
    array: 'a list',
    object: 'a mapping',
    integer: 'a whole number',
    boolean: 'true or false',
    null: 'nothing',
  };
  return words[type] ?? `a ${type}`;
}

/** The schema's own words about a field, with its first example. */
function meaning(schema: Schema | boolean | undefined, name: string): string {
  const elsewhere = `docs/reference/entry.md describes ${name || 'it'}`;
  if (typeof schema !== 'object') return elsewhere;
  const [example] = schema.examples ?? [];
  const pattern = schema.pattern && `it must match ${schema.pattern}`;
  const words = schema.description?.replace(/\.$/, '') ?? pattern ?? elsewhere;
  return example === undefined ? words : `${words}; e.g. ${show(example, 160)}`;
}

function hasType(branch: Schema, data: unknown): boolean {
  if (branch.const !== undefined) return typeof branch.const === typeof data;
  return branch.type === typeOf(data);
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function sizeOf(value: unknown): number {
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
