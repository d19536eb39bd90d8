import { describe, expect, it } from 'vitest';
import { importDocker } from '../../scripts/importers/docker.ts';
import { convertTemplate } from '../../scripts/importers/docker-template.ts';
import { writeImported } from '../../scripts/importers/write-imported.ts';
import { registryOf } from '../rules/support.ts';

/** An invented entry in the shape of Docker's registry. */
function harbour(part: object = {}) {
  return {
    name: 'harbour_log',
    image: 'mcp/harbour-log',
    type: 'server',
    meta: { category: 'devtools', tags: ['Log Books', 'ships', 'ships'] },
    about: {
      title: 'Harbour Log',
      description: 'Keeps the log of a harbour.',
      icon: 'https://x.example/i.png',
    },
    source: {
      project: 'https://github.com/example/harbour',
      commit: 'a'.repeat(40),
      branch: 'main',
    },
    ...part,
  };
}

const convert = (part: object = {}, extra: object = {}) =>
  importDocker({ data: harbour(part), folder: 'harbour_log', ...extra });
const reasonsOf = (imported: ReturnType<typeof convert>) =>
  Object.fromEntries(imported.unmapped.map(({ path, reason }) => [path, reason]));

describe('templates', () => {
  const variables = new Map([['TOKEN', 'token']]);
  it.each([
    ['{{log.folder}}', '{folder}'],
    ['{{log.paths|volume|into}}', '{paths}'],
    ['{{log.url.host}}:{{log.port}}', '{url_host}:{port}'],
    ['Bearer $TOKEN', 'Bearer {token}'],
    [`Bearer \${TOKEN}`, 'Bearer {token}'],
    ['{"a": "$TOKEN"}', '{{"a": "{token}"}}'],
    ['$UNKNOWN costs $5', '$UNKNOWN costs $5'],
  ])('turns %s into %s', (from, to) => {
    expect(convertTemplate(from, 'log', variables).text).toBe(to);
  });

  it('keeps defaults and tells what it cannot say', () => {
    const { defaults, lost } = convertTemplate(
      '{{log.port|or:80}} {{log.a|first}} $NONE',
      'log',
      variables,
    );
    expect([...defaults]).toEqual([['port', '80']]);
    expect(lost).toEqual([
      'the filter first has no counterpart',
      '$NONE refers to a variable that the entry does not declare',
    ]);
  });
});

it('maps the plain parts and reports each that has no place', () => {
  const imported = convert();
  expect(imported.entry).toMatchObject({
    name: 'harbour-log',
    title: 'Harbour Log',
    categories: ['developer-tools'],
    tags: ['log-books', 'ships'],
    publisher: { name: 'example', url: 'https://github.com/example' },
    container: { image: 'docker.io/mcp/harbour-log' },
    permissions: { network: { allow: ['*:443'] } },
    tools: 'static',
  });
  expect(reasonsOf(imported)).toEqual({
    name: 'renamed to harbour-log',
    'meta.category': 'mapped to developer-tools',
    'meta.tags[0]': 'written as log-books',
    'run.allowHosts': 'no host is named, so every host was allowed; narrow it',
    'about.icon': 'entries of this catalog have no place for it',
    'source.branch': 'entries of this catalog have no place for it',
  });
});

it('reads secrets, variables, nested parameters and values of the wrong type', () => {
  const { entry, unmapped } = convert({
    config: {
      secrets: [{ name: 'harbour_log.api_key', env: 'API_KEY', example: '<KEY>' }],
      env: [
        { name: 'URL', value: '{{harbour_log.server.url}}', example: 'https://log.example' },
        { name: 'PORT', value: '{{harbour_log.port}}', example: 8080 },
        { name: 'TOKEN' },
      ],
      parameters: {
        type: 'object',
        properties: {
          server: { type: 'object', properties: { url: { type: 'string' } }, required: ['url'] },
          port: { type: 'integer', default: '80' },
          debug: { type: 'boolean', default: 'maybe' },
        },
        required: ['port', 'nothing'],
        anyOf: [{ required: ['server'] }],
      },
    },
  });
  expect(entry.parameters).toEqual({
    properties: {
      server_url: {
        type: 'string',
        description: 'Value of the variable URL.',
        examples: ['https://log.example'],
      },
      port: {
        type: 'integer',
        description: 'Value of the variable PORT.',
        default: 80,
        examples: [8080],
      },
      debug: { type: 'boolean', description: 'Value of debug.' },
    },
    required: ['port'],
  });
  expect(entry.secrets).toEqual([
    { name: 'api_key', description: 'Value of the variable API_KEY.', example: '<KEY>' },
  ]);
  expect(entry.env).toEqual({ API_KEY: '{api_key}', URL: '{server_url}', PORT: '{port}' });
  const paths = unmapped.map(({ path }) => path);
  for (const path of [
    'config.env[2]',
    'config.parameters.required[1]',
    'config.parameters.properties.server.required',
    'config.parameters.properties.port.default',
    'config.parameters.properties.debug.default',
    'config.parameters.anyOf[0].required[0]',
  ]) {
    expect(paths).toContain(path);
  }
});

it('finds parameters that were hoisted because `parameters` is null', () => {
  const { entry } = convert({
    config: {
      parameters: null,
      type: 'object',
      properties: { model: { type: 'string' } },
      required: ['model'],
    },
  });
  expect(entry.parameters).toEqual({
    properties: { model: { type: 'string', description: 'Value of model.' } },
    required: ['model'],
  });
});

it('turns volumes into paths that the user names', () => {
  const imported = convert({
    run: {
      command: ['--root', '{{harbour_log.paths|volume-target|into}}'],
      volumes: [
        '{{harbour_log.paths|volume|into}}',
        '{{harbour_log.key}}:/run/key:ro',
        'log-data:/data',
      ],
      disableNetwork: true,
    },
    config: {
      parameters: {
        type: 'object',
        properties: {
          paths: { type: 'array', items: { type: 'string' }, default: ['/Users/me'] },
          key: { type: 'string' },
        },
      },
    },
    longLived: true,
  });
  expect(imported.entry).toMatchObject({
    args: ['--root', '{paths}'],
    stateful: true,
    permissions: {
      network: 'none',
      volumes: [
        { path: '{paths}', access: 'read-write' },
        { path: '{key}', target: '/run/key', access: 'read-only' },
        { path: '{data_folder}', target: '/data', access: 'read-write' },
      ],
    },
  });
  expect(imported.entry.parameters?.properties.paths).toMatchObject({
    items: { type: 'string', format: 'path' },
    examples: [['/Users/me']],
  });
  expect(reasonsOf(imported)).toMatchObject({
    'run.volumes[2]': 'only users name folders here; the parameter data_folder was made',
    'config.parameters.properties.paths.default':
      'a path of one machine is an example here, not a default',
  });
});

it('makes a valid entry of a remote one that signs in', async () => {
  const data = {
    name: 'tides',
    type: 'remote',
    dynamic: { tools: true },
    meta: { category: 'search', tags: ['tides'] },
    about: {
      title: 'Tides',
      description: '**Tells** the [tides](https://tides.example) of a harbour.',
    },
    remote: {
      transport_type: 'sse',
      url: 'https://mcp.tides.example.org/sse',
      headers: { Authorization: `Bearer \${KEY}` },
    },
    config: { secrets: [{ name: 'tides.key', env: 'KEY' }] },
    oauth: [{ provider: 'tides', secret: 'tides.token', env: 'TIDES_TOKEN' }],
  };
  const imported = importDocker({ data, folder: 'tides' });
  expect(imported.entry).toMatchObject({
    description: 'Tells the tides of a harbour.',
    license: 'LicenseRef-Proprietary',
    publisher: { name: 'example.org', url: 'https://example.org' },
    remote: { headers: { Authorization: 'Bearer {key}' }, oauth: {} },
  });
  expect(imported.unmapped.map(({ path }) => path)).toEqual([
    'about.description',
    'oauth[0].provider',
    'oauth[0].secret',
    'oauth[0].env',
  ]);
  const report = await writeImported([imported, imported], registryOf({}), undefined);
  expect(report.entries.map(({ name, findings }) => [name, findings])).toEqual([
    ['tides', []],
    ['tides-2', []],
  ]);
});

it('converts tools in both shapes', () => {
  const tools = [
    {
      name: 'a',
      description: 'A.',
      arguments: [
        { name: 'x', type: 'string', desc: 'X.' },
        { name: 'y', type: 'array', items: { type: 'string' }, optional: true },
      ],
    },
    { name: 'b', inputSchema: { type: 'object', properties: {} }, extra: 1 },
    'c',
  ];
  const imported = convert({}, { tools });
  expect(imported.tools).toMatchObject({
    capturedFrom: 'docker.io/mcp/harbour-log',
    capturedWith: expect.stringContaining('leaves parts of the definitions out'),
    tools: [
      {
        name: 'a',
        inputSchema: {
          type: 'object',
          properties: {
            x: { type: 'string', description: 'X.' },
            y: { type: 'array', items: { type: 'string' } },
          },
          required: ['x'],
        },
      },
      { name: 'b', inputSchema: { type: 'object', properties: {} } },
    ],
  });
  expect(reasonsOf(imported)).toMatchObject({
    'tools.json[1].extra': 'entries of this catalog have no place for it',
    'tools.json[2]': 'a tool has a name',
  });
  expect(convert({}, { tools: [] }).tools).toBeUndefined();
});

it.each([
  null,
  'text',
  7,
  [],
  {},
  { about: 'x', config: { secrets: 'y', env: 3, parameters: [] }, run: [], meta: null },
])('survives %j', async (data) => {
  const imported = importDocker({ data, folder: 'odd' });
  expect(imported.name).toBe('odd');
  const report = await writeImported([imported], registryOf({}), undefined);
  expect(report.valid).toBe(0);
});

it('keeps a long description in the readme', () => {
  const description = `Keeps the log of a harbour. ${'It has many pages. '.repeat(40)}`;
  const { entry, readme } = convert({ about: { title: 'Log', description } });
  expect(entry.description?.length).toBeLessThanOrEqual(300);
  expect(entry.description).toMatch(/\.$/);
  expect(readme).toContain(description.trim());
});
