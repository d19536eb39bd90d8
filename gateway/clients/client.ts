/** The program that a client is told to start. */
export interface Launch {
  /** Name of the entry in the client's configuration. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Locations (see pathOn), the same everywhere or for each platform. */
type Locations =
  | readonly string[]
  | {
      readonly linux: readonly string[];
      readonly darwin: readonly string[];
      readonly win32: readonly string[];
    };

/** One MCP client: where its configuration lies and how an entry of it looks. */
export interface Client {
  readonly id: string;
  readonly title: string;
  readonly format: 'jsonc' | 'yaml' | 'toml';
  /** Path of keys to the map of servers. */
  readonly keys: readonly string[];
  /** The servers are a list of entries with a `name`, not a map. */
  readonly list?: true;
  readonly files: Locations;
  /** Files below the folder of a project. */
  readonly project?: readonly string[];
  /** What exists where the client is installed. */
  readonly traces: Locations;
  /** What a new file begins with. */
  readonly seed?: string;
  readonly entry: (launch: Launch) => Record<string, unknown>;
}

/** Locations of a client on a platform; systems without rules of their own are like Linux. */
export function locationsOn(platform: NodeJS.Platform, locations: Locations): readonly string[] {
  if ('linux' in locations) {
    return platform === 'win32' || platform === 'darwin' ? locations[platform] : locations.linux;
  }
  return locations;
}

/** Shapes of entries that several clients share. */
export const shapes = {
  plain: ({ command, args, env }: Launch): Record<string, unknown> => ({
    command,
    args,
    ...(Object.keys(env).length > 0 ? { env } : {}),
  }),
  stdio: (launch: Launch): Record<string, unknown> => ({ type: 'stdio', ...shapes.plain(launch) }),
};
