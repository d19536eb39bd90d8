import { dump } from 'js-yaml';
import { canonicalBytes } from '../../core/entry/canonical.ts';
import type { CapturedTools, ServerEntry } from '../../core/entry/types.generated.ts';
import { type Artifact, packArtifact } from '../../core/oci/artifact.ts';
import { type DockerServer, dockerServerOf } from './docker-server.ts';

/** Tag of the catalog that `docker mcp catalog pull` reads. */
export const DOCKER_TAG = 'docker';
export const DOCKER_ARTIFACT = 'application/vnd.docker.mcp.catalog.v1+json';

/** An entry with the tools that belong to it. */
export interface DockerSource {
  readonly entry: ServerEntry;
  readonly tools?: CapturedTools;
}

/** What of a catalog Docker's toolkit can use. */
export interface DockerCatalog {
  readonly servers: readonly DockerServer[];
  /** Why the others are not in it, by name. */
  readonly leftOut: ReadonlyMap<string, string>;
}

/** Maps the newest versions of all servers; sorted by name. */
export function dockerCatalogOf(sources: Iterable<DockerSource>): DockerCatalog {
  const servers: DockerServer[] = [];
  const leftOut = new Map<string, string>();
  for (const { entry, tools } of sources) {
    const mapping = dockerServerOf(entry, tools);
    if ('server' in mapping) servers.push(mapping.server);
    else leftOut.set(entry.name, mapping.reason);
  }
  // Names are unique in a registry, as Docker's importer wants them.
  servers.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { servers, leftOut };
}

/**
 * The artifact that `docker mcp catalog pull HOST/REPOSITORY:docker` reads: one JSON layer, which
 * must be the first.
 */
export function packDockerCatalog(title: string, { servers }: DockerCatalog): Artifact {
  const items = servers.map((server) => ({
    ...(server.remote
      ? { type: 'remote', endpoint: server.remote.url }
      : { type: 'image', image: server.image }),
    tools: server.tools.map(({ name }) => name),
    snapshot: { server },
  }));
  return packArtifact(DOCKER_ARTIFACT, [
    {
      title: 'docker-catalog.json',
      mediaType: 'application/json',
      bytes: canonicalBytes({ title, servers: items }),
    },
  ]);
}

/** The same as the one YAML file that `docker mcp catalog import` and `docker mcp gateway run` read. */
export function dockerCatalogYaml(
  { name, title }: { readonly name: string; readonly title: string },
  { servers }: DockerCatalog,
): string {
  const registry = Object.fromEntries(
    servers.map(({ name: key, tools, ...server }) => [
      key,
      // Arguments of tools belong to the artifact only.
      {
        ...server,
        tools: tools.map((tool) => ({ name: tool.name, description: tool.description })),
      },
    ]),
  );
  return dump({ version: 3, name, displayName: title, registry }, { lineWidth: -1 });
}

/** What was left out, in one line for people; undefined when nothing was. */
export function describeLeftOut({ leftOut }: DockerCatalog): string | undefined {
  if (leftOut.size === 0) return undefined;
  const counts = Map.groupBy(leftOut.values(), (reason) => reason);
  const reasons = [...counts].map(([reason, all]) => `${all.length} because ${reason}`);
  return `without ${leftOut.size} servers: ${reasons.join('; ')}`;
}
