import { canonicalJson } from '../../core/entry/canonical.ts';
import type { PublishedVersion } from './publication.ts';

/** One difference between two versions of a server. `more` marks what asks for more than before. */
export interface Change {
  readonly kind: 'network' | 'folder' | 'secret' | 'parameter' | 'tool' | 'source' | 'words';
  readonly what: 'added' | 'removed' | 'changed';
  readonly name: string;
  readonly more?: boolean;
}

/** What changed from one version to the next: permissions first, then tools, then the rest. */
export function changesBetween(before: PublishedVersion, after: PublishedVersion): Change[] {
  return [
    ...diff('network', hostsOf(before), hostsOf(after), true),
    ...diff('folder', foldersOf(before), foldersOf(after), true),
    ...diff('secret', secretsOf(before), secretsOf(after), true),
    ...diff('parameter', parametersOf(before), parametersOf(after), false),
    ...diff('tool', toolsOf(before), toolsOf(after), false),
    ...diff('source', sourceOf(before), sourceOf(after), false),
    ...diff('words', wordsOf(before), wordsOf(after), false),
  ];
}

type Facts = ReadonlyMap<string, string>;

function diff(kind: Change['kind'], before: Facts, after: Facts, more: boolean): Change[] {
  const changes: Change[] = [];
  for (const [name, value] of after) {
    if (!before.has(name)) changes.push({ kind, what: 'added', name, ...(more ? { more } : {}) });
    else if (before.get(name) !== value) changes.push({ kind, what: 'changed', name });
  }
  for (const name of before.keys()) {
    if (!after.has(name)) changes.push({ kind, what: 'removed', name });
  }
  return changes;
}

const named = (names: readonly string[]): Facts => new Map(names.map((name) => [name, '']));

function hostsOf({ entry }: PublishedVersion): Facts {
  if (entry.remote) return named([entry.remote.url]);
  const network = entry.permissions?.network;
  return named(network && network !== 'none' ? network.allow : []);
}

function foldersOf({ entry }: PublishedVersion): Facts {
  return named((entry.permissions?.volumes ?? []).map(({ path, access }) => `${path} (${access})`));
}

function secretsOf({ entry }: PublishedVersion): Facts {
  return new Map((entry.secrets ?? []).map((secret) => [secret.name, canonicalJson(secret)]));
}

function parametersOf({ entry }: PublishedVersion): Facts {
  const { properties = {} } = entry.parameters ?? {};
  return new Map(Object.entries(properties).map(([name, value]) => [name, canonicalJson(value)]));
}

function toolsOf({ tools }: PublishedVersion): Facts {
  return new Map((tools?.tools ?? []).map((tool) => [tool.name, canonicalJson(tool)]));
}

function sourceOf({ entry }: PublishedVersion): Facts {
  const { npm, container } = entry;
  if (npm) return new Map([[npm.package, npm.version]]);
  if (container) return new Map([[container.image.replace(/@.*$/, ''), container.image]]);
  return new Map();
}

function wordsOf({ entry }: PublishedVersion): Facts {
  return new Map([
    ['title', entry.title],
    ['description', entry.description],
    ['license', entry.license],
    ['publisher', entry.publisher.name],
  ]);
}
