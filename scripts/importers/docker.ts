import type { Parameter, ServerEntry } from '../../core/entry/types.generated.ts';
import { DOCKER_CATEGORIES } from './docker-categories.ts';
import { addExample, isRecord, readParameters, setDefault } from './docker-parameters.ts';
import { convertTemplate, referenceName } from './docker-template.ts';
import { readDockerTools } from './docker-tools.ts';
import { type Imported, newSettings, type Settings, settingFields } from './draft.ts';
import { type Facts, factsOf, type Step } from './facts.ts';
import {
  publisherOfHost,
  publisherOfRepository,
  shortenText,
  toName,
  toPlainText,
  toSettingName,
  toTag,
} from './words.ts';

/** One folder of Docker's registry, parsed. */
export interface DockerInput {
  /** Content of server.yaml. */
  readonly data: unknown;
  /** Content of tools.json, when there is one. */
  readonly tools?: unknown;
  readonly readme?: string;
  /** Name of the folder, for entries that do not say their own. */
  readonly folder: string;
}

/**
 * Converts an entry of Docker's registry. It never fails on content: what does not fit is in
 * `unmapped`, and what is missing is left out, for the rules to find.
 */
export function importDocker({ data, tools, readme, folder }: DockerInput): Imported {
  const facts = factsOf(isRecord(data) ? data : { content: data });
  const given = asText(facts, ['name']) ?? folder;
  const name = toName(given);
  if (name !== given) facts.report(['name'], `renamed to ${name}`);
  const settings = newSettings();
  readParameters(facts, settings);
  const variables = readSecrets(facts, given, settings);
  const convert = (template: string, path: readonly Step[]) =>
    convertFor(template, path, given, variables, settings, facts);
  readEnvironment(facts, settings, convert, given);
  const about = readAbout(facts, readme);
  const launch = readLaunch(facts, settings, convert);
  for (const parameter of Object.values(settings.parameters)) parameter.description ||= '';
  describeParameters(settings);
  const captured = readDockerTools(tools, name, launch);
  facts.take('type');
  const entry: Partial<ServerEntry> = {
    name,
    version: '1.0.0',
    ...about.fields,
    ...originFields(facts),
    ...launch,
    ...settingFields(settings),
    tools:
      facts.take('dynamic', 'tools') === true
        ? { dynamic: 'The catalog that it was imported from marks its tools as dynamic.' }
        : 'static',
  };
  return {
    name,
    entry,
    ...(captured.tools && entry.tools === 'static' && { tools: captured.tools }),
    ...(about.readme && { readme: about.readme }),
    unmapped: [...facts.unmapped(name), ...captured.unmapped],
  };
}

type Convert = (template: string, path: readonly Step[]) => string;

function asText(facts: Facts, path: readonly Step[]): string | undefined {
  const value = facts.take(...path);
  if (typeof value === 'string' && value.trim()) return value.trim();
  if (typeof value === 'number') return String(value);
  if (value !== undefined && value !== null) facts.report(path, 'this is no text');
  return undefined;
}

function readAbout(facts: Facts, readme: string | undefined) {
  const title = asText(facts, ['about', 'title']);
  const given = asText(facts, ['about', 'description']);
  const plain = given && toPlainText(given);
  const description = plain && shortenText(plain, 300);
  if (given && description !== given) {
    facts.report(
      ['about', 'description'],
      readme ? 'shortened to plain text' : 'shortened to plain text; readme.md has all of it',
    );
  }
  const category = asText(facts, ['meta', 'category']);
  const tags = facts.look('meta', 'tags');
  const kept: string[] = [];
  for (const [index, tag] of (Array.isArray(tags) ? tags : []).entries()) {
    const word = toTag(String(facts.take('meta', 'tags', index)));
    const path = ['meta', 'tags', index];
    if (!word) facts.report(path, 'no tag can be made of it');
    else if (word !== tag) facts.report(path, `written as ${word}`);
    if (!word || kept.includes(word)) continue;
    if (kept.length < 12) kept.push(word);
    else facts.report(path, 'an entry has at most 12 tags');
  }
  const id = category && (DOCKER_CATEGORIES[category.toLowerCase()] ?? toName(category));
  if (category && id !== category) facts.report(['meta', 'category'], `mapped to ${id}`);
  const fields: Partial<ServerEntry> = {
    ...(title && { title: shortenText(title, 80) }),
    ...(description && { description }),
    ...(id && { categories: [id] }),
    ...(kept.length > 0 && { tags: kept }),
  };
  const long = given && description !== given ? `# ${title ?? ''}\n\n${given}\n` : undefined;
  return { fields, readme: readme ?? long };
}

function originFields(facts: Facts): Partial<ServerEntry> {
  const repository = asText(facts, ['source', 'project'])?.replace(/\/$/, '');
  const commit = asText(facts, ['source', 'commit']);
  const subfolder = asText(facts, ['source', 'directory'])?.replace(/^\.?\/+|\/+$/g, '');
  const dockerfile = asText(facts, ['source', 'dockerfile'])?.replace(/^\.?\/+/, '');
  const url = facts.look('remote', 'url');
  const endpoint = typeof url === 'string' ? url : undefined;
  const publisher =
    (repository && publisherOfRepository(repository)) || (endpoint && publisherOfHost(endpoint));
  const links = repository ? { source: repository } : publisher && { homepage: publisher.url };
  return {
    ...(endpoint && !repository && { license: 'LicenseRef-Proprietary' }),
    ...(publisher && { publisher }),
    ...(links && { links }),
    ...(repository && {
      source: {
        repository,
        ...(commit && { commit }),
        ...(subfolder && { subfolder }),
        ...(dockerfile && { dockerfile }),
      },
    }),
  };
}

/** Secrets, and the name of each by the variable that holds it. */
function readSecrets(facts: Facts, server: string, settings: Settings): Map<string, string> {
  const variables = new Map<string, string>();
  const secrets = facts.look('config', 'secrets');
  for (const [index] of (Array.isArray(secrets) ? secrets : []).entries()) {
    const text = (key: string) => asText(facts, ['config', 'secrets', index, key]);
    const [given, env, description, example] = ['name', 'env', 'description', 'example'].map(text);
    const required = facts.take('config', 'secrets', index, 'required');
    const name = referenceName(given ?? env ?? `secret_${index + 1}`, server);
    if (!given) facts.report(['config', 'secrets', index], `it has no name; ${name} was taken`);
    settings.secrets.push({
      name,
      description: shortenText(
        toPlainText(description ?? `Value of the variable ${env ?? name}.`),
        300,
      ),
      ...(required === false && { required: false }),
      ...(example && { example: example.slice(0, 100) }),
    });
    if (env) variables.set(env, name);
    else facts.report(['config', 'secrets', index], 'it has no variable, so nothing uses it');
    if (env && !facts.look('remote')) settings.env[env] = `{${name}}`;
  }
  return variables;
}

function convertFor(
  template: string,
  path: readonly Step[],
  server: string,
  variables: ReadonlyMap<string, string>,
  settings: Settings,
  facts: Facts,
): string {
  const { text, defaults, paths, lost } = convertTemplate(template, server, variables);
  for (const reason of lost) facts.report(path, reason);
  for (const [name, value] of defaults) {
    const parameter = settings.parameters[name];
    if (parameter && parameter.default === undefined) {
      setDefault(parameter, value, (reason) => facts.report(path, reason));
    } else {
      facts.report(path, `the default ${value} in the template has no place`);
    }
  }
  for (const name of paths) markAsPath(settings.parameters[name]);
  return text;
}

function markAsPath(parameter: Parameter | undefined): void {
  if (!parameter) return;
  if (parameter.type === 'array') parameter.items = { type: 'string', format: 'path' };
  else parameter.format = 'path';
}

function readEnvironment(facts: Facts, settings: Settings, convert: Convert, server: string): void {
  const list = facts.look('config', 'env');
  for (const [index] of (Array.isArray(list) ? list : []).entries()) {
    const path = ['config', 'env', index];
    const [name, value] = ['name', 'value'].map((key) => asText(facts, [...path, key]));
    const description = asText(facts, [...path, 'description']);
    const example = facts.look(...path, 'example');
    if (!name || value === undefined) {
      facts.report(path, 'it has no name or no value, so nothing can be set');
      continue;
    }
    setVariable(settings, name, convert(value, [...path, 'value']), () =>
      facts.report(path, `another value of ${name} came first`),
    );
    const only = /^\{\{\s*([^{}|]+?)\s*(?:\|[^{}]*)?\}\}$/.exec(value)?.[1];
    const parameter = only ? settings.parameters[referenceName(only, server)] : undefined;
    if (description && parameter && !parameter.description) parameter.description = description;
    else if (description) facts.report([...path, 'description'], 'a variable has no description');
    if (example === undefined) continue;
    facts.take(...path, 'example');
    const lose = () => facts.report([...path, 'example'], 'only a parameter has examples');
    if (parameter) addExample(parameter, example, lose);
    else lose();
  }
  for (const name of Object.keys((facts.look('run', 'env') as object | undefined) ?? {})) {
    const value = asText(facts, ['run', 'env', name]) ?? '';
    setVariable(settings, name, convert(value, ['run', 'env', name]), () =>
      facts.report(['run', 'env', name], `another value of ${name} came first`),
    );
  }
}

function setVariable(settings: Settings, name: string, value: string, taken: () => void): void {
  if (Object.hasOwn(settings.env, name) && settings.env[name] !== value) taken();
  else settings.env[name] = value;
}

/** Where the server comes from and what it may touch: container or remote. */
function readLaunch(facts: Facts, settings: Settings, convert: Convert): Partial<ServerEntry> {
  if (facts.look('remote')) {
    const transport = asText(facts, ['remote', 'transport_type']);
    const url = asText(facts, ['remote', 'url']) ?? '';
    const headers = (facts.look('remote', 'headers') as Record<string, unknown> | undefined) ?? {};
    const oauth = facts.look('oauth');
    return {
      remote: {
        transport: transport as 'sse',
        url: convert(url, ['remote', 'url']),
        ...(Object.keys(headers).length > 0 && {
          headers: Object.fromEntries(
            Object.keys(headers).map((name) => {
              const path = ['remote', 'headers', name];
              return [name, convert(asText(facts, path) ?? '', path)];
            }),
          ),
        }),
        ...(Array.isArray(oauth) && oauth.length > 0 && { oauth: {} }),
      },
    };
  }
  const image = asText(facts, ['image']);
  const user = asText(facts, ['run', 'user']);
  return {
    ...(image && { container: { image: fullReference(image), ...(user && { user }) } }),
    ...argumentFields(facts, convert),
    ...(facts.take('longLived') === true && { stateful: true }),
    permissions: { network: readNetwork(facts, convert), ...readVolumes(facts, settings, convert) },
  };
}

/** `mcp/time` is short for `docker.io/mcp/time`. */
function fullReference(image: string): string {
  const [first = ''] = image.split('/');
  const hasHost = image.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  if (hasHost) return image;
  return `docker.io/${image.includes('/') ? '' : 'library/'}${image}`;
}

function argumentFields(facts: Facts, convert: Convert): Partial<ServerEntry> {
  const command = facts.look('run', 'command');
  if (!Array.isArray(command) || command.length === 0) return {};
  return {
    args: command.map((_, index) => {
      const path = ['run', 'command', index];
      return convert(asText(facts, path) ?? '', path);
    }),
  };
}

function readNetwork(facts: Facts, convert: Convert): 'none' | { allow: string[] } {
  if (facts.take('run', 'disableNetwork') === true) return 'none';
  const hosts = facts.look('run', 'allowHosts');
  if (Array.isArray(hosts) && hosts.length > 0) {
    return {
      allow: hosts.map((_, index) => {
        const path = ['run', 'allowHosts', index];
        const host = convert(asText(facts, path) ?? '', path);
        return /:[^:]+$/.test(host) ? host : `${host}:443`;
      }),
    };
  }
  facts.report(['run', 'allowHosts'], 'no host is named, so every host was allowed; narrow it');
  return { allow: ['*:443'] };
}

function readVolumes(facts: Facts, settings: Settings, convert: Convert) {
  const list = facts.look('run', 'volumes');
  if (!Array.isArray(list) || list.length === 0) return {};
  const volumes = list.map((_, index) => {
    const at = ['run', 'volumes', index];
    const given = asText(facts, at) ?? '';
    const [, path = '', target, mode] =
      /^(\{\{.*?\}\}[^:]*|[^:]*)(?::([^:]*))?(?::(.*))?$/.exec(given) ?? [];
    const access = /(^|,)ro(,|$)/.test(mode ?? '')
      ? ('read-only' as const)
      : ('read-write' as const);
    let source = convert(path, at);
    const own = /^\{(\w+)\}/.exec(source)?.[1];
    if (own) markAsPath(settings.parameters[own]);
    else {
      const parameter = toSettingName(`${target ?? path}_folder`);
      settings.parameters[parameter] = {
        type: 'string',
        description: `Folder that the server sees as ${target ?? path}.`,
        format: 'path',
      };
      source = `{${parameter}}`;
      facts.report(at, `only users name folders here; the parameter ${parameter} was made`);
    }
    const inside = target && convert(target, at);
    if (inside?.includes('{'))
      facts.report(at, 'a target cannot be a template; the path of the host is used');
    return { path: source, ...(inside && !inside.includes('{') && { target: inside }), access };
  });
  return { volumes };
}

function describeParameters(settings: Settings): void {
  for (const [name, parameter] of Object.entries(settings.parameters)) {
    if (parameter.description.length >= 5) {
      parameter.description = shortenText(parameter.description, 500);
      continue;
    }
    const variable = Object.keys(settings.env).find((key) =>
      settings.env[key]?.includes(`{${name}}`),
    );
    parameter.description = variable ? `Value of the variable ${variable}.` : `Value of ${name}.`;
  }
}
