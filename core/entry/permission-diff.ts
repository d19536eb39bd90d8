import { bytesOf } from './resolve.ts';
import type { ServerEntry } from './types.generated.ts';

/** One thing that a version of an entry may do and another may not. */
export interface PermissionChange {
  readonly subject: 'origin' | 'host' | 'volume' | 'secret' | 'scope' | 'resource';
  readonly change: 'added' | 'removed' | 'widened' | 'narrowed' | 'replaced';
  /** What it is about: `api.example.com:443`, `{directory} read-write`, `api_key`. */
  readonly name: string;
  /** One sentence without a full stop, for people. */
  readonly text: string;
}

/** How much more and how much less a version asks for than the one before it. */
export interface PermissionDiff {
  /** What the user has not agreed to yet. An update with any of these waits for consent. */
  readonly more: readonly PermissionChange[];
  readonly less: readonly PermissionChange[];
}

/**
 * Compares what two versions of an entry may do and ask for. Without `before`, everything of
 * `after` counts as more: that is what a first installation grants.
 */
export function permissionDiff(
  before: ServerEntry | undefined,
  after: ServerEntry,
): PermissionDiff {
  const changes = [
    ...originChanges(before, after),
    ...hostChanges(hostsOf(before), hostsOf(after)),
    ...volumeChanges(before, after),
    ...secretChanges(before, after),
    ...scopeChanges(before, after),
    ...(before ? resourceChanges(before, after) : []),
  ];
  const isMore = ({ change }: PermissionChange) =>
    change === 'added' || change === 'widened' || change === 'replaced';
  return { more: changes.filter(isMore), less: changes.filter((change) => !isMore(change)) };
}

/** Who runs the code, and whose code it is: a new package or endpoint is a new party to trust. */
function originChanges(
  before: ServerEntry | undefined,
  after: ServerEntry,
): readonly PermissionChange[] {
  const [from, to] = [before && partyOf(before), partyOf(after)];
  if (from === undefined || from === to) return [];
  return [
    {
      subject: 'origin',
      change: 'replaced',
      name: to,
      text: `comes from ${to}, before from ${from}`,
    },
  ];
}

/** The package, image repository or endpoint, without its version. */
function partyOf({ npm, container, remote }: ServerEntry): string {
  if (npm) return `the npm package ${npm.package}`;
  if (container) return `the image ${container.image.replace(/(:[^:/@]+)?@sha256:.*$/, '')}`;
  return `the endpoint ${remote?.url}`;
}

function hostsOf(entry: ServerEntry | undefined): readonly string[] {
  const network = entry?.permissions?.network;
  return typeof network === 'object' ? network.allow : [];
}

function hostChanges(
  before: readonly string[],
  after: readonly string[],
): readonly PermissionChange[] {
  const isCovered = (host: string, by: readonly string[]) => by.some((rule) => covers(rule, host));
  return [
    ...after
      .filter((host) => !isCovered(host, before))
      .map(
        (name) =>
          ({
            subject: 'host',
            change: 'added',
            name,
            text: `may reach ${hostText(name)}`,
          }) as const,
      ),
    ...before
      .filter((host) => !isCovered(host, after))
      .map(
        (name) =>
          ({
            subject: 'host',
            change: 'removed',
            name,
            text: `no longer reaches ${hostText(name)}`,
          }) as const,
      ),
  ];
}

/** True when a rule allows all that another one allows. */
function covers(rule: string, other: string): boolean {
  if (rule === other) return true;
  const [ruleHost, rulePort] = splitPort(rule);
  const [otherHost, otherPort] = splitPort(other);
  if (rulePort !== otherPort || otherHost.includes('{')) return false;
  if (ruleHost === '*') return true;
  return ruleHost.startsWith('*.') && otherHost.endsWith(ruleHost.slice(1));
}

function splitPort(rule: string): readonly [string, string] {
  const colon = rule.lastIndexOf(':');
  return [rule.slice(0, colon), rule.slice(colon + 1)];
}

function hostText(rule: string): string {
  const [host, port] = splitPort(rule);
  if (host === '*') return `every public host, port ${port}`;
  if (host.startsWith('*.')) return `every host under ${host.slice(2)}, port ${port}`;
  return rule;
}

function volumeChanges(
  before: ServerEntry | undefined,
  after: ServerEntry,
): readonly PermissionChange[] {
  const accessOf = (entry: ServerEntry | undefined) => {
    const accesses = new Map<string, 'read-only' | 'read-write'>();
    for (const { path, access } of entry?.permissions?.volumes ?? []) {
      if (accesses.get(path) !== 'read-write') accesses.set(path, access);
    }
    return accesses;
  };
  const [old, now] = [accessOf(before), accessOf(after)];
  const changes: PermissionChange[] = [];
  for (const [path, access] of now) {
    const was = old.get(path);
    const verb = access === 'read-write' ? 'read and change' : 'read';
    if (was === undefined) {
      changes.push({ subject: 'volume', change: 'added', name: path, text: `may ${verb} ${path}` });
    } else if (was !== access) {
      const change = access === 'read-write' ? 'widened' : 'narrowed';
      const text = `may ${verb} ${path}, before ${was}`;
      changes.push({ subject: 'volume', change, name: path, text });
    }
  }
  for (const path of old.keys()) {
    if (now.has(path)) continue;
    changes.push({
      subject: 'volume',
      change: 'removed',
      name: path,
      text: `no longer sees ${path}`,
    });
  }
  return changes;
}

function secretChanges(
  before: ServerEntry | undefined,
  after: ServerEntry,
): readonly PermissionChange[] {
  const secretsOf = (entry: ServerEntry | undefined) =>
    new Map((entry?.secrets ?? []).map((secret) => [secret.name, secret] as const));
  const [old, now] = [secretsOf(before), secretsOf(after)];
  const changes: PermissionChange[] = [];
  for (const [name, { description, required }] of now) {
    const was = old.get(name);
    const need = required === false ? 'may be given' : 'needs';
    if (!was) {
      const text = `${need} the secret ${name} (${description.replace(/\.$/, '')})`;
      changes.push({ subject: 'secret', change: 'added', name, text });
    } else if (was.required === false && required !== false) {
      changes.push({
        subject: 'secret',
        change: 'widened',
        name,
        text: `now requires the secret ${name}`,
      });
    } else if (was.required !== false && required === false) {
      const text = `no longer requires the secret ${name}`;
      changes.push({ subject: 'secret', change: 'narrowed', name, text });
    }
  }
  for (const name of old.keys()) {
    if (now.has(name)) continue;
    const text = `no longer takes the secret ${name}`;
    changes.push({ subject: 'secret', change: 'removed', name, text });
  }
  return changes;
}

function scopeChanges(
  before: ServerEntry | undefined,
  after: ServerEntry,
): readonly PermissionChange[] {
  const [old, now] = [before?.remote?.oauth, after.remote?.oauth];
  const changes: PermissionChange[] = [];
  if (now && !old) {
    const text = `signs in with OAuth${now.required === false ? ' (optional)' : ''}`;
    changes.push({ subject: 'scope', change: 'added', name: 'oauth', text });
  }
  if (old && !now) {
    changes.push({
      subject: 'scope',
      change: 'removed',
      name: 'oauth',
      text: 'no longer signs in',
    });
  }
  // Without a list, the server's own metadata decides: that may be anything.
  if (old?.scopes && now && !now.scopes) {
    const text = 'asks for whatever scopes the server names, before for a fixed list';
    changes.push({ subject: 'scope', change: 'widened', name: 'oauth', text });
  }
  if (now && old && !old.scopes && now.scopes) return changes;
  for (const scope of now?.scopes ?? []) {
    if (old?.scopes?.includes(scope)) continue;
    const text = `asks for the OAuth scope ${scope}`;
    changes.push({ subject: 'scope', change: 'added', name: scope, text });
  }
  for (const scope of (now && old?.scopes) ?? []) {
    if (!now?.scopes || now.scopes.includes(scope)) continue;
    const text = `no longer asks for the OAuth scope ${scope}`;
    changes.push({ subject: 'scope', change: 'removed', name: scope, text });
  }
  return changes;
}

/** Ceilings when an entry sets none, as the schema says. */
const CEILINGS = { memory: '512m', cpus: 1, pids: 128, tmp: '64m' } as const;

function resourceChanges(before: ServerEntry, after: ServerEntry): readonly PermissionChange[] {
  return (Object.keys(CEILINGS) as (keyof typeof CEILINGS)[]).flatMap((name) => {
    const old = before.permissions?.resources?.[name] ?? CEILINGS[name];
    const now = after.permissions?.resources?.[name] ?? CEILINGS[name];
    const difference = amount(now) - amount(old);
    if (difference === 0) return [];
    const change = difference > 0 ? 'widened' : 'narrowed';
    return [{ subject: 'resource', change, name, text: `may use ${name} ${now}, before ${old}` }];
  });
}

function amount(value: string | number): number {
  return typeof value === 'number' ? value : bytesOf(value);
}
