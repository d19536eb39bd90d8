import type { ParameterValue, Settings } from '../../core/entry/resolve.ts';
import type { Parameter, ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';

/**
 * Sorts `--set SERVER.PARAMETER=VALUE` options by server. A value stays text here; `typedValue`
 * gives it its type once the entry is known.
 */
export function parseAssignments(
  assignments: readonly string[],
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const byServer = new Map<string, Map<string, string>>();
  for (const assignment of assignments) {
    const match = /^([a-z0-9-]+)\.([a-zA-Z][a-zA-Z0-9_]*)=(.*)$/s.exec(assignment);
    if (!match) {
      throw new PortolanError(
        'usage',
        'SETTING_MALFORMED',
        `--set ${assignment} is not SERVER.PARAMETER=VALUE, e.g. --set filesystem.directories=/home/me/work`,
      );
    }
    const [, server = '', parameter = '', value = ''] = match;
    const values = byServer.get(server) ?? new Map<string, string>();
    values.set(parameter, value);
    byServer.set(server, values);
  }
  return byServer;
}

/**
 * Gives texts from the command line the types that the entry declares. A list is written as JSON
 * (`["a","b"]`) or as one text per line; a single text is a list of one.
 */
export function typedParameters(
  entry: ServerEntry,
  texts: ReadonlyMap<string, string>,
): Settings['parameters'] {
  const declared = entry.parameters?.properties ?? {};
  return Object.fromEntries(
    [...texts].map(([name, text]) => [
      name,
      // An unknown name keeps its text; resolveEntry reports it with the names that exist.
      Object.hasOwn(declared, name) ? typedValue(entry.name, name, declared[name], text) : text,
    ]),
  );
}

function typedValue(
  server: string,
  name: string,
  parameter: Parameter | undefined,
  text: string,
): ParameterValue {
  switch (parameter?.type) {
    case 'number':
    case 'integer': {
      const value = Number(text);
      if (text.trim() === '' || Number.isNaN(value)) throw invalid(server, name, text, 'a number');
      return value;
    }
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw invalid(server, name, text, 'true or false');
      return text === 'true';
    case 'array':
      return listOf(server, name, text);
    default:
      return text;
  }
}

function listOf(server: string, name: string, text: string): readonly string[] {
  if (!text.trimStart().startsWith('[')) return text.split('\n').filter((line) => line !== '');
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  } catch {
    // Reported below with the rest.
  }
  throw invalid(server, name, text, 'a list of texts, e.g. ["/home/me/a","/home/me/b"]');
}

function invalid(server: string, name: string, text: string, expected: string): PortolanError {
  return new PortolanError(
    'usage',
    'SETTING_INVALID',
    `${server}.${name}: ${JSON.stringify(text)} is not ${expected}`,
  );
}
