import type { CatalogServer, PublishedCatalog } from '../../core/entry/types.generated.ts';
import { openLayout } from '../../core/oci/layout.ts';
import { TOOLS_LAYER } from '../../core/oci/media-types.ts';
import type { Repository } from '../../core/oci/repository.ts';
import type { Paths } from '../paths.ts';
import { isObject, type JsonObject } from '../relay/protocol.ts';
import { cacheFolder } from './connect-source.ts';
import { defaultSource, sourcesInUse } from './default-source.ts';

/** What a catalog on this disk lists, to complete names with; nothing of it was verified. */
export interface CachedNames {
  readonly servers: readonly CatalogServer[];
  /** The tools of the newest version of a server, where they lie on this disk; empty elsewhere. */
  tools(server: string): Promise<readonly JsonObject[]>;
}

/** Reads no network and checks no signature: the names are only offered, and whoever uses one is checked. */
export async function cachedNames(paths: Paths): Promise<readonly CachedNames[]> {
  const sources = await sourcesInUse(paths.config);
  const read = await Promise.all(
    sources.map(({ source }) => namesOf(source, paths.cache).catch(() => undefined)),
  );
  return read.filter((names) => names !== undefined);
}

async function namesOf(source: string, cacheDir: string): Promise<CachedNames | undefined> {
  const repository = await copyOf(source, cacheDir);
  const tag = await repository?.resolveTag('catalog');
  if (!repository || !tag) return undefined;
  const catalog = (await layerOf(repository, tag.digest)) as unknown as PublishedCatalog;
  const servers = catalog.servers.filter(({ name }) => /^[a-z0-9-]{1,64}$/.test(name));
  return {
    servers,
    async tools(name) {
      const digest = servers.find((server) => server.name === name)?.versions[0]?.digest;
      if (!digest) return [];
      const { tools } = await layerOf(repository, digest as never, TOOLS_LAYER);
      return Array.isArray(tools) ? tools.filter(isObject) : [];
    },
  };
}

/** What lies on this disk of a source; the copy in the package where nothing was fetched yet. */
async function copyOf(source: string, cacheDir: string): Promise<Repository | undefined> {
  const layout = 'oci-layout:';
  if (source.startsWith(layout)) return openLayout(source.slice(layout.length));
  try {
    return await openLayout(cacheFolder(cacheDir, source));
  } catch (error) {
    if (defaultSource()?.source !== source) throw error;
    return (await import('./snapshot.ts')).readSnapshot();
  }
}

async function layerOf(
  repository: Repository,
  digest: Parameters<Repository['readManifest']>[0],
  mediaType?: string,
): Promise<JsonObject> {
  const { manifest } = await repository.readManifest(digest);
  const layer = manifest.layers.find((one) => !mediaType || one.mediaType === mediaType);
  if (!layer) return {};
  return JSON.parse(Buffer.from(await repository.readBlob(layer)).toString('utf8')) as JsonObject;
}
