import { PortolanError } from '../errors.ts';
import { openLayout } from './layout.ts';
import type { Repository } from './repository.ts';

/** Opens the repository that a source names. */
export async function openRepository(source: string): Promise<Repository> {
  if (source.startsWith('oci-layout:')) return openLayout(source.slice('oci-layout:'.length));
  throw new PortolanError(
    'usage',
    'SOURCE_MALFORMED',
    `${source} is not a source; write oci-layout:PATH`,
  );
}
