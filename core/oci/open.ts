import type { RegistryOptions } from './client.ts';
import { openLayout } from './layout.ts';
import { parseSource } from './reference.ts';
import type { Repository } from './repository.ts';

/**
 * Opens the repository that a source names: `oci://HOST/NAME`, `oci-layout:PATH` or
 * `oci-layout:FILE.tar`. A tag or digest in the source is for the caller (`parseSource`); options
 * of connections mean nothing to layouts; `create` begins a layout directory that is not there.
 */
export async function openRepository(
  source: string,
  options: RegistryOptions & { readonly create?: boolean } = {},
): Promise<Repository> {
  const parsed = parseSource(source);
  if (parsed.kind === 'registry') {
    const { openRegistry } = await import('./registry.ts');
    return openRegistry(parsed, options);
  }
  if (!parsed.archive) return openLayout(parsed.path, options);
  const { openTarLayout } = await import('./layout-tar.ts');
  return openTarLayout(parsed.path);
}
