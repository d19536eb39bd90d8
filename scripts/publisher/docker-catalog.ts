import { dump } from 'js-yaml';
import type { CapturedTools, ServerEntry } from '../../core/entry/types.generated.ts';
import { type Artifact, packArtifact } from '../../core/oci/artifact.ts';
import { counted } from '../../core/text.ts';
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
 * The line of a server in the artifact. Lines begin with the name, so that those of servers that did
 * not change can be taken from what is published, without reading every server again.
 */
export function dockerLine(server: DockerServer): Uint8Array {
  const line = JSON.stringify({
    snapshot: { server },
    ...(server.remote
      ? { type: 'remote', endpoint: server.remote.url }
      : { type: 'image', image: server.image }),
    tools: server.tools.map(({ name }) => name),
  });
  return new TextEncoder().encode(line);
}

/** Lines of servers by name, in UTF-8. They stay bytes: tens of megabytes of them are only copied. */
export type DockerLines = ReadonlyMap<string, Uint8Array>;

const SEPARATOR = Buffer.from(',\n');
const COMMA = 44;
const LINE_START = /^\{"snapshot":\{"server":\{"name":"([a-z0-9-]+)"/;

/**
 * The artifact that `docker mcp catalog pull HOST/REPOSITORY:docker` reads: one JSON layer, which
 * must be the first, with one server a line.
 */
export function packDockerCatalog(title: string, lines: DockerLines): Artifact {
  const sorted = [...lines].sort(([a], [b]) => (a < b ? -1 : 1));
  const parts: Uint8Array[] = [Buffer.from(`{"title":${JSON.stringify(title)},"servers":[\n`)];
  for (const [, line] of sorted) {
    if (parts.length > 1) parts.push(SEPARATOR);
    parts.push(line);
  }
  parts.push(Buffer.from('\n]}\n'));
  return packArtifact(DOCKER_ARTIFACT, [
    {
      title: 'docker-catalog.json',
      mediaType: 'application/json',
      bytes: Buffer.concat(parts),
    },
  ]);
}

/** Lines of a published catalog by name. */
export function readDockerLines(bytes: Uint8Array): Map<string, Uint8Array> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lines = new Map<string, Uint8Array>();
  let start = 0;
  while (start < text.length) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    const name = LINE_START.exec(text.toString('latin1', start, Math.min(end, start + 120)))?.[1];
    const hasComma = text[end - 1] === COMMA;
    if (name) lines.set(name, text.subarray(start, hasComma ? end - 1 : end));
    start = end + 1;
  }
  return lines;
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
export function describeLeftOut({ leftOut }: Pick<DockerCatalog, 'leftOut'>): string | undefined {
  if (leftOut.size === 0) return undefined;
  const counts = Map.groupBy(leftOut.values(), (reason) => reason);
  const reasons = [...counts].map(([reason, all]) => `${all.length} because ${reason}`);
  return `without ${counted(leftOut.size, 'server')}: ${reasons.join('; ')}`;
}
