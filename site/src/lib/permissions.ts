import { referencesOf } from '../../../core/entry/template.ts';
import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import { messages } from '../messages.ts';

const m = messages.server;

/** One line of the permissions card. `tone` says whether it is a virtue or something to weigh. */
export interface PermissionLine {
  readonly icon: string;
  readonly tone: 'good' | 'plain' | 'warn';
  readonly title: string;
  readonly why?: string;
  readonly items?: readonly {
    readonly before?: string;
    readonly code: string;
    readonly after?: string;
  }[];
}

const ICONS = {
  network:
    'M10 2.5a7.500 7.500 0 1 0 0 15 7.500 7.500 0 0 0 0-15zM2.500 10h15M10 2.500c4.500 4.500 4.500 10.500 0 15-4.500-4.500-4.500-10.500 0-15z',
  folder: 'M2.500 5.500v9.500h15V7H9.500L7.500 5.500z',
  key: 'M7 13a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zm3.500-3.500h7v3m-3-3v2',
  limits: 'M3 14a7.200 7.200 0 1 1 14 0M10 13l3.500-5',
  state: 'M4 6.500h12v8H4zM7 4h6M7 17h6',
};

/** What a server may touch, in plain words, most important first. */
export function describePermissions(entry: ServerEntry): readonly PermissionLine[] {
  return [
    network(entry),
    ...(entry.remote ? [] : [folders(entry)]),
    signIn(entry),
    ...(entry.stateful ? [{ icon: ICONS.state, tone: 'plain' as const, title: m.stateful }] : []),
    ...(entry.requires ?? []).map(({ program, reason }) => ({
      icon: ICONS.state,
      tone: 'plain' as const,
      title: m.requires(program),
      why: reason,
    })),
    ...(entry.remote ? [] : [limits(entry)]),
  ];
}

function network({ remote, permissions }: ServerEntry): PermissionLine {
  const icon = ICONS.network;
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

function folders({ permissions }: ServerEntry): PermissionLine {
  const icon = ICONS.folder;
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

function signIn({ secrets = [], remote }: ServerEntry): PermissionLine {
  const icon = ICONS.key;
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

function limits({ permissions }: ServerEntry): PermissionLine {
  const { memory = '512m', cpus = 1, pids = 128 } = permissions?.resources ?? {};
  const size = memory.replace('m', ' MiB').replace('g', ' GiB');
  return {
    icon: ICONS.limits,
    tone: 'plain',
    title: m.limits,
    why: `${size} ${m.memory}, ${m.cpus(cpus)}, ${pids} ${m.pids}`,
  };
}
