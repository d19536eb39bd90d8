import type { PortolanError } from '../../core/errors.ts';
import { isObject } from '../relay/protocol.ts';

/** What Docker's MCP Toolkit left on this machine, as far as it could be read. */
export interface DockerSetup {
  /** The folder of the toolkit, e.g. `~/.docker/mcp`. */
  readonly folder: string;
  /** What was read, relative to the folder. */
  readonly files: readonly string[];
  readonly profiles: readonly DockerProfile[];
  /** Catalogs that it knows, and how many servers each has. */
  readonly catalogs: readonly { readonly name: string; readonly servers: number }[];
  /** What could not be read; nothing of it stops the rest. */
  readonly problems: readonly PortolanError[];
}

/** A set of servers: a profile, or what was switched on before there were profiles. */
export interface DockerProfile {
  readonly name: string;
  /** Where it was read, relative to the folder. */
  readonly file: string;
  readonly servers: readonly DockerServer[];
}

/** One server of a set, with what was set for it. */
export interface DockerServer {
  readonly name: string;
  readonly image?: string;
  /** Address of a remote server. */
  readonly url?: string;
  /** What Docker's catalog says of it; absent when it is in none. */
  readonly definition?: DockerDefinition;
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of the tools that are on; all when absent. */
  readonly tools?: readonly string[];
}

/** A catalog's description of a server. */
export interface DockerDefinition {
  readonly name?: string;
  readonly title?: string;
  readonly image?: string;
  readonly url?: string;
  /** Addresses of its source. */
  readonly repositories: readonly string[];
  /** Names alone: Docker keeps the values, and gives none back. */
  readonly secrets: readonly { readonly name: string; readonly env?: string }[];
  /** Who signs in to it; empty when nobody has to. */
  readonly providers: readonly string[];
}

/** A definition from a catalog or a snapshot; what has another form is taken for absent. */
export function definitionOf(value: unknown): DockerDefinition | undefined {
  if (!isObject(value)) return undefined;
  const { name, title, image, remote, sseEndpoint, oauth } = value;
  const address = isObject(remote) && textOf(remote.url);
  const url = address || textOf(sseEndpoint);
  return {
    ...named('name', textOf(name)),
    ...named('title', textOf(title)),
    ...named('image', textOf(image)),
    ...named('url', url),
    repositories: [value.upstream, value.source].flatMap((one) => textOf(one) ?? []),
    secrets: recordsIn(value.secrets).flatMap((secret) => {
      const called = textOf(secret.name);
      return called === undefined ? [] : [{ name: called, ...named('env', textOf(secret.env)) }];
    }),
    providers: recordsIn(isObject(oauth) ? oauth.providers : undefined).flatMap(
      ({ provider }) => textOf(provider) ?? [],
    ),
  };
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A field when it has a value. */
export function named<Key extends string, Value>(
  key: Key,
  value: Value | undefined | false,
): { [K in Key]?: Value } {
  return (value === undefined || value === false ? {} : { [key]: value }) as { [K in Key]?: Value };
}

function recordsIn(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
