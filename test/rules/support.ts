import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { toLine } from '../../scripts/registry/format-findings.ts';
import { loadRegistry } from '../../scripts/registry/load.ts';
import { checkRegistry } from '../../scripts/rules/run.ts';

/** Files below a registry's folder, by path. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

const INTEGRITY = `sha512-${createHash('sha512').update('weather').digest('base64')}`;

/** A good npm entry that uses most of the schema. */
export const NPM = `# yaml-language-server: $schema=../../../schemas/server.schema.json
name: weather
version: 1.2.0
title: Weather
description: Tells the weather of a place, now and for the next ten days.
categories: [search]
tags: [forecast]
license: MIT
publisher:
  name: Weather Works
  url: https://weather.example.com
links:
  source: https://github.com/example/weather
npm:
  package: "@example/weather"
  version: 2.0.1
  integrity: ${INTEGRITY}
parameters:
  properties:
    folder:
      type: string
      description: Folder for the forecasts.
      format: path
    units:
      type: string
      description: Units of the answers.
      default: metric
      enum: [metric, imperial]
    verbose:
      type: boolean
      description: Also tells how sure it is.
  required: [folder]
secrets:
  - name: api_key
    description: API key of the service.
    url: https://weather.example.com/keys
env:
  API_KEY: "{api_key}"
args:
  - [--units, "{units}"]
  - {when: verbose, args: [--verbose]}
permissions:
  network:
    allow: [api.weather.example.com:443]
  volumes:
    - {path: "{folder}", target: /data, access: read-write}
tools: static
`;

/** A good remote entry. */
export const REMOTE = `name: tides
version: 1.0.0
title: Tides
description: Tells when the tide is high and low at a harbour.
categories: [search]
license: LicenseRef-Proprietary
publisher: {name: Tides, url: https://tides.example.com}
links: {homepage: https://tides.example.com}
remote:
  transport: streamable-http
  url: https://mcp.tides.example.com/mcp
tools: {dynamic: Tools depend on the harbours of the account.}
`;

export const TOOLS = {
  capturedFrom: '@example/weather@2.0.1',
  protocolVersion: '2025-11-25',
  serverInfo: { name: 'weather' },
  capabilities: { tools: {} },
  tools: [
    {
      name: 'forecast',
      description: 'Tells the weather of a place.',
      inputSchema: {
        type: 'object',
        properties: { place: { type: 'string', description: 'Name of the place.' } },
      },
    },
  ],
};

export const LOCK = {
  name: 'portolan-weather',
  version: '0.0.0',
  lockfileVersion: 3,
  requires: true,
  packages: {
    '': {
      name: 'portolan-weather',
      version: '0.0.0',
      dependencies: { '@example/weather': '2.0.1' },
    },
    'node_modules/@example/weather': { version: '2.0.1', integrity: INTEGRITY },
    'node_modules/wind': { version: '1.0.0', integrity: INTEGRITY },
  },
};

export const CATALOG = `title: Test
description: A catalog for tests.
namespace: com.example
source: https://github.com/example/catalog
repository: oci://ghcr.io/example/catalog
categories:
  - {id: search, title: Search, description: Search the web.}
  - {id: databases, title: Databases, description: Query databases.}
licenses: {denied: [SSPL-1.0]}
`;

export const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** A registry of one npm and one remote entry that breaks no rule. */
export const GOOD: Files = {
  'catalog.yaml': CATALOG,
  'servers/weather/server.yaml': NPM,
  'servers/weather/tools.json': json(TOOLS),
  'servers/weather/package-lock.json': json(LOCK),
  'servers/tides/server.yaml': REMOTE,
};

/** A text with one thing changed; fails when there is nothing to change. */
export function edit(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the text to edit has no ${JSON.stringify(from)}`);
  return text.replace(from, () => to);
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder named `registry` with these files, removed after the tests of the file. */
export function registryOf(files: Files): string {
  const root = mkdtempSync(join(tmpdir(), 'portolan-rules-'));
  folders.push(root);
  writeFiles(join(root, 'registry'), files);
  return join(root, 'registry');
}

export function writeFiles(folder: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Findings of the good registry with some files put in its place, as lines without the remedy. */
export async function findingsOf(files: Files): Promise<string[]> {
  return (await linesOf(files)).map((line) => line.replace(/; [\s\S]*$/, ''));
}

/** As `findingsOf`, with the remedies. */
export async function linesOf(files: Files): Promise<string[]> {
  const registry = await loadRegistry(registryOf({ ...GOOD, ...files }));
  return (await checkRegistry(registry)).map((finding) =>
    toLine(finding).replace(/^registry\/servers\//, ''),
  );
}

/** Findings after one edit of the npm entry. */
export async function afterEdit(from: string, to: string): Promise<string[]> {
  return await findingsOf({ 'servers/weather/server.yaml': edit(NPM, from, to) });
}
