import { join, resolve } from 'node:path';
import type { CatalogConfig } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import type { Finding } from '../registry/finding.ts';
import {
  loadConfig,
  loadServer,
  requireRegistry,
  type ValidRegistry,
  type ValidServer,
} from '../registry/load.ts';
import { listEntryFolders } from '../registry/read-folder.ts';

/**
 * A registry as the publisher goes through it: one server at a time, since ten thousand with all
 * their files do not fit into memory comfortably.
 */
export interface RegistrySource {
  readonly config: CatalogConfig;
  /** Absolute path, when the servers are what this folder holds now. */
  readonly folder?: string;
  /** Sorted. */
  readonly names: readonly string[];
  /** Throws `malformed` / `REGISTRY_INVALID` when its files do not have the shape of the schemas. */
  load(name: string): ValidServer;
}

/** Opens a registry folder. Throws `usage` / `REGISTRY_MISSING`, `malformed` / `REGISTRY_INVALID`. */
export function openRegistrySource(folder: string): RegistrySource {
  const registry = resolve(folder);
  requireRegistry(registry);
  const { config, findings, source } = loadConfig(registry);
  const listed = listEntryFolders(join(registry, 'servers'), `${folder}/servers`);
  refuse([...findings, ...listed.findings]);
  if (!config) throw invalid(`${source?.path ?? folder} does not have the shape of its schema`);
  return {
    config,
    folder: registry,
    names: listed.names,
    load: (name) => loadValidServer(registry, name),
  };
}

/** Reads one server; `registry` is an absolute path. Throws `malformed` / `REGISTRY_INVALID`. */
export function loadValidServer(registry: string, name: string): ValidServer {
  const server = loadServer(registry, name);
  refuse(server.findings);
  const { entry } = server;
  if (!entry) throw invalid(`${server.path} does not have the shape of its schema`);
  return { ...server, entry };
}

/** A registry that was loaded whole. */
export function sourceOf(registry: RegistrySource | ValidRegistry): RegistrySource {
  if ('load' in registry) return registry;
  const byName = new Map(registry.servers.map((server) => [server.name, server]));
  return {
    config: registry.config,
    names: [...byName.keys()].sort(),
    load: (name) => byName.get(name) as ValidServer,
  };
}

function refuse([first]: readonly Finding[]): void {
  if (first) throw invalid(`${first.file}:${first.line}: ${first.fact}`);
}

function invalid(fact: string): PortolanError {
  return new PortolanError(
    'malformed',
    'REGISTRY_INVALID',
    `${fact}; npm run validate shows every finding`,
  );
}
