import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import { canonicalBytes } from '../../core/entry/canonical.ts';
import type { LockedServer, ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { digestOf } from '../../core/oci/digest.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import type { ProfileContext } from './profile-context.ts';

/**
 * Which version of a server is wanted: the one that was named, the one that is locked, the one that
 * the profile names, or the newest. Throws `usage` / `LOCK_OUTDATED` when profile and lock disagree:
 * another version may ask for more, which nobody has looked at yet.
 */
export function pinOf(
  text: string,
  profile: ProfileContext,
): { readonly name: string; readonly version?: string; readonly locked?: LockedServer } {
  const [name = '', version] = text.split('@');
  if (version !== undefined) return { name, version };
  const wanted = profile.server(name);
  const locked = wanted && profile.locked(name);
  if (!locked) return wanted?.version === undefined ? { name } : { name, version: wanted.version };
  if (wanted.version !== undefined && wanted.version !== locked.version) {
    throw new PortolanError(
      'usage',
      'LOCK_OUTDATED',
      `the profile ${profile.name} wants ${name} ${wanted.version}, but ${locked.version} is locked; \`portolan update ${name}\` shows what would change and locks it`,
    );
  }
  return { name, version: locked.version, locked };
}

/** The server that is wanted, verified, and exactly the locked one where it is locked. */
export async function pinnedServer(
  catalogs: CatalogSet,
  text: string,
  profile: ProfileContext,
): Promise<VerifiedServer> {
  const { name, version, locked } = pinOf(text, profile);
  const server = await catalogs.server(name, version, locked);
  if (locked) checkLocked(server, locked, profile);
  return server;
}

/** What a lock holds of the entry and tools themselves. */
export function lockedParts(
  entry: ServerEntry,
  tools: VerifiedServer['tools'],
): Pick<LockedServer, 'tools' | 'image' | 'endpoint'> {
  const image = entry.container && /@(sha256:[0-9a-f]{64})$/.exec(entry.container.image)?.[1];
  return {
    ...(tools && { tools: digestOf(canonicalBytes(tools)) }),
    ...(image && { image }),
    ...(entry.remote && { endpoint: entry.remote.url }),
  };
}

/** The digest of the artifact fixes the rest; a lock that says otherwise was edited by hand. */
function checkLocked(
  { entry, tools }: VerifiedServer,
  locked: LockedServer,
  { name: profile }: ProfileContext,
): void {
  const parts = lockedParts(entry, tools);
  for (const field of ['tools', 'image', 'endpoint'] as const) {
    if (locked[field] === parts[field]) continue;
    throw new PortolanError(
      'unverified',
      'LOCK_MISMATCH',
      `the lock of the profile ${profile} contradicts itself: ${entry.name}.${field} is ${locked[field] ?? 'absent'}, but the artifact ${locked.digest} has ${parts[field] ?? 'none'}; take the lock from your version control, or run \`portolan update ${entry.name}\``,
    );
  }
}
