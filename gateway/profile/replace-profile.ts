import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import type { PermissionDiff } from '../../core/entry/permission-diff.ts';
import { type ToolDiff, toolDiff } from '../../core/entry/tool-diff.ts';
import type {
  LockedServer,
  Profile,
  ProfileLock,
  ProfileServer,
  ToolDefinition,
} from '../../core/entry/types.generated.ts';
import { messageOf, PortolanError } from '../../core/errors.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import { lockServer } from './lock-server.ts';
import { lockedIn } from './profile-lock.ts';
import { type LoadedProfile, serverIn, serversOf } from './read-profile.ts';
import { toolRefusal } from './tool-switch.ts';
import { lockedServer, toolsOf, versionDiff } from './update-profile.ts';

/** What the replacement of a profile would change; nothing is changed yet. */
export interface Replacement {
  readonly servers: readonly ServerReplacement[];
  /** What is different of the profile itself, a sentence each. */
  readonly notes: readonly string[];
  readonly widens: boolean;
  /** The new lock, with what was not locked in it as it was shown. */
  readonly lock: ProfileLock;
}

export interface ServerReplacement {
  readonly server: string;
  readonly from?: LockedServer;
  /** Absent when the server is gone, or cannot be read here. */
  readonly to?: LockedServer;
  readonly change: 'added' | 'removed' | 'changed';
  readonly permissions: PermissionDiff;
  readonly tools: ToolDiff;
  /** Settings, tool switches and signers that are other ones: a sentence each. */
  readonly notes: readonly string[];
  /** The server may do more than before, or something that nobody can tell from here. */
  readonly widens: boolean;
}

/**
 * Compares a profile with the one that is to take its place. `open` gives the catalogs of the names
 * that a profile allows; it is asked only when a server differs. Every other setting counts as more:
 * nobody can tell from here what a folder or a switch lets a server do.
 */
export async function planReplacement(
  before: LoadedProfile,
  after: { readonly profile: Profile; readonly lock: ProfileLock },
  open: (catalogs: readonly string[] | undefined) => Promise<CatalogSet>,
): Promise<Replacement> {
  const locked: Record<string, LockedServer> = { ...after.lock.servers };
  const added = await Promise.all(serversOf(after.profile).map(([name]) => planServer(name)));
  const removed = serversOf(before.profile)
    .filter(([name]) => !serverIn(after.profile, name))
    .map(([server]): ServerReplacement => {
      const from = lockedIn(before.lock, server);
      return { server, ...(from && { from }), change: 'removed', ...SAME };
    });
  const servers = [...added.filter((one) => one !== undefined), ...removed];
  const notes = changed('catalogs', before.profile.catalogs, after.profile.catalogs, 'all');
  return {
    servers,
    notes,
    widens: notes.length > 0 || servers.some(({ widens }) => widens),
    lock: { ...after.lock, servers: locked },
  };

  async function planServer(server: string): Promise<ServerReplacement | undefined> {
    const [was, own = {}] = [serverIn(before.profile, server), serverIn(after.profile, server)];
    const from = was && lockedIn(before.lock, server);
    const given = lockedIn(after.lock, server);
    const settings = settingNotes(was ?? {}, own);
    const isSame = from !== undefined && from.digest === given?.digest;
    const switches = changed('tools', was?.tools, own.tools, 'all');
    if (isSame && settings.length + switches.length === 0) return undefined;
    const change = was ? 'changed' : 'added';
    const result = { server, ...(from && { from }), change } as const;
    try {
      const catalogs = await open(after.profile.catalogs);
      const version = await (given
        ? catalogs.server(server, given.version, given)
        : catalogs.server(server, own.version));
      const to = given ?? (await lockServer(version, catalogs.catalogOf(server)));
      locked[server] = to;
      const old = from && (await lockedServer(catalogs, server, from));
      const { permissions, notes } = versionDiff({ from, to, before: old, after: version });
      const tools = toolDiff(was ? offered(server, was, old) : [], offered(server, own, version));
      // Tools that are listed live cannot be told apart from here.
      const live = was && !version.tools ? switches : [];
      const told = [...notes, ...settings, ...live];
      const widens = permissions.more.length + tools.added.length + told.length > 0 || !was;
      return { ...result, to, permissions, tools, notes: told, widens };
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error;
      const note = `what it may do cannot be read here: ${messageOf(error)}`;
      return {
        ...result,
        ...(given && { to: given }),
        ...SAME,
        notes: [...settings, note],
        widens: true,
      };
    }
  }

  /** The signed tools of a server that are on. */
  function offered(
    name: string,
    value: ProfileServer,
    server: VerifiedServer | undefined,
  ): readonly ToolDefinition[] {
    return toolsOf(server).filter(
      (tool) => toolRefusal(value, name, tool.name, before.place.name) === undefined,
    );
  }
}

const SAME = {
  permissions: { more: [], less: [] },
  tools: { added: [], removed: [], changed: [] },
  notes: [],
  widens: false,
} as const;

function settingNotes(was: ProfileServer, own: ProfileServer): readonly string[] {
  const maps = (['parameters', 'secrets'] as const).flatMap((field) => {
    const [old, now] = [was[field] ?? {}, own[field] ?? {}];
    const names = new Set([...Object.keys(old), ...Object.keys(now)]);
    return [...names].flatMap((name) => changed(name, old[name], now[name], 'not set'));
  });
  return [...maps, ...changed('isolation', was.isolation, own.isolation, 'as on this machine')];
}

function changed(name: string, old: unknown, now: unknown, absent: string): readonly string[] {
  const text = (value: unknown) =>
    value === undefined ? absent : typeof value === 'string' ? value : JSON.stringify(value);
  return text(old) === text(now) ? [] : [`${name}: ${text(old)} -> ${text(now)}`];
}
