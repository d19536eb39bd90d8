import { referencesOf } from '../../core/entry/template.ts';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { messageOf } from '../../core/errors.ts';
import type { DataPath } from '../registry/finding.ts';

/** One template of an entry, and what it refers to. */
export interface EntryTemplate {
  readonly at: DataPath;
  readonly place: 'args' | 'env' | 'header' | 'url' | 'network' | 'volume';
  readonly text: string;
  /** Empty when the template cannot be parsed. */
  readonly references: readonly string[];
  /** Why the template cannot be parsed. */
  readonly error?: string;
}

/** Every template of an entry, in the order of the schema. */
export function templatesOf(entry: ServerEntry): readonly EntryTemplate[] {
  const templates: EntryTemplate[] = [];
  const add = (place: EntryTemplate['place'], at: DataPath, text: string) => {
    try {
      templates.push({ at, place, text, references: referencesOf(text) });
    } catch (error) {
      templates.push({ at, place, text, references: [], error: messageOf(error) });
    }
  };
  const { remote, env, args, permissions } = entry;
  if (remote) add('url', ['remote', 'url'], remote.url);
  for (const [name, text] of Object.entries(remote?.headers ?? {})) {
    add('header', ['remote', 'headers', name], text);
  }
  for (const [name, text] of Object.entries(env ?? {})) add('env', ['env', name], text);
  args?.forEach((argument, index) => {
    const group = typeof argument === 'string' ? undefined : argument;
    if (typeof argument === 'string') add('args', ['args', index], argument);
    else if (Array.isArray(group)) {
      for (const [inner, text] of group.entries()) add('args', ['args', index, inner], text);
    } else {
      for (const [inner, text] of (group?.args ?? []).entries()) {
        add('args', ['args', index, 'args', inner], text);
      }
    }
  });
  const network = permissions?.network;
  if (typeof network === 'object') {
    network.allow.forEach((text, index) => {
      add('network', ['permissions', 'network', 'allow', index], text);
    });
  }
  permissions?.volumes?.forEach((volume, index) => {
    add('volume', ['permissions', 'volumes', index, 'path'], volume.path);
  });
  return templates;
}

/** Parameters that conditional arguments test, with their places. */
export function conditionsOf(entry: ServerEntry): readonly { at: DataPath; name: string }[] {
  return (entry.args ?? []).flatMap((argument, index) =>
    typeof argument === 'object' && !Array.isArray(argument)
      ? [{ at: ['args', index, 'when'], name: argument.when }]
      : [],
  );
}
