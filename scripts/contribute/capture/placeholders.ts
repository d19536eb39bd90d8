import { mkdir, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { ParameterValue, Settings } from '../../../core/entry/resolve.ts';
import { referencesOf } from '../../../core/entry/template.ts';
import type { Parameter, Secret, ServerEntry } from '../../../core/entry/types.generated.ts';

/**
 * Settings with which a server starts although nobody has an account: every required parameter gets
 * its example, every required secret a text of the right form that opens nothing. Paths lead into
 * `folder`, a temporary one: a capture never sees a file of the machine that it runs on.
 */
export async function placeholderSettings(entry: ServerEntry, folder: string): Promise<Settings> {
  const parameters: Record<string, ParameterValue> = {};
  const mounted = new Set(
    (entry.permissions?.volumes ?? []).flatMap(({ path }) => referencesOf(path)),
  );
  const required = new Set(entry.parameters?.required);
  for (const [name, parameter] of Object.entries(entry.parameters?.properties ?? {})) {
    const isSet = required.has(name) || parameter.default !== undefined;
    if (mounted.has(name) && isSet) {
      const path = await makePath(folder, name, parameter);
      parameters[name] = parameter.type === 'array' ? [path] : path;
    } else if (required.has(name) && parameter.default === undefined) {
      parameters[name] = exampleOf(parameter);
    }
  }
  const secrets = Object.fromEntries(
    (entry.secrets ?? [])
      .filter((secret) => secret.required !== false)
      .map((secret) => [secret.name, placeholderOf(secret)]),
  );
  return { parameters, secrets };
}

/** A folder, or an empty file when the parameter's examples look like files. */
async function makePath(folder: string, name: string, parameter: Parameter): Promise<string> {
  const example = [parameter.examples?.[0], parameter.default].flat()[0];
  const file = typeof example === 'string' && extname(example) !== '' ? basename(example) : '';
  const path = file ? join(folder, name, file) : join(folder, name);
  await mkdir(join(folder, name), { recursive: true });
  if (file) await writeFile(path, '');
  return path;
}

function exampleOf(parameter: Parameter): ParameterValue {
  const [example] = parameter.examples ?? [];
  if (example !== undefined) return example as ParameterValue;
  if (parameter.enum?.[0] !== undefined) return parameter.enum[0];
  switch (parameter.type) {
    case 'array':
      return [parameter.items?.enum?.[0] ?? textOf(parameter.items?.format)];
    case 'boolean':
      return false;
    case 'string':
      return textOf(parameter.format);
    default:
      return parameter.format === 'port' ? 8080 : (parameter.minimum ?? 1);
  }
}

function textOf(format: Parameter['format']): string {
  if (format === 'host') return 'example.com';
  if (format === 'port') return '8080';
  return format === 'uri' ? 'https://example.com' : 'example';
}

/** `sk-...` becomes `sk-` and zeros: some servers refuse to start on a key of another form. */
function placeholderOf({ example }: Secret): string {
  const zeros = '0'.repeat(32);
  return example ? example.replace(/\.{2,}|…/g, zeros) : `placeholder-${zeros}`;
}
