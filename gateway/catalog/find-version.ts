import type { CatalogServer, CatalogVersion } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';

/** The version of a server that is asked for, the newest by default. Throws `usage` / `SERVER_UNKNOWN`. */
export function findVersion(
  byName: ReadonlyMap<string, CatalogServer>,
  name: string,
  version: string | undefined,
  source: string,
): CatalogVersion {
  const server = byName.get(name);
  if (!server) {
    throw new PortolanError('usage', 'SERVER_UNKNOWN', `${source} has no server "${name}"`);
  }
  const listed = version
    ? server.versions.find((item) => item.version === version)
    : server.versions[0];
  if (!listed) {
    throw new PortolanError(
      'usage',
      'SERVER_UNKNOWN',
      `${name} has no version ${version}; it has ${server.versions.map((item) => item.version).join(', ')}`,
    );
  }
  return listed;
}
