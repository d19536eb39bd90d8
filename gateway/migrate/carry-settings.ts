import type { ParameterValue } from '../../core/entry/resolve.ts';
import { parameterFault } from '../../core/entry/resolve.ts';
import type { Parameter, ProfileServer, ServerEntry } from '../../core/entry/types.generated.ts';
import { isObject } from '../relay/protocol.ts';

type Parameters = NonNullable<ProfileServer['parameters']>;

/** What an entry can take of the settings of another catalog's server. */
export interface CarriedSettings {
  readonly parameters: Parameters;
  /** What was lost or taken under another name, a sentence each. Values are never quoted. */
  readonly notes: readonly string[];
}

/**
 * Finds a parameter of the entry for each setting: names are compared without case, `-`, `_` and
 * dots of nested maps. What is left over on both sides as the only list is taken for the same. A
 * setting that is a secret here is never carried over.
 */
export function carrySettings(
  entry: ServerEntry,
  config: Readonly<Record<string, unknown>>,
): CarriedSettings {
  const declared = entry.parameters?.properties ?? {};
  const parameters: Parameters = {};
  const notes: string[] = [];
  const left: (readonly [string, unknown])[] = [];
  for (const [key, value] of flattened(config)) {
    if (value === null || value === '') continue;
    const name = Object.keys(declared).find((one) => loose(one) === loose(key));
    const secret = entry.secrets?.find((one) => loose(one.name) === loose(key));
    if (name !== undefined) take(name, key, value);
    else if (secret) {
      notes.push(
        `${key} is a secret here and was not carried over; portolan secret set ${entry.name}.${secret.name}`,
      );
    } else left.push([key, value]);
  }
  const lists = left.filter(([, value]) => Array.isArray(value));
  const open = Object.entries(declared).filter(
    ([name, { type }]) => type === 'array' && !Object.hasOwn(parameters, name),
  );
  const [list, place] = [lists[0], open[0]];
  const pair = lists.length === 1 && open.length === 1 && list && place;
  for (const [key, value] of left) {
    if (pair && key === list[0]) {
      take(place[0], key, value);
      if (Object.hasOwn(parameters, place[0])) {
        notes.push(`${key} is called ${place[0]} here`);
      }
    } else notes.push(lost(key));
  }
  return { parameters, notes };

  function take(name: string, key: string, value: unknown): void {
    const parameter = declared[name] as Parameter;
    const fitting = inType(parameter, value);
    const fault =
      fitting === undefined
        ? `must be of the type ${parameter.type}`
        : parameterFault(parameter, fitting);
    if (fitting === undefined || fault) {
      notes.push(
        `the setting ${key} does not fit ${name}, which ${withoutValue(fault ?? '')}; left out, portolan set ${entry.name}.${name}=VALUE`,
      );
    } else parameters[name] = fitting as Parameters[string];
  }

  function lost(key: string): string {
    const known = Object.keys(declared);
    return `the setting ${key} has no counterpart here; left out${known.length > 0 ? ` (there are ${known.join(', ')})` : ''}`;
  }
}

/** Docker names the tools that are on; an empty list means that none is. */
export function switchesFor(tools: readonly string[]): NonNullable<ProfileServer['tools']> {
  return tools.length === 0 ? { disable: ['*'] } : { enable: [...new Set(tools)] };
}

/** `{ a: { b: 1 } }` as `a.b` and 1. */
function flattened(
  config: Readonly<Record<string, unknown>>,
  prefix = '',
): (readonly [string, unknown])[] {
  return Object.entries(config).flatMap(([key, value]) =>
    isObject(value) ? flattened(value, `${prefix}${key}.`) : [[`${prefix}${key}`, value] as const],
  );
}

function loose(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** The value in the type of the parameter, where that is possible without doubt. */
function inType({ type }: Parameter, value: unknown): ParameterValue | undefined {
  if (type === 'array') {
    const list = Array.isArray(value) ? value : [value];
    return list.every((item) => ['string', 'number', 'boolean'].includes(typeof item))
      ? list.map(String)
      : undefined;
  }
  if (type === 'string') {
    return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined;
  }
  if (type === 'boolean') {
    if (typeof value === 'boolean') return value;
    return value === 'true' ? true : value === 'false' ? false : undefined;
  }
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Faults of lists and choices name the stranger; a setting may be private. */
function withoutValue(fault: string): string {
  return fault.replace(/, not .*$/s, '');
}
