import { parseTemplate, referencesOf } from '../../core/entry/template.ts';
import type { Parameter, Secret, ServerEntry } from '../../core/entry/types.generated.ts';

/** Something that Docker's format cannot say; the message is the reason, for people. */
export class Unfit extends Error {}

/**
 * Arguments in Docker's templates. Docker turns an unset setting into an empty text where an entry
 * leaves the argument out, and a number that stands alone into nonsense, so both are refused.
 */
export function dockerCommand(entry: ServerEntry): string[] {
  return (entry.args ?? []).flatMap((argument) => {
    if (typeof argument === 'string') return [argumentOf(argument, entry)];
    if (!Array.isArray(argument)) throw new Unfit('it has arguments under a condition');
    if (argument.some((item) => referencesOf(item).some((name) => isList(entry, name)))) {
      throw new Unfit('it repeats arguments for each member of a list');
    }
    return argument.map((item) => argumentOf(item, entry));
  });
}

/** Folders: `{{server.parameter|volume}}` is the same path inside and outside. */
export function dockerVolumes(entry: ServerEntry): string[] {
  return (entry.permissions?.volumes ?? []).map(({ path, target, access }) => {
    const [name = ''] = referencesOf(path);
    const rest = path.slice(name.length + 2);
    const suffix = access === 'read-only' ? ':ro' : '';
    const text = `${entry.name}.${name}`;
    if (isList(entry, name)) {
      if (suffix || target || rest) throw new Unfit('it mounts a list of folders with conditions');
      return `{{${text}|volume|into}}`;
    }
    if (!isCertain(entry, name)) throw new Unfit('it mounts a folder only when that is set');
    if (target) return `{{${text}}}${rest}:${target}${suffix}`;
    if (rest) throw new Unfit('it mounts a part of a folder');
    return `{{${text}|volume}}${suffix}`;
  });
}

/** Environment variables, and those that hold a secret and nothing else. */
export function dockerEnv(entry: ServerEntry) {
  const secrets = new Map((entry.secrets ?? []).map((secret) => [secret.name, secret]));
  const env: { name: string; value: string }[] = [];
  const held: ReturnType<typeof secretOf>[] = [];
  for (const [variable, template] of Object.entries(entry.env ?? {})) {
    const secret = soleSecret(template, secrets);
    // Docker sets `<UNKNOWN>` for a secret that is not set; an optional one is better left out.
    if (secret && secret.required !== false) held.push(secretOf(entry.name, secret, variable));
    if (!secret) env.push({ name: variable, value: envValueOf(template, entry) });
  }
  return { env, secrets: held };
}

/** A secret of Docker's: named after the server, given to it as an environment variable. */
export function secretOf(server: string, secret: Secret, env: string) {
  return {
    name: `${server}.${secret.name}`,
    env,
    description: secret.description,
    ...(secret.example ? { example: secret.example } : {}),
  };
}

function soleSecret(template: string, secrets: ReadonlyMap<string, Secret>): Secret | undefined {
  const names = referencesOf(template);
  if (!names.some((name) => secrets.has(name))) return undefined;
  const parts = parseTemplate(template);
  if (parts.length !== 1) throw new Unfit('a variable holds a secret among other text');
  return secrets.get(names[0] ?? '');
}

function envValueOf(template: string, entry: ServerEntry): string {
  const parts = parseTemplate(template);
  const names = referencesOf(template);
  if (names.some((name) => isList(entry, name))) throw new Unfit('a variable holds a list');
  if (parts.length > 1 && !names.every((name) => isCertain(entry, name))) {
    throw new Unfit('a variable depends on a setting that may be missing');
  }
  return rendered(template, entry);
}

function argumentOf(template: string, entry: ServerEntry): string {
  const parts = parseTemplate(template);
  const names = referencesOf(template);
  if (!names.every((name) => isCertain(entry, name))) {
    throw new Unfit('an argument depends on a setting that may be missing');
  }
  const [name = ''] = names;
  if (parts.length > 1) {
    if (names.some((item) => isList(entry, item))) throw new Unfit('an argument holds a list');
  } else if (
    names.length === 1 &&
    !isList(entry, name) &&
    parameterOf(entry, name)?.type !== 'string'
  ) {
    throw new Unfit('an argument is a number or a yes or no alone');
  }
  return rendered(template, entry);
}

function rendered(template: string, entry: ServerEntry): string {
  return parseTemplate(template)
    .map((part) => {
      if ('literal' in part) {
        if (/[{}$]/.test(part.literal))
          throw new Unfit('a text holds characters that Docker expands');
        return part.literal;
      }
      return reference(part.reference, entry);
    })
    .join('');
}

function reference(name: string, entry: ServerEntry): string {
  const volume = entry.permissions?.volumes?.find(({ path }) => path.startsWith(`{${name}}`));
  const fallback = parameterOf(entry, name)?.default;
  const text = `${entry.name}.${name}`;
  if (volume?.target) return volume.target;
  if (volume)
    return isList(entry, name) ? `{{${text}|volume-target|into}}` : `{{${text}|volume-target}}`;
  if (fallback === undefined) return `{{${text}}}`;
  if (typeof fallback === 'object' || /[|{}]/.test(String(fallback))) {
    throw new Unfit('a default cannot be written as one');
  }
  return `{{${text}|or:${fallback}}}`;
}

function parameterOf(entry: ServerEntry, name: string): Parameter | undefined {
  return entry.parameters?.properties[name];
}

function isList(entry: ServerEntry, name: string): boolean {
  return parameterOf(entry, name)?.type === 'array';
}

/** True when a parameter always has a value. */
function isCertain(entry: ServerEntry, name: string): boolean {
  return (
    entry.parameters?.required?.includes(name) === true ||
    parameterOf(entry, name)?.default !== undefined
  );
}
