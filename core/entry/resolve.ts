import { PortolanError } from '../errors.ts';
import { fillTemplate, parseTemplate, referencesOf, type TemplateValue } from './template.ts';
import type { Argument, Parameter, ServerEntry } from './types.generated.ts';

export type ParameterValue = string | number | boolean | readonly string[];

/** What a user set for one server. Secret values arrive here only at launch and are never stored. */
export interface Settings {
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly secrets: Readonly<Record<string, string>>;
}

export interface ResolvedVolume {
  readonly source: string;
  readonly target: string;
  readonly access: 'read-only' | 'read-write';
}

/** `host` is exact, `*.suffix` or `*`; `port` is 1-65535. */
export interface NetworkRule {
  readonly host: string;
  readonly port: number;
  /** The user set the host: it may then be one of the user's own network. */
  readonly chosenByUser?: true;
}

/** An entry with its templates filled: what a launch driver needs, and all that it may grant. */
export interface ResolvedEntry {
  readonly args: readonly string[];
  /** Variables without any secret in them. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables that hold a secret; a driver keeps them out of arguments, logs and files. */
  readonly secretEnv: Readonly<Record<string, string>>;
  /** Headers of a remote server; may hold secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** URL of a remote server. */
  readonly url: string | undefined;
  /** Empty: no network. */
  readonly network: readonly NetworkRule[];
  readonly volumes: readonly ResolvedVolume[];
  readonly resources: ResolvedResources;
}

/** `memory` and `tmp` in bytes. */
export interface ResolvedResources {
  readonly memory: number;
  readonly cpus: number;
  readonly pids: number;
  readonly tmp: number;
}

/**
 * Fills the templates of an entry. Defaults of parameters apply.
 *
 * Throws `forbidden`/`usage` errors with code `SETTING_MISSING` (a required parameter or secret is
 * not set), `SETTING_UNKNOWN` (a name that the entry does not declare) or `SETTING_INVALID`.
 */
export function resolveEntry(entry: ServerEntry, settings: Settings): ResolvedEntry {
  const parameters = withDefaults(entry, settings.parameters);
  requireSecrets(entry, settings.secrets);
  const secrets = new Map(
    (entry.secrets ?? []).flatMap(({ name }) => {
      const value = settings.secrets[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  const secretNames = new Set((entry.secrets ?? []).map(({ name }) => name));
  const lookUp = (name: string): TemplateValue => secrets.get(name) ?? parameters.get(name);

  const volumes = resolveVolumes(entry, parameters);
  // Inside the server a host path has the name that it is mounted under.
  const inside = new Map(parameters);
  for (const { parameter, values } of volumes.targets) inside.set(parameter, values);
  const lookUpInside = (name: string): TemplateValue => secrets.get(name) ?? inside.get(name);

  const env: Record<string, string> = {};
  const secretEnv: Record<string, string> = {};
  for (const [name, template] of Object.entries(entry.env ?? {})) {
    const value = fillTemplate(template, lookUpInside);
    if (value === undefined) continue;
    const holdsSecret = referencesOf(template).some((reference) => secretNames.has(reference));
    (holdsSecret ? secretEnv : env)[name] = value;
  }
  const headers: Record<string, string> = {};
  for (const [name, template] of Object.entries(entry.remote?.headers ?? {})) {
    const value = fillTemplate(template, lookUp);
    if (value === undefined) continue;
    if (/[\r\n\0]/.test(value)) {
      throw new PortolanError(
        'usage',
        'SETTING_INVALID',
        `${entry.name}: header ${name} would hold a line break; set the secret or parameter again without one`,
      );
    }
    headers[name] = value;
  }
  return {
    args: (entry.args ?? []).flatMap((argument) =>
      resolveArgument(argument, (name) => inside.get(name)),
    ),
    env,
    secretEnv,
    headers,
    url: entry.remote && fillUrl(entry.remote.url, (name) => parameters.get(name)),
    network: resolveNetwork(entry, parameters, settings.parameters),
    volumes: volumes.list,
    resources: resolveResources(entry),
  };
}

function withDefaults(
  entry: ServerEntry,
  given: Settings['parameters'],
): Map<string, ParameterValue> {
  const declared = entry.parameters?.properties ?? {};
  const values = new Map<string, ParameterValue>();
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(declared, name)) {
      const known = Object.keys(declared);
      throw new PortolanError(
        'usage',
        'SETTING_UNKNOWN',
        `${entry.name} has no parameter "${name}"; it has ${known.length ? known.join(', ') : 'none'}`,
      );
    }
  }
  for (const [name, parameter] of Object.entries(declared)) {
    const value = Object.hasOwn(given, name) ? given[name] : parameter.default;
    if (value !== undefined) {
      checkParameter(entry.name, name, parameter, value);
      values.set(name, value);
    } else if (entry.parameters?.required?.includes(name)) {
      throw new PortolanError(
        'usage',
        'SETTING_MISSING',
        `${entry.name} needs the parameter "${name}" (${parameter.description}); set it with --set ${entry.name}.${name}=VALUE or in the profile`,
      );
    }
  }
  return values;
}

function checkParameter(
  server: string,
  name: string,
  parameter: Parameter,
  value: ParameterValue,
): void {
  const fault = parameterFault(parameter, value);
  if (fault) {
    throw new PortolanError(
      'usage',
      'SETTING_INVALID',
      `${server}: parameter "${name}" ${fault}; it means: ${parameter.description}`,
    );
  }
}

/** Why a parameter does not take a value, as in "must be at least 1"; undefined when it does. */
export function parameterFault(parameter: Parameter, value: ParameterValue): string | undefined {
  if (parameter.type === 'array') {
    if (!Array.isArray(value) || value.some((member) => typeof member !== 'string')) {
      return 'must be a list of texts';
    }
    const allowed = parameter.items?.enum;
    const stranger = allowed && value.find((member) => !allowed.includes(member));
    return stranger === undefined ? undefined : `may hold ${allowed?.join(', ')}, not ${stranger}`;
  }
  if (parameter.type === 'integer') {
    if (!Number.isInteger(value)) return 'must be a whole number';
  } else if (typeof value !== parameter.type) {
    return `must be a ${parameter.type}`;
  }
  if (typeof value === 'number') {
    if (parameter.minimum !== undefined && value < parameter.minimum) {
      return `must be at least ${parameter.minimum}`;
    }
    if (parameter.maximum !== undefined && value > parameter.maximum) {
      return `must be at most ${parameter.maximum}`;
    }
  }
  if (typeof value === 'string') {
    if (value.includes('\0')) return 'must not hold a null character';
    if (parameter.pattern && !new RegExp(parameter.pattern, 'u').test(value)) {
      return `must match ${parameter.pattern}`;
    }
  }
  if (parameter.enum && !parameter.enum.includes(value as string | number)) {
    return `must be one of ${parameter.enum.join(', ')}`;
  }
  return undefined;
}

function requireSecrets(entry: ServerEntry, given: Settings['secrets']): void {
  for (const secret of entry.secrets ?? []) {
    if (secret.required !== false && !given[secret.name]) {
      throw new PortolanError(
        'usage',
        'SETTING_MISSING',
        `${entry.name} needs the secret "${secret.name}" (${secret.description})${secret.url ? `, from ${secret.url}` : ''}; set it with \`portolan secret set ${entry.name}.${secret.name}\``,
      );
    }
  }
}

function resolveArgument(
  argument: Argument,
  lookUp: (name: string) => TemplateValue,
): readonly string[] {
  if (typeof argument === 'string') {
    const [part, ...rest] = parseTemplate(argument);
    if (part && 'reference' in part && rest.length === 0) {
      const value = lookUp(part.reference);
      if (Array.isArray(value)) return value;
    }
    const text = fillTemplate(argument, lookUp);
    return text === undefined ? [] : [text];
  }
  if (!Array.isArray(argument)) {
    const condition = lookUp(argument.when);
    const holds = Array.isArray(condition) ? condition.length > 0 : Boolean(condition);
    return holds ? resolveGroup(argument.args, lookUp) : [];
  }
  return resolveGroup(argument, lookUp);
}

function resolveGroup(
  group: readonly string[],
  lookUp: (name: string) => TemplateValue,
): readonly string[] {
  const lists = new Set(group.flatMap(referencesOf).filter((name) => Array.isArray(lookUp(name))));
  const [list] = lists;
  if (list === undefined) {
    const texts = group.map((template) => fillTemplate(template, lookUp));
    return texts.includes(undefined) ? [] : (texts as string[]);
  }
  return (lookUp(list) as readonly string[]).flatMap((member) =>
    resolveGroup(group, (name) => (name === list ? member : lookUp(name))),
  );
}

function resolveVolumes(entry: ServerEntry, parameters: ReadonlyMap<string, ParameterValue>) {
  const list: ResolvedVolume[] = [];
  const targets: { parameter: string; values: ParameterValue }[] = [];
  for (const volume of entry.permissions?.volumes ?? []) {
    const [part] = parseTemplate(volume.path);
    const reference = part && 'reference' in part ? part.reference : '';
    const value = parameters.get(reference);
    if (value === undefined) continue;
    const rest = volume.path.slice(reference.length + 2);
    const sources = (Array.isArray(value) ? value : [String(value)]) as readonly string[];
    const inside = sources.map((source, index) => {
      const target = volume.target;
      if (!target) return asContainerPath(source);
      return sources.length > 1 ? `${target}/${index + 1}` : target;
    });
    sources.forEach((source, index) => {
      const target = `${inside[index]}${volume.target ? '' : rest}`;
      list.push({ source: `${source}${rest}`, target, access: volume.access });
    });
    targets.push({
      parameter: reference,
      values: Array.isArray(value) ? inside : (inside[0] as string),
    });
  }
  return { list, targets };
}

/** A Windows path has no name inside a Linux container: `C:\work` appears as `/c/work`. */
function asContainerPath(path: string): string {
  const drive = /^([A-Za-z]):[\\/]/.exec(path);
  return drive ? `/${drive[1]?.toLowerCase()}/${path.slice(3).replaceAll('\\', '/')}` : path;
}

function resolveNetwork(
  entry: ServerEntry,
  parameters: ReadonlyMap<string, ParameterValue>,
  set: Settings['parameters'],
): NetworkRule[] {
  const network = entry.permissions?.network;
  if (network === undefined || network === 'none') return [];
  return network.allow.flatMap((template) => {
    const text = fillTemplate(template, (name) => parameters.get(name));
    if (text === undefined) return [];
    const match = /^(\*|(?:\*\.)?[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):([0-9]{1,5})$/.exec(text);
    const port = Number(match?.[2]);
    if (!match?.[1] || port < 1 || port > 65535) {
      throw new PortolanError(
        'usage',
        'SETTING_INVALID',
        `${entry.name}: "${text}" is not a host and a port (from ${template} in permissions.network); set a plain host name and a port of 1 to 65535`,
      );
    }
    // A wildcard is the reviewer's to grant, never something a setting can smuggle in.
    if (match[1].startsWith('*') && !template.startsWith('*')) {
      throw new PortolanError(
        'usage',
        'SETTING_INVALID',
        `${entry.name}: "${text}" asks for a wildcard where the entry allows one host (${template}); set a plain host name`,
      );
    }
    const [hostReference] = template.startsWith('{') ? referencesOf(template) : [];
    const chosen = hostReference !== undefined && Object.hasOwn(set, hostReference);
    const rule = { host: match[1].toLowerCase(), port };
    return [chosen ? { ...rule, chosenByUser: true as const } : rule];
  });
}

function fillUrl(template: string, lookUp: (name: string) => TemplateValue): string | undefined {
  return fillTemplate(template, (name) => {
    const value = lookUp(name);
    return value === undefined ? undefined : encodeURIComponent(String(value));
  });
}

function resolveResources(entry: ServerEntry): ResolvedResources {
  const { memory = '512m', cpus = 1, pids = 128, tmp = '64m' } = entry.permissions?.resources ?? {};
  return { memory: bytesOf(memory), cpus, pids, tmp: bytesOf(tmp) };
}

/** `512m` or `2g` in bytes. */
export function bytesOf(size: string): number {
  return Number(size.slice(0, -1)) * (size.endsWith('g') ? 2 ** 30 : 2 ** 20);
}
