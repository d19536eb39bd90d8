import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { RegistryOptions } from '../../core/oci/client.ts';
import { openRepository } from '../../core/oci/open.ts';
import type { Repository } from '../../core/oci/repository.ts';
import { type CachedRepository, cachedRepository } from './cached-repository.ts';
import { defaultSource } from './default-source.ts';

/** A catalog source to read from; nothing of it is verified yet. */
export interface ConnectedSource {
  readonly repository: Repository;
  /** The same for a registry, which is read through a local copy. */
  readonly cached?: CachedRepository;
}

export interface SourceOptions {
  /** Where content of registries is kept. */
  readonly cacheDir: string;
  readonly connection?: RegistryOptions;
  /** Nothing is to be run or added: an old copy will do, said as such, and after one question. */
  readonly look?: boolean;
  readonly log?: (line: string) => void;
}

/** Opens a layout, or a registry with the local copy that it is read through. */
export async function connectSource(
  source: string,
  { cacheDir, connection, look = false, log = () => {} }: SourceOptions,
): Promise<ConnectedSource> {
  const isRegistry = source.startsWith('oci://');
  const remote = await openRepository(
    source,
    connection ?? (look && isRegistry ? await impatient() : {}),
  );
  if (!isRegistry) return { repository: remote };
  const cached = await cachedRepository(remote, cacheFolder(cacheDir, source), {
    log,
    packaged: () => packagedCopyOf(source),
  });
  return { repository: cached, cached };
}

/** Where a copy will do, nobody waits long for the original. */
async function impatient(): Promise<RegistryOptions> {
  const { createFetch } = await import('../../core/oci/transport.ts');
  return { attempts: 1, fetch: createFetch({ connectMs: 3_000, idleMs: 10_000 }) };
}

/** The package holds a copy of its own default catalog, and of no other. */
async function packagedCopyOf(source: string): Promise<Repository | undefined> {
  if (defaultSource()?.source !== source) return undefined;
  const { readSnapshot } = await import('./snapshot.ts');
  return readSnapshot();
}

/** Folder of the local copy of a registry source. */
export function cacheFolder(cacheDir: string, source: string): string {
  return join(cacheDir, 'oci', createHash('sha256').update(source).digest('hex').slice(0, 32));
}
