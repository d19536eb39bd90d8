import type {
  CapturedTools,
  Parameter,
  Secret,
  ServerEntry,
} from '../../core/entry/types.generated.ts';
import { dockerCommand, dockerEnv, dockerVolumes, secretOf, Unfit } from './docker-template.ts';

/** A server as Docker's toolkit describes it (mcp-gateway, pkg/catalog/types.go). */
export interface DockerServer {
  readonly name: string;
  readonly type: 'server' | 'remote';
  readonly title: string;
  readonly description: string;
  readonly image?: string;
  readonly remote?: {
    readonly url: string;
    readonly transport_type: string;
    readonly headers?: Readonly<Record<string, string>>;
  };
  readonly tools: readonly DockerTool[];
  readonly [key: string]: unknown;
}

interface DockerTool {
  readonly name: string;
  readonly description: string;
  readonly arguments?: readonly object[];
  readonly annotations?: object;
}

/** The entry in Docker's format, or why it has no counterpart there. */
export type DockerMapping = { readonly server: DockerServer } | { readonly reason: string };

/**
 * Maps an entry to Docker's format. What would run with more rights, or otherwise than the entry
 * says, is not mapped; the reason tells why.
 */
export function dockerServerOf(
  entry: ServerEntry,
  tools: CapturedTools | undefined,
): DockerMapping {
  if (entry.status?.state === 'withdrawn') return { reason: 'it is withdrawn' };
  if (entry.npm) return { reason: "Docker's toolkit runs images and remote servers, no packages" };
  try {
    return {
      server: {
        name: entry.name,
        type: entry.remote ? 'remote' : 'server',
        title: entry.title,
        description: entry.description,
        ...(entry.remote ? remoteOf(entry) : containerOf(entry)),
        tools: (tools?.tools ?? []).map(toolOf),
        metadata: {
          category: entry.categories[0],
          ...(entry.tags ? { tags: entry.tags } : {}),
          license: entry.license,
          owner: entry.publisher.name,
        },
      },
    };
  } catch (error) {
    if (error instanceof Unfit) return { reason: error.message };
    throw error;
  }
}

function containerOf(entry: ServerEntry) {
  const { container, permissions } = entry;
  if (container?.command) throw new Unfit("it replaces the image's entry point");
  if (container?.workdir) throw new Unfit('it sets a working directory');
  const command = dockerCommand(entry);
  const volumes = dockerVolumes(entry);
  const { env, secrets } = dockerEnv(entry);
  return {
    image: container?.image,
    ...(command.length > 0 ? { command } : {}),
    ...(volumes.length > 0 ? { volumes } : {}),
    ...(env.length > 0 ? { env } : {}),
    ...(secrets.length > 0 ? { secrets } : {}),
    ...(container?.user ? { user: container.user } : {}),
    ...(entry.stateful ? { longLived: true } : {}),
    ...configOf(entry),
    ...networkOf(permissions?.network),
  };
}

/** Hosts with a template or a wildcard for sub-domains cannot be said; then none is said. */
function networkOf(network: NonNullable<ServerEntry['permissions']>['network'] | undefined) {
  if (network === 'none') return { disableNetwork: true };
  const rules = network?.allow ?? [];
  return rules.some((rule) => rule.includes('{') || rule.startsWith('*.'))
    ? {}
    : { allowHosts: rules };
}

function configOf({ name, title, parameters }: ServerEntry) {
  if (!parameters) return {};
  return {
    config: [
      {
        name,
        description: `Settings of ${title}`,
        type: 'object',
        properties: Object.fromEntries(
          Object.entries(parameters.properties).map(([key, value]) => [key, propertyOf(value)]),
        ),
        ...(parameters.required ? { required: parameters.required } : {}),
      },
    ],
  };
}

function propertyOf(parameter: Parameter) {
  const { type, title, description, default: fallback, enum: choices } = parameter;
  return {
    type,
    description,
    ...(title ? { title } : {}),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(choices ? { enum: choices } : {}),
    ...(type === 'array' ? { items: { type: 'string' } } : {}),
  };
}

function remoteOf(entry: ServerEntry) {
  const { name, remote, secrets = [] } = entry;
  if (!remote) return {};
  if (remote.url.includes('{')) throw new Unfit('its address depends on a setting');
  const needsSignIn = remote.oauth && remote.oauth.required !== false;
  const registration = remote.oauth?.registration ?? 'dynamic';
  if (needsSignIn && registration !== 'dynamic') {
    throw new Unfit('its sign-in needs a client that is registered otherwise than dynamically');
  }
  const used = new Set<Secret>();
  const headers = Object.entries(remote.headers ?? {}).flatMap(([header, template]) => {
    const value = headerOf(template, secrets, name, used);
    return value === undefined ? [] : [[header, value] as const];
  });
  const variable = `${variableOf(name)}_PERSONAL_ACCESS_TOKEN`;
  return {
    remote: {
      url: remote.url,
      transport_type: remote.transport,
      ...(headers.length > 0 ? { headers: Object.fromEntries(headers) } : {}),
    },
    ...(used.size > 0
      ? { secrets: [...used].map((secret) => secretOf(name, secret, secretVariable(name, secret))) }
      : {}),
    ...(needsSignIn
      ? {
          oauth: {
            providers: [{ provider: name, secret: `${name}.personal_access_token`, env: variable }],
            ...(remote.oauth?.scopes ? { scopes: remote.oauth.scopes } : {}),
          },
        }
      : {}),
  };
}

/** Docker expands `${VARIABLE}` of the secrets in headers, and an unset one to nothing. */
function headerOf(
  template: string,
  secrets: readonly Secret[],
  server: string,
  used: Set<Secret>,
): string | undefined {
  if (template.includes('$') || /\{\{|\}\}/.test(template)) {
    throw new Unfit('a header holds characters that Docker expands');
  }
  const names = [...template.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name);
  const found = names.map((name) => secrets.find((secret) => secret.name === name));
  if (found.includes(undefined)) throw new Unfit('a header depends on a setting');
  // Without its optional secret the header is left out, which Docker cannot do by itself.
  if (found.some((secret) => secret?.required === false)) return undefined;
  for (const secret of found) if (secret) used.add(secret);
  return template.replace(/\{([^{}]+)\}/g, (_, name) => {
    const secret = secrets.find((item) => item.name === name);
    return secret ? `\${${secretVariable(server, secret)}}` : '';
  });
}

function toolOf(tool: CapturedTools['tools'][number]): DockerTool {
  const { name, description, inputSchema, annotations } = tool as {
    name: string;
    description?: string;
    inputSchema?: { properties?: Record<string, unknown>; required?: readonly string[] };
    annotations?: object;
  };
  const required = new Set(inputSchema?.required ?? []);
  const fields = Object.entries(inputSchema?.properties ?? {});
  return {
    name,
    description: description ?? '',
    ...(fields.length > 0
      ? { arguments: fields.map(([key, schema]) => argumentOf(key, schema, required.has(key))) }
      : {}),
    ...(annotations ? { annotations } : {}),
  };
}

function argumentOf(name: string, schema: unknown, required: boolean) {
  const { type, items, description } = (typeof schema === 'object' ? (schema ?? {}) : {}) as {
    type?: unknown;
    items?: { type?: unknown };
    description?: unknown;
  };
  return {
    name,
    type: typeName(type),
    ...(typeName(type) === 'array' ? { items: { type: typeName(items?.type) } } : {}),
    desc: typeof description === 'string' ? description : '',
    ...(required ? {} : { optional: true }),
  };
}

function typeName(type: unknown): string {
  const [first] = (Array.isArray(type) ? type : [type]).filter((item) => item !== 'null');
  return typeof first === 'string' ? first : 'string';
}

function secretVariable(server: string, secret: Secret): string {
  return `${variableOf(server)}_${variableOf(secret.name)}`;
}

function variableOf(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}
