import { type PermissionWords, permissionWords } from './permission-words.ts';
import { referencesOf } from './template.ts';
import type { ServerEntry } from './types.generated.ts';

/** What a line is about; whoever shows it has the pictures. */
export type PermissionIcon = 'network' | 'folder' | 'key' | 'limits' | 'state';

/** One line of the permissions card. `tone` says whether it is a virtue or something to weigh. */
export interface PermissionLine {
  readonly icon: PermissionIcon;
  readonly tone: 'good' | 'plain' | 'warn';
  readonly title: string;
  readonly why?: string;
  readonly items?: readonly {
    readonly before?: string;
    readonly code: string;
    readonly after?: string;
  }[];
}

/** What a server may touch, in plain words, most important first. */
export function describePermissions(
  entry: ServerEntry,
  m: PermissionWords = permissionWords,
): readonly PermissionLine[] {
  return [
    network(entry, m),
    ...(entry.remote ? [] : [folders(entry, m)]),
    signIn(entry, m),
    ...(entry.stateful
      ? [{ icon: 'state' as const, tone: 'plain' as const, title: m.stateful }]
      : []),
    ...(entry.requires ?? []).map(({ program, reason }) => ({
      icon: 'state' as const,
      tone: 'plain' as const,
      title: m.requires(program),
      why: reason,
    })),
    ...(entry.remote ? [] : [limits(entry, m)]),
  ];
}

function network({ remote, permissions }: ServerEntry, m: PermissionWords): PermissionLine {
  const icon = 'network' as const;
  if (remote) {
    const host = /^https:\/\/([^/]+)/.exec(remote.url)?.[1] ?? remote.url;
    return {
      icon,
      tone: 'plain',
      title: m.networkRemote,
      items: [{ before: m.networkRemoteWhy, code: host }],
    };
  }
  const allowed = permissions?.network;
  if (allowed === undefined || allowed === 'none') {
    return { icon, tone: 'good', title: m.networkNone, why: m.networkNoneWhy };
  }
  if (allowed.allow.some((rule) => rule.startsWith('*:'))) {
    return { icon, tone: 'warn', title: m.networkAny, why: m.networkAnyWhy };
  }
  return {
    icon,
    tone: 'plain',
    title: m.networkHosts,
    items: allowed.allow.map((rule) => ({ code: rule.replace(/:443$/, '') })),
  };
}

function folders({ permissions }: ServerEntry, m: PermissionWords): PermissionLine {
  const icon = 'folder' as const;
  const volumes = permissions?.volumes ?? [];
  if (volumes.length === 0) return { icon, tone: 'good', title: m.foldersNone };
  const writes = volumes.some(({ access }) => access === 'read-write');
  return {
    icon,
    tone: 'plain',
    title: writes ? m.folderWrite : m.folderRead,
    items: volumes.map(({ path, access }) => ({
      code: referencesOf(path)[0] ?? path,
      after: `(${access})`,
    })),
  };
}

function signIn({ secrets = [], remote }: ServerEntry, m: PermissionWords): PermissionLine {
  const icon = 'key' as const;
  if (remote?.oauth) {
    return {
      icon,
      tone: 'plain',
      title: remote.oauth.required === false ? m.oauthOptional : m.oauth,
      ...(remote.oauth.scopes
        ? { items: remote.oauth.scopes.map((scope) => ({ code: scope })) }
        : {}),
    };
  }
  if (secrets.length === 0) return { icon, tone: 'good', title: m.secretsNone };
  return {
    icon,
    tone: 'plain',
    title: m.secrets(secrets.length),
    items: secrets.map(({ name, required }) => ({
      code: name,
      ...(required === false ? { after: `(${m.optional})` } : {}),
    })),
  };
}

function limits({ permissions }: ServerEntry, m: PermissionWords): PermissionLine {
  const { memory = '512m', cpus = 1, pids = 128 } = permissions?.resources ?? {};
  const size = memory.replace('m', ' MiB').replace('g', ' GiB');
  return {
    icon: 'limits',
    tone: 'plain',
    title: m.limits,
    why: `${size} ${m.memory}, ${m.cpus(cpus)}, ${pids} ${m.pids}`,
  };
}
