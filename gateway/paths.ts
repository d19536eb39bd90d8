import { homedir } from 'node:os';
import { join } from 'node:path';

/** Folders that the gateway keeps its files in. */
export interface Paths {
  /** What the user wrote: profiles, catalogs, policy. */
  readonly config: string;
  /** What can be fetched or built again: artifacts, npm trees. */
  readonly cache: string;
  /** What must survive but nobody edits: the highest catalog number seen, logs. */
  readonly state: string;
}

/**
 * The folders by the platform's convention (XDG base directories, Apple's Library, Windows'
 * AppData); PORTOLAN_HOME puts all three below one folder.
 */
export function portolanPaths(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): Paths {
  const base = env.PORTOLAN_HOME;
  if (base) {
    return { config: join(base, 'config'), cache: join(base, 'cache'), state: join(base, 'state') };
  }
  const home = homedir();
  if (platform === 'win32') {
    const roaming = env.APPDATA ?? join(home, 'AppData', 'Roaming');
    const local = env.LOCALAPPDATA ?? join(home, 'AppData', 'Local');
    return {
      config: join(roaming, 'portolan'),
      cache: join(local, 'portolan', 'cache'),
      state: join(local, 'portolan', 'state'),
    };
  }
  if (platform === 'darwin') {
    const support = join(home, 'Library', 'Application Support', 'portolan');
    return {
      config: support,
      cache: join(home, 'Library', 'Caches', 'portolan'),
      state: join(support, 'state'),
    };
  }
  const xdg = (name: string, fallback: string) =>
    join(env[name] || join(home, fallback), 'portolan');
  return {
    config: xdg('XDG_CONFIG_HOME', '.config'),
    cache: xdg('XDG_CACHE_HOME', '.cache'),
    state: xdg('XDG_STATE_HOME', '.local/state'),
  };
}
