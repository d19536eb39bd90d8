import { type ParameterValue, resolveEntry } from '../../../core/entry/resolve.ts';
import type { CatalogConfig, Parameter, ServerEntry } from '../../../core/entry/types.generated.ts';

/** How a client reaches a server. What only the user knows is a placeholder, never a value. */
export interface Launch {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly transport: 'stdio' | 'http';
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The placeholders in it. */
  readonly inputs: readonly LaunchInput[];
}

export interface LaunchInput {
  readonly id: string;
  readonly placeholder: string;
  readonly description: string;
  readonly secret: boolean;
}

/** The catalog that the gateway of npm uses when it is told none. */
export const DEFAULT_CATALOG = 'oci://ghcr.io/portolan-mcp/catalog';

/** Options that name a catalog and whose signature counts; none for the default one. */
export function catalogOptions(
  repository: string,
  signers: CatalogConfig['signers'],
): readonly string[] {
  if (repository === DEFAULT_CATALOG) return [];
  const [signer] = signers ?? [];
  return [
    '--catalog',
    repository,
    ...(signer && 'identity' in signer
      ? ['--identity', signer.identity, '--issuer', signer.issuer]
      : ['--key', 'catalog.pub']),
  ];
}

/**
 * Through the gateway: it pulls and verifies the server, runs it isolated and holds its secrets, so
 * only required parameters are in the command.
 */
export function gatewayLaunch(entry: ServerEntry, catalog: readonly string[]): Launch {
  const inputs = inputsOf(entry).filter(({ secret }) => !secret);
  return {
    ...about(entry),
    transport: 'stdio',
    command: 'npx',
    args: [
      ...['-y', 'portolan', 'run', '--servers', entry.name],
      ...catalog,
      ...inputs.flatMap(({ id, placeholder }) => ['--set', `${entry.name}.${id}=${placeholder}`]),
    ],
    env: {},
    url: '',
    headers: {},
    inputs,
  };
}

/** Without the gateway: neither verified nor isolated, secrets in the client's own file. */
export function directLaunch(entry: ServerEntry): Launch | undefined {
  const inputs = inputsOf(entry);
  const filled = resolveEntry(relaxed(entry), {
    parameters: placeholders(inputs, false),
    secrets: placeholders(inputs, true),
  });
  const env = { ...filled.env, ...filled.secretEnv };
  const base = { ...about(entry), env, url: '', headers: {}, inputs };
  if (entry.remote) {
    const url = filled.url ?? entry.remote.url;
    return {
      ...base,
      transport: 'http',
      command: '',
      args: [],
      env: {},
      url,
      headers: filled.headers,
    };
  }
  if (entry.npm) {
    const { package: name, version, bin } = entry.npm;
    const spec = `${name}@${version}`;
    return {
      ...base,
      transport: 'stdio',
      command: 'npx',
      args: bin ? ['-y', '-p', spec, bin, ...filled.args] : ['-y', spec, ...filled.args],
    };
  }
  if (!entry.container) return undefined;
  const { image, command = [], workdir, user } = entry.container;
  const [entrypoint, ...rest] = command;
  return {
    ...base,
    transport: 'stdio',
    command: 'docker',
    args: [
      ...['run', '-i', '--rm'],
      ...(filled.network.length ? [] : ['--network', 'none']),
      ...(user ? ['--user', user] : []),
      ...(workdir ? ['--workdir', workdir] : []),
      ...(entrypoint ? ['--entrypoint', entrypoint] : []),
      ...filled.volumes.flatMap(({ source, target, access }) => [
        '-v',
        `${source}:${target}${access === 'read-only' ? ':ro' : ''}`,
      ]),
      ...Object.keys(env).flatMap((name) => ['-e', name]),
      image,
      ...rest,
      ...filled.args,
    ],
  };
}

const about = ({ name, title, description }: ServerEntry) => ({ name, title, description });

function inputsOf(entry: ServerEntry): LaunchInput[] {
  const { properties = {}, required = [] } = entry.parameters ?? {};
  const parameters = Object.entries(properties)
    .filter(([name, parameter]) => required.includes(name) && parameter.default === undefined)
    .map(([id, parameter]) => ({
      id,
      placeholder: placeholderOf(id, parameter),
      description: parameter.description,
      secret: false,
    }));
  const secrets = (entry.secrets ?? [])
    .filter(({ required: needed }) => needed !== false)
    .map(({ name, description }) => ({
      id: name,
      placeholder: `YOUR_${upper(name)}`,
      description,
      secret: true,
    }));
  return [...parameters, ...secrets];
}

function placeholderOf(id: string, parameter: Parameter): string {
  const isPath = parameter.format === 'path' || parameter.items?.format === 'path';
  return isPath ? `/path/to/${id}` : `YOUR_${upper(id)}`;
}

const upper = (name: string) =>
  name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toUpperCase();

const placeholders = (inputs: readonly LaunchInput[], secret: boolean) =>
  Object.fromEntries(
    inputs
      .filter((input) => input.secret === secret)
      .map(({ id, placeholder }) => [id, placeholder]),
  );

/** The entry with parameters that take any text, so that placeholders pass where numbers would be. */
function relaxed(entry: ServerEntry): ServerEntry {
  if (!entry.parameters) return entry;
  const properties = Object.fromEntries(
    Object.entries(entry.parameters.properties).map(([name, parameter]) => {
      const { default: preset, description } = parameter;
      const value = preset as ParameterValue | undefined;
      const type = value === undefined ? 'string' : parameter.type;
      return [name, { type, description, ...(value === undefined ? {} : { default: preset }) }];
    }),
  ) as Record<string, Parameter>;
  // Hosts that are parameters would be placeholders; a page does not need them resolved.
  const permissions = entry.permissions && {
    ...entry.permissions,
    network:
      entry.permissions.network === 'none' ? ('none' as const) : { allow: ['placeholder:443'] },
  };
  return {
    ...entry,
    parameters: { ...entry.parameters, properties },
    ...(permissions ? { permissions } : {}),
  };
}
