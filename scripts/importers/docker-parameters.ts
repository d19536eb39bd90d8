import { parameterFault } from '../../core/entry/resolve.ts';
import type { Parameter } from '../../core/entry/types.generated.ts';
import type { Settings } from './draft.ts';
import type { Facts, Step } from './facts.ts';
import { toSettingName } from './words.ts';

const TYPES = ['string', 'number', 'integer', 'boolean', 'array'] as const;

/**
 * Reads the parameters of a Docker entry: a JSON Schema object in `config.parameters`, or, where
 * that is missing or null, its members hoisted into `config`. Nested objects are flattened:
 * `confluence.url` becomes `confluence_url`.
 */
export function readParameters(facts: Facts, settings: Settings): void {
  for (const base of [['config', 'parameters'], ['config']] as const) {
    if (facts.look(...base) === null) facts.take(...base);
    if (isRecord(facts.look(...base, 'properties'))) {
      facts.take(...base, 'type');
      readProperties(facts, base, '', true, settings);
    }
  }
}

function readProperties(
  facts: Facts,
  base: readonly Step[],
  prefix: string,
  isRequired: boolean,
  settings: Settings,
): void {
  const properties = facts.look(...base, 'properties') as Record<string, unknown>;
  for (const [key, property] of Object.entries(properties)) {
    const path = [...base, 'properties', key];
    const name = toSettingName(`${prefix}${key}`);
    if (!isRecord(property)) {
      facts.report(path, 'this is no JSON Schema of a parameter');
    } else if (isRecord(property.properties)) {
      facts.take(...path, 'type');
      const required = facts.look(...base, 'required');
      const inner = isRequired && Array.isArray(required) && required.includes(key);
      readProperties(facts, path, `${prefix}${key}_`, inner, settings);
    } else {
      settings.parameters[name] = readParameter(facts, path);
      if (name !== key && !prefix) facts.report([...path, 'name'], `renamed to ${name}`);
    }
  }
  if (isRequired) readRequired(facts, base, prefix, settings);
  else if (facts.look(...base, 'required') !== undefined) {
    facts.report([...base, 'required'], 'required only together with its group, which is optional');
  }
}

function readRequired(
  facts: Facts,
  base: readonly Step[],
  prefix: string,
  settings: Settings,
): void {
  const required = facts.look(...base, 'required');
  if (!Array.isArray(required)) return;
  facts.take(...base, 'required');
  required.forEach((key, index) => {
    const name = toSettingName(`${prefix}${key}`);
    const isGroup = Object.keys(settings.parameters).some((known) => known.startsWith(`${name}_`));
    if (Object.hasOwn(settings.parameters, name)) settings.required.push(name);
    else if (!isGroup)
      facts.report([...base, 'required', index], 'there is no parameter of this name');
  });
}

function readParameter(facts: Facts, path: readonly Step[]): Parameter {
  const take = (key: string) => facts.take(...path, key);
  const given = take('type');
  const type = TYPES.find((known) => known === given) ?? 'string';
  if (given !== type) facts.report([...path, 'type'], 'unknown type; string was taken');
  const description = take('description');
  const title = take('title');
  const options = take('enum');
  const pattern = take('pattern');
  const items = take('items');
  const parameter: Parameter = {
    type,
    ...(typeof title === 'string' && title && { title: title.slice(0, 80) }),
    description: typeof description === 'string' ? description.trim() : '',
    ...(Array.isArray(options) && {
      enum: options.filter((option) => typeof option !== 'boolean'),
    }),
    ...(typeof pattern === 'string' && { pattern }),
    ...(type === 'array' && { items: { type: 'string' } }),
  };
  if (isRecord(items) && items.type !== 'string') {
    facts.report([...path, 'items'], 'lists hold text; string was taken');
  }
  const example = take('example');
  if (example !== undefined)
    addExample(parameter, example, () =>
      facts.report([...path, 'example'], 'it is no value of this type'),
    );
  const fallback = facts.look(...path, 'default');
  if (fallback !== undefined) {
    take('default');
    setDefault(parameter, fallback, (reason) => facts.report([...path, 'default'], reason));
  }
  return parameter;
}

/** Sets a default, brought to the type of the parameter where that is possible without doubt. */
export function setDefault(
  parameter: Parameter,
  value: unknown,
  report: (reason: string) => void,
): void {
  const fitting = toType(parameter, value);
  if (fitting === undefined) {
    report(`it is no value of the type ${parameter.type}`);
  } else if (hasHomePath(fitting)) {
    addExample(parameter, fitting, () => undefined);
    report('a path of one machine is an example here, not a default');
  } else {
    parameter.default = fitting;
    if (fitting !== value)
      report(`written as ${JSON.stringify(fitting)}, by the type of the parameter`);
  }
}

/** Adds an example where it is a value of the parameter. */
export function addExample(parameter: Parameter, value: unknown, report: () => void): void {
  const fitting = toType(parameter, value);
  if (fitting === undefined || fitting === '') {
    report();
    return;
  }
  const examples = parameter.examples ?? [];
  if (
    examples.length < 8 &&
    !examples.some((known) => JSON.stringify(known) === JSON.stringify(fitting))
  ) {
    parameter.examples = [...examples, fitting];
  }
}

function toType(parameter: Parameter, value: unknown): Parameter['default'] {
  const { type } = parameter;
  const candidates = [value];
  if (type === 'array' && typeof value === 'string') candidates.push([value]);
  if (type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    candidates.push(String(value));
  }
  if ((type === 'number' || type === 'integer') && typeof value === 'string' && value.trim()) {
    candidates.push(Number(value));
  }
  if (type === 'boolean' && (value === 'true' || value === 'false'))
    candidates.push(value === 'true');
  return candidates.find((candidate) =>
    ['string', 'number', 'boolean'].includes(typeof candidate) || Array.isArray(candidate)
      ? !faultOf(parameter, candidate as string)
      : false,
  ) as Parameter['default'];
}

function faultOf(parameter: Parameter, value: string): string | undefined {
  try {
    return parameterFault(parameter, value);
  } catch {
    // A pattern that is no regular expression is the schema's to find.
    return undefined;
  }
}

function hasHomePath(value: unknown): boolean {
  return [value]
    .flat()
    .some((member) => typeof member === 'string' && /^\/(Users|home)\//.test(member));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
