import { canonicalJson } from '../../core/entry/canonical.ts';
import { permissionDiff } from '../../core/entry/permission-diff.ts';
import { toolDiff } from '../../core/entry/tool-diff.ts';
import { compareVersions } from '../../core/entry/version.ts';
import type { LoadedServer } from '../registry/load.ts';
import type { ChangeRule, Complaint } from './rule.ts';

/** Whoever installed an entry must be able to learn what became of it, so it never just vanishes. */
export const tombstone: ChangeRule = {
  name: 'tombstone',
  scope: 'change',
  *check({ before, after, path }) {
    if (!before || after?.source) return;
    yield {
      in: path,
      fact: 'the entry is gone',
      remedy:
        'bring it back with status: {state: withdrawn, reason: ...} and a new version, and name a replacement where there is one',
    };
  },
};

/**
 * A version stands for its content for ever: clients keep it by its digest, and a mirror may hold
 * it for years. So any change of content has a new version, which is greater than the last one.
 */
export const versionBump: ChangeRule = {
  name: 'version-bump',
  scope: 'change',
  *check({ before, after, earlierVersions }) {
    const [old, now, source] = [before?.entry, after?.entry, after?.source];
    if (!now || !source) return;
    const complain = (fact: string, remedy: string): Complaint => ({
      in: source,
      at: ['version'],
      fact,
      remedy,
    });
    const changed = before && after ? changedParts(before, after) : [];
    if (old && old.version === now.version) {
      if (changed.length > 0) {
        yield complain(
          `${changed.join(', ')} changed, but the version is still ${now.version}`,
          `raise it, at least to ${raised(now.version, 'patch')}`,
        );
      }
      return;
    }
    if (earlierVersions.has(now.version)) {
      yield complain(
        `${now.version} was published before, with other content`,
        `take a version that never was, e.g. ${raised(highest([...earlierVersions, now.version]), 'patch')}`,
      );
    } else if (old && compareVersions(now.version, old.version) < 0) {
      yield complain(
        `${now.version} is lower than ${old.version}, so nobody would get it`,
        `take a greater one, e.g. ${raised(old.version, 'patch')}`,
      );
    }
  },
};

/** A major version tells that an update takes more rights or takes tools away. */
export const versionLevel: ChangeRule = {
  name: 'version-level',
  scope: 'change',
  *check({ before, after }) {
    const [old, now, source] = [before?.entry, after?.entry, after?.source];
    if (!old || !now || !source || compareVersions(now.version, old.version) <= 0) return;
    if (majorOf(now.version) > majorOf(old.version) || now.status?.state === 'withdrawn') return;
    const more = permissionDiff(old, now).more.filter(({ subject }) => subject !== 'resource');
    const [oldTools, newTools] = [before?.tools?.captured?.tools, after?.tools?.captured?.tools];
    const removed = oldTools && newTools ? toolDiff(oldTools, newTools).removed : [];
    const [first] = [
      ...more.map(({ text }) => text),
      ...removed.map(({ name }) => `loses the tool ${name}`),
    ];
    if (first === undefined) return;
    const count = more.length + removed.length;
    yield {
      in: source,
      at: ['version'],
      fact: `the server ${first}${count > 1 ? ` (and ${count - 1} more)` : ''}, which is a new major version`,
      remedy: `write ${raised(old.version, 'major')}`,
    };
  },
};

/** Parts of an entry whose published bytes differ; comments and layout of server.yaml do not count. */
function changedParts(before: LoadedServer, after: LoadedServer): string[] {
  const parts: string[] = [];
  if (canonicalJson(before.data ?? null) !== canonicalJson(after.data ?? null)) {
    parts.push('server.yaml');
  }
  const files = {
    tools: 'tools.json',
    lock: 'package-lock.json',
    readme: 'readme.md',
    icon: 'icon.svg',
  };
  for (const [part, file] of Object.entries(files) as [keyof typeof files, string][]) {
    const [old, now] = [before[part]?.bytes, after[part]?.bytes];
    if (old === undefined && now === undefined) continue;
    if (!old || !now || !old.equals(now)) parts.push(file);
  }
  return parts;
}

function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}

function highest(versions: readonly string[]): string {
  return versions.toSorted(compareVersions).at(-1) ?? '1.0.0';
}

function raised(version: string, level: 'major' | 'patch'): string {
  const [major = 0, minor = 0, patch = 0] = version.split('-')[0]?.split('.').map(Number) ?? [];
  return level === 'major' ? `${major + 1}.0.0` : `${major}.${minor}.${patch + 1}`;
}
