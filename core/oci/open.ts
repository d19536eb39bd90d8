import { PortolanError } from '../errors.ts';
import type { RegistryOptions } from './client.ts';
import { openLayout } from './layout.ts';
import { parseSource } from './reference.ts';
import { openRegistry } from './registry.ts';
import type { Repository } from './repository.ts';

/**
 * Opens the repository that a source names: `oci://HOST/NAME`, `oci-layout:PATH` or
 * `oci-layout:FILE.tar`. A tag or digest in the source is for the caller (`parseSource`); options
 * of connections mean nothing to layouts.
 */
export async function openRepository(
  source: string,
  options: RegistryOptions = {},
): Promise<Repository> {
  const parsed = parseSource(source);
  if (parsed.kind === 'registry') return openRegistry(parsed, options);
  if (!parsed.archive) return openLayout(parsed.path);
  throw new PortolanError('usage', 'SOURCE_MALFORMED', `${source}: tar layouts come soon`);
}
