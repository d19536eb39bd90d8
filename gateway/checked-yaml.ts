import { LineCounter, parseDocument } from 'yaml';
import { type ErrorObject, validatorOf } from '../core/entry/schema.ts';
import type { Policy, Profile } from '../core/entry/types.generated.ts';
import type { PortolanError } from '../core/errors.ts';

interface Shapes {
  policy: Policy;
  profile: Profile;
}

/** A file that people write, and how its faults are told. */
export interface YamlFile<Name extends keyof Shapes> {
  readonly schema: Name;
  readonly text: string;
  /** What an empty file should say instead. */
  readonly empty: string;
  /** Makes the error; `field` is dotted, or empty for the whole file. */
  readonly fault: (line: number, field: string, fact: string) => PortolanError;
  /** A better fact for a fault of the schema. It must not quote a value, which may be a secret. */
  readonly hint?: (fault: ErrorObject, keys: readonly string[]) => string | undefined;
  /** Changes what was read before it is checked, such as an empty map that YAML reads as null. */
  readonly prepare?: (value: unknown) => unknown;
}

/** The value of a file, and the line of each of its fields. */
export interface CheckedYaml<T> {
  readonly value: T;
  lineOf(keys: readonly string[]): number;
}

/** Reads a YAML file and holds it to its schema; throws what `fault` makes of the first fault. */
export function checkedYaml<Name extends keyof Shapes>(
  file: YamlFile<Name>,
): CheckedYaml<Shapes[Name]> {
  const { fault, prepare = (value) => value } = file;
  const lines = new LineCounter();
  const document = parseDocument(file.text, { lineCounter: lines, version: '1.2', schema: 'core' });
  const [error] = document.errors;
  if (error) throw fault(error.linePos?.[0].line ?? 1, '', firstLine(error.message));
  let value: unknown;
  try {
    // Aliases hide what a file says.
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    throw fault(1, '', 'uses an alias (*name); write the value out where it is needed');
  }
  // A file that was cut off while it was written must not pass for one that says nothing.
  if (value === null) throw fault(1, '', `is empty; ${file.empty}`);
  const lineOf = (keys: readonly string[]) => {
    for (let depth = keys.length; depth >= 0; depth -= 1) {
      const node = document.getIn(keys.slice(0, depth), true) as
        | { range?: [number, number, number] }
        | undefined;
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const prepared = prepare(value);
  const validate = validatorOf(file.schema);
  if (!validate(prepared)) {
    const found = worst(validate.errors ?? []);
    const keys = keysOf(found.instancePath);
    const unknown = found.params?.additionalProperty ?? found.propertyName;
    const at = typeof unknown === 'string' ? [...keys, unknown] : keys;
    throw fault(lineOf(at), at.join('.'), file.hint?.(found, at) ?? factOf(file.schema, found));
  }
  return { value: prepared as Shapes[Name], lineOf };
}

/** An unknown key says more than the list of forms that do not fit because of it. */
function worst(errors: readonly ErrorObject[]): ErrorObject {
  const rank = ({ keyword, instancePath, propertyName }: ErrorObject) =>
    (keyword === 'additionalProperties' ? 100 : 0) +
    (keyword === 'oneOf' || keyword === 'propertyNames' ? -50 : 0) +
    (propertyName === undefined ? 0 : 1) +
    instancePath.split('/').length;
  return [...errors].sort((a, b) => rank(b) - rank(a))[0] as ErrorObject;
}

function factOf(
  thing: keyof Shapes,
  { keyword, message = '', params, parentSchema }: ErrorObject,
): string {
  switch (keyword) {
    case 'additionalProperties': {
      const known = Object.keys((parentSchema as { properties?: object })?.properties ?? {});
      return `is not a field of a ${thing}; here there are ${known.join(', ')}`;
    }
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`;
    case 'pattern':
      return `does not have the form ${params.pattern}`;
    case 'oneOf':
      return 'must be one of the forms that docs/guides/policy.md shows';
    default:
      return message;
  }
}

function keysOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function firstLine(text: string): string {
  return text.split('\n')[0]?.replace(/ at line .*$/, '') ?? '';
}
