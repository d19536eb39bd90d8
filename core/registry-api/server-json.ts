import { parseTemplate, referencesOf } from '../entry/template.ts';
import type {
  Argument,
  CapturedTools,
  Parameter,
  Secret,
  ServerEntry,
} from '../entry/types.generated.ts';
import { cutText } from '../text.ts';

export const SERVER_JSON_SCHEMA =
  'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json';
export const PUBLISHER_META = 'io.modelcontextprotocol.registry/publisher-provided';
const MAX_DESCRIPTION = 100;

/** An MCP Registry record (server.json, 2025-12-11). */
export interface ServerJson {
  readonly $schema: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly version: string;
  readonly [key: string]: unknown;
}

/** What surrounds an entry in the record: the catalog that vouches for it. */
export interface RecordContext {
  /** Reverse DNS namespace of the catalog. */
  readonly namespace: string;
  /** Digest of the signed artifact. */
  readonly digest: string;
  readonly tools?: CapturedTools;
  readonly readme?: string;
  /** Page of the server on the catalog's site. */
  readonly page?: string;
}

/**
 * Turns an entry into a server.json record. What the format has no place for (permissions, the full
 * description, categories, conditional arguments) stays under the publisher-provided metadata.
 */
export function serverJsonOf(entry: ServerEntry, context: RecordContext): ServerJson {
  const inputs = inputsOf(entry);
  return {
    $schema: SERVER_JSON_SCHEMA,
    name: `${context.namespace}/${entry.name}`,
    title: entry.title,
    description: shorten(entry.description, MAX_DESCRIPTION),
    version: entry.version,
    ...repositoryOf(entry),
    ...(entry.links.homepage || context.page
      ? { websiteUrl: entry.links.homepage ?? context.page }
      : {}),
    ...(entry.npm || entry.container ? { packages: [packageOf(entry, inputs)] } : {}),
    ...(entry.remote ? { remotes: [remoteOf(entry, inputs)] } : {}),
    _meta: { [PUBLISHER_META]: metaOf(entry, context) },
  };
}

/** Cuts a text at a word so that it has at most `max` characters, with an ellipsis. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = cutText(text, max - 1);
  const space = cut.lastIndexOf(' ');
  return `${cut.slice(0, space > max / 2 ? space : undefined).replace(/[\s,;:.]+$/, '')}…`;
}

/** An input of the format: a value that a user gives. */
type Input = Readonly<Record<string, string | boolean | readonly string[]>>;

function inputsOf(entry: ServerEntry): ReadonlyMap<string, Input> {
  const required = new Set(entry.parameters?.required ?? []);
  return new Map([
    ...Object.entries(entry.parameters?.properties ?? {}).map(
      ([name, parameter]) => [name, inputOfParameter(parameter, required.has(name))] as const,
    ),
    ...(entry.secrets ?? []).map((secret) => [secret.name, inputOfSecret(secret)] as const),
  ]);
}

function inputOfParameter(parameter: Parameter, required: boolean): Input {
  const { type, format } = parameter;
  return {
    description: parameter.description,
    ...(required ? { isRequired: true } : {}),
    ...(type === 'number' || type === 'integer' ? { format: 'number' } : {}),
    ...(type === 'boolean' ? { format: 'boolean' } : {}),
    ...(format === 'path' || parameter.items?.format === 'path' ? { format: 'filepath' } : {}),
    ...(parameter.default === undefined ? {} : { default: String(parameter.default) }),
    ...(parameter.enum ? { choices: parameter.enum.map(String) } : {}),
  };
}

function inputOfSecret(secret: Secret): Input {
  return {
    description: secret.url ? `${secret.description} (${secret.url})` : secret.description,
    isSecret: true,
    ...(secret.required === false ? {} : { isRequired: true }),
    ...(secret.example ? { placeholder: secret.example } : {}),
  };
}

/** A template as a value with variables; a template that is one reference becomes that input. */
function inputValueOf(
  template: string,
  inputs: ReadonlyMap<string, Input>,
): Record<string, unknown> {
  const parts = parseTemplate(template);
  const [part] = parts;
  if (parts.length === 1 && part && 'reference' in part) return { ...inputs.get(part.reference) };
  const variables = Object.fromEntries(
    referencesOf(template).flatMap((name) => {
      const input = inputs.get(name);
      return input ? [[name, input]] : [];
    }),
  );
  return {
    value: template,
    ...(Object.keys(variables).length > 0 ? { variables } : {}),
  };
}

function keyValues(
  templates: Readonly<Record<string, string>> | undefined,
  inputs: ReadonlyMap<string, Input>,
) {
  return Object.entries(templates ?? {}).map(([name, template]) => ({
    name,
    ...inputValueOf(template, inputs),
  }));
}

function packageOf(entry: ServerEntry, inputs: ReadonlyMap<string, Input>) {
  const environmentVariables = keyValues(entry.env, inputs);
  const packageArguments = (entry.args ?? []).flatMap((argument) =>
    argumentsOf(argument, entry, inputs),
  );
  return {
    ...(entry.npm
      ? {
          registryType: 'npm',
          identifier: entry.npm.package,
          version: entry.npm.version,
          runtimeHint: 'npx',
        }
      : { registryType: 'oci', identifier: entry.container?.image, runtimeHint: 'docker' }),
    transport: { type: 'stdio' },
    ...(packageArguments.length > 0 ? { packageArguments } : {}),
    ...(environmentVariables.length > 0 ? { environmentVariables } : {}),
  };
}

function argumentsOf(
  argument: Argument,
  entry: ServerEntry,
  inputs: ReadonlyMap<string, Input>,
): Record<string, unknown>[] {
  if (typeof argument === 'string') return [positional(argument, entry, inputs)];
  // A condition has no counterpart; the metadata keeps it.
  if (!Array.isArray(argument)) return [];
  const [name, value, ...rest] = argument;
  if (name?.startsWith('-') && value !== undefined && rest.length === 0) {
    return [{ type: 'named', name, ...inputValueOf(value, inputs), ...repeated(value, entry) }];
  }
  return argument.map((template) => positional(template, entry, inputs));
}

function positional(template: string, entry: ServerEntry, inputs: ReadonlyMap<string, Input>) {
  const [name] = referencesOf(template);
  const value = inputValueOf(template, inputs);
  return {
    type: 'positional',
    ...value,
    ...('value' in value ? {} : { valueHint: name }),
    ...repeated(template, entry),
  };
}

function repeated(template: string, entry: ServerEntry) {
  const isList = referencesOf(template).some(
    (name) => entry.parameters?.properties[name]?.type === 'array',
  );
  return isList ? { isRepeated: true } : {};
}

function remoteOf({ remote }: ServerEntry, inputs: ReadonlyMap<string, Input>) {
  if (!remote) return undefined;
  const headers = keyValues(remote.headers, inputs);
  const variables = Object.fromEntries(
    referencesOf(remote.url).map((name) => [name, inputs.get(name) ?? {}]),
  );
  return {
    type: remote.transport,
    url: remote.url,
    ...(headers.length > 0 ? { headers } : {}),
    ...(Object.keys(variables).length > 0 ? { variables } : {}),
  };
}

function repositoryOf(entry: ServerEntry) {
  const url = entry.source?.repository ?? entry.links.source;
  if (!url) return {};
  const host = new URL(url).hostname;
  const source = host === 'github.com' ? 'github' : host === 'gitlab.com' ? 'gitlab' : host;
  return {
    repository: {
      url,
      source,
      ...(entry.source?.subfolder ? { subfolder: entry.source.subfolder } : {}),
    },
  };
}

function metaOf(entry: ServerEntry, context: RecordContext) {
  const repository = entry.source?.repository ?? entry.links.source;
  const nameWithOwner = /^https:\/\/github\.com\/([^/]+\/[^/#?]+)/.exec(repository ?? '')?.[1];
  const conditional = (entry.args ?? []).filter(
    (argument) => typeof argument === 'object' && !Array.isArray(argument),
  );
  return {
    portolan: {
      digest: context.digest,
      description: entry.description,
      categories: entry.categories,
      tags: entry.tags ?? [],
      license: entry.license,
      publisher: entry.publisher,
      ...(entry.permissions ? { permissions: entry.permissions } : {}),
      ...(entry.remote?.oauth ? { oauth: entry.remote.oauth } : {}),
      ...(entry.npm ? { integrity: entry.npm.integrity } : {}),
      ...(conditional.length > 0 ? { conditionalArguments: conditional } : {}),
      tools: (context.tools?.tools ?? []).map(({ name }) => name),
      ...(entry.tools === 'static' ? {} : { dynamicTools: entry.tools.dynamic }),
    },
    // What VS Code's gallery shows.
    github: {
      displayName: entry.title,
      license: entry.license,
      topics: entry.tags ?? [],
      ...(nameWithOwner ? { nameWithOwner } : {}),
      ...(context.readme ? { readme: context.readme } : {}),
    },
  };
}
