import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Files as the toolkit writes them before it has profiles, in a Docker configuration folder. */
export function writeToolkit(folder: string, files: Readonly<Record<string, string>> = {}): void {
  for (const [file, text] of Object.entries({ ...FILES, ...files })) {
    const path = join(folder, 'mcp', file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

const DIGEST = `sha256:${'d'.repeat(64)}`;

const FILES = {
  'catalog.json': JSON.stringify({
    catalogs: {
      'docker-mcp': {
        displayName: 'Docker MCP Catalog',
        url: 'https://desktop.docker.com/mcp/catalog/v2/catalog.yaml',
        lastUpdate: '2026-06-01T10:00:00Z',
      },
    },
  }),
  'registry.yaml': `registry:
  github-official:
    ref: ""
  duckduckgo:
    ref: ""
  filesystem:
    ref: ""
  linear:
    ref: ""
  ffmpeg:
    ref: ""
`,
  'config.yaml': `filesystem:
  paths:
    - /home/me/work
github-official:
  read-only: "true"
  toolsets: repos
  nested: {host: github.example}
`,
  'tools.yaml': `github-official:
  - get_me
  - search_code
filesystem: [read_text_file, no_such_tool]
duckduckgo: []
`,
  'catalogs/docker-mcp.yaml': `version: 2
name: docker-mcp
displayName: Docker MCP Catalog
registry:
  github-official:
    description: Official GitHub MCP Server, by GitHub.
    title: GitHub Official
    type: server
    dateAdded: "2025-05-05T20:04:48Z"
    image: ghcr.io/github/github-mcp-server@${DIGEST}
    ref: ""
    source: https://github.com/github/github-mcp-server/tree/23fa0dd
    tools: [{name: get_me}, {name: search_code}]
    secrets:
      - name: github.personal_access_token
        env: GITHUB_PERSONAL_ACCESS_TOKEN
        example: <YOUR_TOKEN>
    oauth:
      providers:
        - provider: github
          secret: github.personal_access_token
          env: GITHUB_PERSONAL_ACCESS_TOKEN
    allowHosts: [api.github.com:443]
  duckduckgo:
    title: DuckDuckGo
    type: server
    image: mcp/duckduckgo@${DIGEST}
    upstream: https://github.com/nickclyde/duckduckgo-mcp-server
  filesystem:
    title: Filesystem (Reference)
    type: server
    image: mcp/filesystem@${DIGEST}
    upstream: https://github.com/modelcontextprotocol/servers
    source: https://github.com/modelcontextprotocol/servers/tree/b4ee623/src/filesystem
    volumes: ["{{filesystem.paths|volume|into}}"]
  linear:
    title: Linear
    type: remote
    remote: {transport_type: streamable-http, url: https://mcp.linear.app/mcp}
    oauth: {providers: [{provider: linear}]}
  ffmpeg:
    title: FFmpeg
    type: server
    image: mcp/ffmpeg@${DIGEST}
`,
};

/** A profile as a row of the database and an exported file hold it. */
export const WORK = {
  id: 'work',
  name: 'Work',
  servers: [
    {
      type: 'image',
      image: `mcp/duckduckgo@${DIGEST}`,
      config: {},
      secrets: 'default',
      tools: null,
      snapshot: { server: { name: 'duckduckgo', type: 'server', image: 'mcp/duckduckgo' } },
    },
    {
      type: 'remote',
      endpoint: 'https://mcp.linear.app/mcp',
      secrets: 'default',
      tools: null,
      snapshot: {
        server: {
          name: 'linear',
          type: 'remote',
          remote: { url: 'https://mcp.linear.app/mcp', transport_type: 'streamable-http' },
        },
      },
    },
    {
      type: 'registry',
      source: 'https://registry.modelcontextprotocol.io/v0/servers/io.example%2Fthing',
      secrets: 'default',
    },
  ],
  secrets: { default: { provider: 'docker-desktop-store' } },
};

/** The toolkit's database, with the tables of its migrations. */
export function writeDatabase(folder: string, profiles: readonly (typeof WORK)[]): void {
  mkdirSync(join(folder, 'mcp'), { recursive: true });
  const database = new DatabaseSync(join(folder, 'mcp', 'mcp-toolkit.db'));
  database.exec(`
    create table working_set (
      id text primary key, name text not null,
      servers text not null check (json_valid(servers)),
      secrets text not null check (json_valid(secrets)));
    create table catalog (ref text primary key, digest text not null, title text not null, source text);
    create table catalog_server (
      id integer primary key, server_type text, tools text, source text, image text, endpoint text,
      snapshot text check (json_valid(snapshot)),
      catalog_ref text not null references catalog(ref) on delete cascade);
    create table migration_status (id integer primary key, status text, logs text);
    insert into catalog values ('mcp/docker-mcp-catalog', 'sha256:0', 'Docker MCP Catalog', null);
  `);
  const insert = database.prepare('insert into working_set values (?, ?, ?, ?)');
  for (const { id, name, servers, secrets } of profiles) {
    insert.run(id, name, JSON.stringify(servers), JSON.stringify(secrets));
  }
  database.close();
}
