import type { Argument, Parameter, ServerEntry } from '../../core/entry/types.generated.ts';
import { addExample, isRecord, setDefault } from './docker-parameters.ts';
import { type Imported, newSettings, type Settings, settingFields } from './draft.ts';
import { type Facts, factsOf, type Step } from './facts.ts';
import {
  escapeBraces,
  publisherOfHost,
  publisherOfRepository,
  shortenText,
  toName,
  toPlainText,
  toSettingName,
} from './words.ts';

/** Servers in a file: one server.json, a list of them, or an answer of the MCP Registry API. */
export function serversIn(data: unknown): readonly unknown[] {
  const list = isRecord(data) && Array.isArray(data.servers) ? data.servers : [data].flat();
  return list.map((item) => (isRecord(item) && isRecord(item.server) ? item.server : item));
}

/**
 * Converts an official server.json (2025-12-11 and the revisions before it). It never fails on
 * content: what does not fit is in `unmapped`, and what is missing is for the rules to find.
 */
export function importServerJson(data: unknown): Imported {
  const facts = factsOf(isRecord(data) ? data : { content: data });
  const given = textAt(facts, 'name') ?? '';
  const name = toName(given.split('/').at(-1) ?? '');
  facts.take('$schema');
  facts.report(['name'], `names are short here: ${name}`);
  const settings = newSettings();
  const title = textAt(facts, 'title');
  const description = textAt(facts, 'description');
  const launch = readLaunch(facts, settings);
  const entry: Partial<ServerEntry> = {
    name,
    version: readVersion(facts),
    title: shortenText(title ?? given.split('/').at(-1) ?? '', 80),
    ...(description && { description: shortenText(toPlainText(description), 300) }),
    ...originFields(facts, given, launch),
    ...launch,
    ...settingFields(settings),
    tools: 'static',
  };
  return { name, entry, unmapped: facts.unmapped(name) };
}

function textAt(facts: Facts, ...path: Step[]): string | undefined {
  const value = facts.take(...path);
  if (typeof value === 'string' && value.trim()) return value.trim();
  if (value !== undefined && value !== '') facts.report(path, 'this is no text');
  return undefined;
}

function readVersion(facts: Facts): string {
  const version = textAt(facts, 'version');
  if (version && /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$/.test(version))
    return version;
  if (version) facts.report(['version'], 'this is no semantic version; 1.0.0 was taken');
  return '1.0.0';
}

function originFields(
  facts: Facts,
  name: string,
  launch: Partial<ServerEntry>,
): Partial<ServerEntry> {
  const repository = textAt(facts, 'repository', 'url')?.replace(/(\.git)?\/?$/, '');
  const subfolder = textAt(facts, 'repository', 'subfolder')?.replace(/^\.?\/+|\/+$/g, '');
  facts.take('repository', 'source');
  const homepage = textAt(facts, 'websiteUrl');
  const user = /^io\.github\.([^/]+)\//.exec(name)?.[1];
  const domain = name.split('/')[0]?.split('.').reverse().join('.') ?? '';
  const publisher = repository
    ? publisherOfRepository(repository)
    : user
      ? { name: user, url: `https://github.com/${user}` }
      : publisherOfHost(launch.remote?.url ?? `https://${domain}`);
  const page = homepage ?? (repository ? undefined : publisher?.url);
  return {
    ...(launch.remote && !repository && { license: 'LicenseRef-Proprietary' }),
    ...(publisher && { publisher }),
    ...((repository || page) && {
      links: { ...(repository && { source: repository }), ...(page && { homepage: page }) },
    }),
    ...(repository && { source: { repository, ...(subfolder && { subfolder }) } }),
  };
}

/** The first package that can be run here, or the first remote; the others are left over. */
function readLaunch(facts: Facts, settings: Settings): Partial<ServerEntry> {
  const packages = facts.look('packages');
  const list = Array.isArray(packages) ? packages : [];
  const index = list.findIndex(
    (item) => isRecord(item) && ['npm', 'oci'].includes(String(item.registryType)),
  );
  const others = (reason: string) => {
    for (const other of list.keys()) if (other !== index) facts.report(['packages', other], reason);
  };
  if (index >= 0) {
    others('an entry has one origin; make another entry for this one');
    if (facts.look('remotes') !== undefined) {
      facts.report(['remotes'], 'an entry has one origin; make another entry for this one');
    }
    return readPackage(facts, ['packages', index], settings);
  }
  others(
    'entries come from npm, an OCI image or an endpoint; this kind of package cannot be run here',
  );
  return Array.isArray(facts.look('remotes')) ? readRemote(facts, settings) : {};
}

function readPackage(facts: Facts, at: readonly Step[], settings: Settings): Partial<ServerEntry> {
  const kind = textAt(facts, ...at, 'registryType');
  const identifier = textAt(facts, ...at, 'identifier') ?? '';
  const version = textAt(facts, ...at, 'version');
  const transport = textAt(facts, ...at, 'transport', 'type');
  if (transport && transport !== 'stdio') {
    facts.report([...at, 'transport'], 'a server that runs here speaks over stdio');
  }
  if (facts.look(...at, 'registryBaseUrl') !== undefined) {
    facts.report([...at, 'registryBaseUrl'], "packages come from the user's own registry");
  }
  const args = readArguments(facts, [...at, 'packageArguments'], settings);
  readVariables(facts, [...at, 'environmentVariables'], settings);
  return {
    ...(kind === 'npm'
      ? { npm: { package: identifier, version: version ?? '', integrity: '' } }
      : {
          container: {
            image:
              version && !/[:@][^/]*$/.test(identifier) ? `${identifier}:${version}` : identifier,
          },
        }),
    ...(args.length > 0 && { args }),
    permissions: { network: { allow: ['*:443'] } },
  };
}

function readArguments(facts: Facts, at: readonly Step[], settings: Settings): Argument[] {
  const list = facts.look(...at);
  return (Array.isArray(list) ? list : []).flatMap((item, index): Argument[] => {
    const path = [...at, index];
    if (!isRecord(item)) return [];
    facts.take(...path, 'type');
    const flag = item.type === 'named' ? textAt(facts, ...path, 'name') : undefined;
    const hint = textAt(facts, ...path, 'valueHint');
    const value = readInput(
      facts,
      path,
      settings,
      toSettingName(flag ?? hint ?? `argument_${index + 1}`),
    );
    if (flag === undefined) return value === undefined ? [] : [value];
    return [value === undefined ? escapeBraces(flag) : [escapeBraces(flag), value]];
  });
}

function readVariables(facts: Facts, at: readonly Step[], settings: Settings): void {
  const list = facts.look(...at);
  for (const [index, item] of (Array.isArray(list) ? list : []).entries()) {
    const path = [...at, index];
    const name = isRecord(item) ? textAt(facts, ...path, 'name') : undefined;
    if (!name) {
      facts.report(path, 'a variable has a name');
      continue;
    }
    settings.env[name] = readInput(facts, path, settings, toSettingName(name)) ?? '';
  }
}

/**
 * An input of server.json as a template: a fixed value, a value with variables, or something that
 * the user sets, which becomes a parameter or a secret.
 */
function readInput(
  facts: Facts,
  path: readonly Step[],
  settings: Settings,
  name: string,
): string | undefined {
  const input = facts.look(...path) as Record<string, unknown>;
  if (typeof input.value === 'string') {
    const fixed = facts.take(...path, 'value') as string;
    const variables = facts.look(...path, 'variables');
    for (const key of ['isSecret', 'isRequired', 'format']) facts.take(...path, key);
    if (isRecord(variables)) {
      for (const key of Object.keys(variables)) {
        declare(facts, [...path, 'variables', key], settings, toSettingName(key));
      }
    }
    const known = isRecord(variables) ? Object.keys(variables) : [];
    return fixed.replace(/\{([^{}]+)\}|[{}]/g, (whole, key?: string) =>
      key !== undefined && known.includes(key) ? `{${toSettingName(key)}}` : escapeBraces(whole),
    );
  }
  const asks = [
    'description',
    'isRequired',
    'isSecret',
    'default',
    'choices',
    'valueHint',
    'format',
  ];
  if (!asks.some((key) => Object.hasOwn(input, key))) return undefined;
  declare(facts, path, settings, name);
  return `{${name}}`;
}

function declare(facts: Facts, path: readonly Step[], settings: Settings, name: string): void {
  const take = (key: string) => facts.take(...path, key);
  const description = take('description');
  const words = shortenText(
    toPlainText(typeof description === 'string' ? description : `Value of ${name}.`),
    300,
  );
  const required = take('isRequired') === true;
  if (take('isSecret') === true) {
    if (settings.secrets.some((secret) => secret.name === name)) return;
    settings.secrets.push({ name, description: words, ...(!required && { required: false }) });
    return;
  }
  const format = take('format');
  const type = ['number', 'boolean'].find((known) => known === format) ?? 'string';
  const choices = take('choices');
  const parameter: Parameter = {
    type: type as 'string',
    description: words,
    ...(Array.isArray(choices) && { enum: choices.map(String) }),
    ...(format === 'filepath' && { format: 'path' }),
  };
  const fallback = take('default');
  if (fallback !== undefined) {
    setDefault(parameter, fallback, (reason) => facts.report([...path, 'default'], reason));
  }
  const placeholder = take('placeholder');
  if (placeholder !== undefined) {
    addExample(parameter, placeholder, () =>
      facts.report([...path, 'placeholder'], 'it is no value of this type'),
    );
  }
  settings.parameters[name] = parameter;
  if (required) settings.required.push(name);
}

function readRemote(facts: Facts, settings: Settings): Partial<ServerEntry> {
  const at = ['remotes', 0];
  const list = facts.look('remotes') as unknown[];
  for (const index of list.keys()) {
    if (index > 0)
      facts.report(
        ['remotes', index],
        'an entry has one endpoint; make another entry for this one',
      );
  }
  const transport = textAt(facts, ...at, 'type');
  const url = textAt(facts, ...at, 'url') ?? '';
  const variables = facts.look(...at, 'variables');
  if (isRecord(variables)) {
    for (const key of Object.keys(variables))
      declare(facts, [...at, 'variables', key], settings, toSettingName(key));
  }
  const headers: Record<string, string> = {};
  const given = facts.look(...at, 'headers');
  for (const [index, header] of (Array.isArray(given) ? given : []).entries()) {
    const path = [...at, 'headers', index];
    const name = isRecord(header) ? textAt(facts, ...path, 'name') : undefined;
    const value = name && readInput(facts, path, settings, toSettingName(name));
    if (name && value) headers[name] = value;
    else facts.report(path, 'a header has a name and a value');
  }
  return {
    remote: {
      transport: transport as 'sse',
      url: url.replace(/\{([^{}]+)\}/g, (_, key: string) => `{${toSettingName(key)}}`),
      ...(Object.keys(headers).length > 0 && { headers }),
    },
  };
}
