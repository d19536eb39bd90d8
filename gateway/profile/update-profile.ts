import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import { type PermissionDiff, permissionDiff } from '../../core/entry/permission-diff.ts';
import { type ToolDiff, toolDiff } from '../../core/entry/tool-diff.ts';
import type { LockedServer, ToolDefinition } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import type { Paths } from '../paths.ts';
import { editServer, writeLock } from './change-profile.ts';
import { lockServer } from './lock-server.ts';
import { notInProfile } from './not-in-profile.ts';
import type { ProfilePlace } from './place.ts';
import { lockedIn } from './profile-lock.ts';
import { type LoadedProfile, namesIn, serverIn, serversOf } from './read-profile.ts';
import { toolRefusal } from './tool-switch.ts';

/** In place of a version: the profile names none, and follows. */
const LATEST = 'latest';

/** What an update of one server would change; nothing is changed yet. */
export interface ServerUpdate {
  readonly server: string;
  /** What is locked now; absent for the first time. */
  readonly from?: LockedServer;
  readonly to: LockedServer;
  readonly permissions: PermissionDiff;
  readonly tools: ToolDiff;
  /** Another signer or catalog vouches for it: a sentence each. */
  readonly notes: readonly string[];
  /** The server may do more than before, offers more, or somebody else vouches for it. */
  readonly widens: boolean;
  /** The profile is to name this version from now on, or none with `latest`. */
  readonly pin?: string;
}

/**
 * Compares what is locked with what the profile and the catalogs say now. `texts` are servers of the
 * profile, as NAME, NAME@VERSION or NAME@latest; all when absent. A version that the profile names is
 * kept, unless `latest` takes it back. With
 * `onProblem`, a server that cannot be had stops no other.
 *
 * Throws `usage` / `SERVER_NOT_IN_PROFILE` and what the catalogs throw.
 */
export async function planUpdates(
  loaded: LoadedProfile,
  catalogs: CatalogSet,
  texts: readonly string[] = [],
  onProblem?: (server: string, error: PortolanError) => void,
): Promise<readonly ServerUpdate[]> {
  const { profile, lock, place } = loaded;
  const wanted = texts.length > 0 ? texts : serversOf(profile).map(([name]) => name);
  const updates = await Promise.all(
    wanted.map(async (text) => {
      try {
        return await planUpdate(text);
      } catch (error) {
        if (!onProblem || !(error instanceof PortolanError)) throw error;
        onProblem(text, error);
        return undefined;
      }
    }),
  );
  return updates.filter((update) => update !== undefined);

  async function planUpdate(text: string): Promise<ServerUpdate | undefined> {
    const [name = '', named] = text.split('@');
    const own = serverIn(profile, name);
    if (!own) throw notInProfile(name, place, namesIn(profile));
    const from = lockedIn(lock, name);
    const after = await catalogs.server(
      name,
      named === LATEST ? undefined : (named ?? own.version),
    );
    const to = await lockServer(after, catalogs.catalogOf(name));
    const isNew = named !== undefined && named !== (own.version ?? LATEST);
    const pin = isNew ? { pin: named } : {};
    if (from?.digest === to.digest) {
      return 'pin' in pin ? { ...noChange(name, from, to), ...pin } : undefined;
    }
    const before = from && (await lockedServer(catalogs, name, from));
    const { permissions, tools, notes } = versionDiff({ from, to, before, after });
    const offered = tools.added.filter(
      (tool) => toolRefusal(own, name, tool.name, place.name) === undefined,
    );
    const widens = permissions.more.length + offered.length + notes.length > 0;
    return { server: name, ...(from && { from }), to, permissions, tools, notes, widens, ...pin };
  }
}

/** Two versions of a server, and what is locked of them; `before` is absent where it cannot be had. */
export interface VersionPair {
  readonly from: LockedServer | undefined;
  readonly to: LockedServer;
  readonly before: VerifiedServer | undefined;
  readonly after: VerifiedServer;
}

/** What a user has to know of the step from one version to another. */
export function versionDiff({
  from,
  to,
  before,
  after,
}: VersionPair): Pick<ServerUpdate, 'permissions' | 'tools' | 'notes'> {
  return {
    permissions: permissionDiff(before?.entry, after.entry),
    tools: toolDiff(toolsOf(before), toolsOf(after)),
    notes: notesOf(from, to, before),
  };
}

/** Locks what was agreed to. Entries of servers that the profile no longer has are dropped. */
export async function applyUpdates(
  { place, profile }: LoadedProfile,
  paths: Paths,
  updates: readonly ServerUpdate[],
): Promise<void> {
  await writeLock(place, paths, (lock) => {
    const servers = { ...lock.servers };
    for (const name of Object.keys(servers)) {
      if (serverIn(profile, name) === undefined) delete servers[name];
    }
    for (const { server, to } of updates) servers[server] = to;
    return { ...lock, servers };
  });
  for (const { server, pin } of updates) {
    if (pin !== undefined) await pinVersion(place, paths, server, pin);
  }
}

async function pinVersion(
  place: ProfilePlace,
  paths: Paths,
  server: string,
  version: string,
): Promise<void> {
  await editServer(place, paths, server, (before) => {
    if (!before || version !== LATEST) return before && { ...before, version };
    const { version: _, ...others } = before;
    return others;
  });
}

/** What is locked now. It may be gone: then all that the new version may do counts as more. */
export async function lockedServer(
  catalogs: CatalogSet,
  name: string,
  locked: LockedServer,
): Promise<VerifiedServer | undefined> {
  try {
    return await catalogs.server(name, locked.version, locked);
  } catch (error) {
    if (error instanceof PortolanError) return undefined;
    throw error;
  }
}

function notesOf(
  from: LockedServer | undefined,
  to: LockedServer,
  before: VerifiedServer | undefined,
): readonly string[] {
  if (!from) return [];
  return [
    ...(before ? [] : [`what was locked (${from.version}) cannot be read any more to compare it`]),
    ...(from.signer === to.signer ? [] : [`signed by ${to.signer}, before by ${from.signer}`]),
    ...(from.catalog.source === to.catalog.source
      ? []
      : [`comes from ${to.catalog.source}, before from ${from.catalog.source}`]),
  ];
}

function noChange(server: string, from: LockedServer, to: LockedServer): ServerUpdate {
  const nothing = { added: [], removed: [], changed: [] };
  const permissions = { more: [], less: [] };
  return { server, from, to, permissions, tools: nothing, notes: [], widens: false };
}

export function toolsOf(server: VerifiedServer | undefined): readonly ToolDefinition[] {
  return server?.tools?.tools ?? [];
}
