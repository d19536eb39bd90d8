import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { resolveEntry } from '../../core/entry/resolve.ts';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { placeholderSettings } from '../../scripts/contribute/capture/placeholders.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const text = { type: 'string', description: 'A text of the user.' } as const;

function entryWith(part: Partial<ServerEntry>): ServerEntry {
  return {
    name: 'x',
    version: '1.0.0',
    title: 'X',
    description: 'An entry of a test, with nothing in it.',
    categories: ['reference'],
    license: 'MIT',
    publisher: { name: 'X', url: 'https://example.org' },
    links: {},
    npm: { package: 'x', version: '1.0.0', integrity: '' },
    permissions: { network: 'none' },
    tools: 'static',
    ...part,
  };
}

test('required secrets get a text of their form that opens nothing, optional ones stay unset', async () => {
  const entry = entryWith({
    secrets: [
      { name: 'key', description: 'A key.', example: 'sk-...' },
      { name: 'token', description: 'A token.' },
      { name: 'extra', description: 'Another.', required: false },
    ],
  });
  const { secrets } = await placeholderSettings(entry, folder);
  expect(secrets).toEqual({
    key: `sk-${'0'.repeat(32)}`,
    token: `placeholder-${'0'.repeat(32)}`,
  });
});

test('required parameters get their example, optional ones their default', async () => {
  const entry = entryWith({
    parameters: {
      required: ['region', 'host', 'level', 'port', 'tags'],
      properties: {
        region: { ...text, examples: ['eu-west-1'] },
        host: { ...text, format: 'host' },
        level: { ...text, enum: ['debug', 'info'] },
        port: { type: 'integer', description: 'A port.', minimum: 1024 },
        tags: { type: 'array', description: 'Tags.', items: { type: 'string' } },
        other: text,
      },
    },
  });
  const { parameters } = await placeholderSettings(entry, folder);
  expect(parameters).toEqual({
    region: 'eu-west-1',
    host: 'example.com',
    level: 'debug',
    port: 1024,
    tags: ['example'],
  });
});

test('paths lead into the temporary folder, never to a file of this machine', async () => {
  const entry = entryWith({
    parameters: {
      required: ['folders', 'database'],
      properties: {
        folders: {
          type: 'array',
          description: 'Folders.',
          items: { type: 'string', format: 'path' },
          examples: [['/home/me/projects']],
        },
        database: { ...text, format: 'path', examples: ['/home/me/data.sqlite'] },
        cache: { ...text, format: 'path', default: '/home/me/.cache' },
      },
    },
    permissions: {
      network: 'none',
      volumes: [
        { path: '{folders}', access: 'read-write' },
        { path: '{database}', access: 'read-only' },
        { path: '{cache}', access: 'read-write' },
      ],
    },
  });
  const settings = await placeholderSettings(entry, folder);
  const { volumes } = resolveEntry(entry, settings);
  expect(volumes.map(({ source }) => source)).toEqual([
    join(folder, 'folders'),
    join(folder, 'database', 'data.sqlite'),
    join(folder, 'cache'),
  ]);
  expect((await stat(join(folder, 'database', 'data.sqlite'))).isFile()).toBe(true);
  expect((await stat(join(folder, 'folders'))).isDirectory()).toBe(true);
});
