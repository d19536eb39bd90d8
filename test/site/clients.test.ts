import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { CLIENTS, directInstall, gatewayInstall } from '../../site/src/lib/clients.ts';
import { catalogOptions, DEFAULT_CATALOG } from '../../site/src/lib/launch.ts';
import { publicationOf } from './support/publication.ts';

const publication = await publicationOf({ generated: 40 });
const entries: readonly ServerEntry[] = publication.catalog.servers.map(
  (server) => publication.readVersion(server, server.versions[0] as never).entry,
);
const entryOf = (name: string) => entries.find((entry) => entry.name === name) as ServerEntry;

const gateway = [
  '-y',
  'portolan',
  'run',
  '--servers',
  'harbour-files',
  '--set',
  'harbour-files.directories=/path/to/directories',
];

describe('install snippets', () => {
  it('knows at least sixteen clients, each with something to paste', () => {
    expect(CLIENTS.length).toBeGreaterThanOrEqual(16);
    expect(new Set(CLIENTS.map(({ id }) => id)).size).toBe(CLIENTS.length);
    for (const client of CLIENTS) {
      for (const entry of entries) {
        const { snippets } = gatewayInstall(client, entry, []);
        expect(snippets.length, client.id).toBeGreaterThan(0);
      }
    }
  });

  it('writes JSON and YAML that parse', () => {
    for (const client of CLIENTS) {
      for (const entry of entries) {
        const installs = [
          gatewayInstall(client, entry, catalogOptions('oci://x.example/y', undefined)),
          directInstall(client, entry),
        ];
        for (const { language, text } of installs.flatMap((install) => install?.snippets ?? [])) {
          if (language === 'json') expect(() => JSON.parse(text), text).not.toThrow();
          if (language === 'yaml') expect(load(text), text).toBeTypeOf('object');
        }
      }
    }
  });

  it('says the same in a deep link as in the snippet', () => {
    const entry = entryOf('harbour-files');
    const [vscode, cursor, lmStudio, goose, kiro] = [
      'vscode',
      'cursor',
      'lm-studio',
      'goose',
      'kiro',
    ].map((id) => {
      const client = CLIENTS.find((item) => item.id === id) as (typeof CLIENTS)[number];
      return gatewayInstall(client, entry, []).links[0]?.href ?? '';
    }) as [string, string, string, string, string];
    const inner = { command: 'npx', args: gateway };

    const code = JSON.parse(decodeURIComponent(vscode.replace('vscode:mcp/install?', '')));
    expect(code).toMatchObject({ name: 'harbour-files', type: 'stdio', command: 'npx' });
    expect(code.args).toEqual([
      ...gateway.slice(0, -1),
      `harbour-files.directories=\${input:directories}`,
    ]);
    expect(code.inputs).toMatchObject([{ type: 'promptString', id: 'directories' }]);

    for (const link of [cursor, lmStudio]) {
      const query = new URL(link).searchParams;
      expect(query.get('name')).toBe('harbour-files');
      expect(JSON.parse(Buffer.from(query.get('config') ?? '', 'base64').toString())).toEqual(
        inner,
      );
    }
    expect(JSON.parse(new URL(kiro).searchParams.get('config') ?? '')).toEqual(inner);
    const query = new URL(goose).searchParams;
    expect([query.get('cmd'), ...query.getAll('arg')]).toEqual(['npx', ...gateway]);
  });

  it('never holds a secret: only placeholders, inputs or names', () => {
    const entry = entryOf('crane');
    for (const client of CLIENTS) {
      for (const { links } of [
        gatewayInstall(client, entry, []),
        directInstall(client, entry),
      ].filter((x) => x !== undefined)) {
        for (const { href } of links)
          expect(decodeURIComponent(href)).not.toMatch(/CRANE_TOKEN=(?!Token of the crane\.)/);
      }
    }
    const code = CLIENTS.find(({ id }) => id === 'vscode') as (typeof CLIENTS)[number];
    const server = JSON.parse(directInstall(code, entry)?.snippets[1]?.text ?? '');
    expect(server.inputs).toEqual([
      { type: 'promptString', id: 'token', description: 'Token of the crane.', password: true },
    ]);
    expect(server.servers.crane.env).toEqual({ CRANE_TOKEN: `\${input:token}` });
  });

  it('runs a container directly with its command and by digest', () => {
    const desktop = CLIENTS.find(({ id }) => id === 'claude-desktop') as (typeof CLIENTS)[number];
    const { mcpServers } = JSON.parse(
      directInstall(desktop, entryOf('crane'))?.snippets[0]?.text ?? '',
    );
    const { image } = entryOf('crane').container as { image: string };
    expect(mcpServers.crane.args).toEqual([
      ...['run', '-i', '--rm', '--entrypoint', '/crane', '-e', 'CRANE_TOKEN', image, 'stdio'],
    ]);
  });

  it('quotes hostile arguments for the shell', () => {
    const claude = CLIENTS.find(({ id }) => id === 'claude-code') as (typeof CLIENTS)[number];
    const text = directInstall(claude, entryOf('hostile'))?.snippets[0]?.text ?? '';
    expect(text).toContain(`'"><script>xss()</script>'`);
    expect(text).toContain("'`xss()`'");
    expect(text).toContain(`'S='\\''; xss(); '\\''YOUR_S'`);
  });

  it('adds the catalog when it is not the default one', () => {
    const [claude] = CLIENTS as [(typeof CLIENTS)[number]];
    const source = 'oci://registry.acme.example/tools';
    const identity = 'https://github.com/acme/tools/.github/workflows/publish.yml@refs/heads/main';
    const signers = [{ identity, issuer: 'https://token.actions.githubusercontent.com' }];
    const install = gatewayInstall(claude, entryOf('crane'), catalogOptions(source, signers));
    expect(install.snippets[0]?.text).toContain(`--catalog ${source} --identity ${identity}`);
    expect(catalogOptions(source, undefined)).toContain('--key');
    expect(catalogOptions(DEFAULT_CATALOG, signers)).toEqual([]);
  });

  it('offers a hosted server directly only to clients that speak HTTP', () => {
    const remote = entryOf('lighthouse-remote');
    const direct = CLIENTS.filter((client) => directInstall(client, remote)).map(({ id }) => id);
    expect(direct).toContain('cursor');
    expect(direct).not.toContain('claude-desktop');
  });
});
