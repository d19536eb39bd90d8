import { type CachedNames, cachedNames } from '../../catalog/cached-names.ts';
import { sourcesInUse } from '../../catalog/default-source.ts';
import type { Paths } from '../../paths.ts';
import { inputsOf } from '../tool-arguments.ts';
import type { Candidate } from './complete.ts';

/** The names that only this machine knows. Each is quick, reads no network, and is empty on a fault. */
export interface Names {
  servers(): Promise<readonly Candidate[]>;
  tools(server: string): Promise<readonly Candidate[]>;
  /** `KEY=` of a tool, and `KEY=VALUE` where there are choices. */
  inputs(server: string, tool: string): Promise<readonly Candidate[]>;
  clients(): Promise<readonly Candidate[]>;
  profiles(): Promise<readonly Candidate[]>;
  catalogs(): Promise<readonly Candidate[]>;
  tokens(): Promise<readonly Candidate[]>;
  /** `SERVER.` of servers, for what is behind the dot is not on this disk. */
  secrets(): Promise<readonly Candidate[]>;
  parameters(): Promise<readonly Candidate[]>;
}

export function namesOn(paths: Paths): Names {
  let opened: Promise<readonly CachedNames[]> | undefined;
  const catalogs = () => {
    opened ??= cachedNames(paths);
    return opened;
  };
  const servers = quietly(async () =>
    (await catalogs()).flatMap(({ servers: all }) =>
      all.map(({ name, summary }) => ({ value: name, description: summary.title })),
    ),
  );
  const dotted = async () =>
    (await servers()).map(({ value, description }) => ({ value: `${value}.`, description }));
  return {
    servers,
    secrets: dotted,
    parameters: dotted,
    tools: quietly(async (text: string) => {
      const [name = ''] = text.split('@');
      const found = (await catalogs()).flatMap(({ servers: all }) =>
        all.filter((server) => server.name === name),
      );
      return (found[0]?.summary.tools ?? []).map((value) => ({ value, description: '' }));
    }),
    inputs: quietly(async (text: string, tool: string) => {
      const [name = ''] = text.split('@');
      for (const catalog of await catalogs()) {
        const found = (await catalog.tools(name)).find((one) => one.name === tool);
        if (!found) continue;
        return inputsOf(found.inputSchema).flatMap(({ name: key, choices, types, description }) => {
          const values =
            choices.length > 0 ? choices : types.includes('boolean') ? [true, false] : [''];
          return values.map((value) => ({ value: `${key}=${value}`, description }));
        });
      }
      return [];
    }),
    clients: quietly(async () => {
      const { CLIENTS } = await import('../../clients/table.ts');
      return CLIENTS.map(({ id, title }) => ({ value: id, description: title }));
    }),
    profiles: quietly(async () => {
      const { listProfiles } = await import('../../profile/place.ts');
      return (await listProfiles(paths)).map(({ place }) => ({
        value: place.name,
        description: 'profile',
      }));
    }),
    tokens: quietly(async () => {
      const { readTokens } = await import('../../tokens/token-store.ts');
      return (await readTokens(paths)).map(({ name, profile }) => ({
        value: name,
        description: profile ? `profile ${profile}` : 'token',
      }));
    }),
    catalogs: quietly(async () =>
      (await sourcesInUse(paths.config)).map(({ name, source }) => ({
        value: name,
        description: source,
      })),
    ),
  };
}

/** A fault while completing is nobody's concern: the shell just offers nothing. */
function quietly<Args extends readonly string[]>(
  read: (...args: Args) => Promise<readonly Candidate[]>,
): (...args: Args) => Promise<readonly Candidate[]> {
  return (...args) => read(...args).catch(() => []);
}
