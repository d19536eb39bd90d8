import { describe, expect, it } from 'vitest';
import { importServerJson, serversIn } from '../../scripts/importers/server-json.ts';

const base = {
  $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
  name: 'io.github.example/harbour-log',
  description: 'Keeps the log of a harbour.',
  version: '2.1.0',
};

it('reads one server, a list, and an answer of the registry', () => {
  expect(serversIn(base)).toEqual([base]);
  expect(serversIn([base, base])).toHaveLength(2);
  expect(serversIn({ servers: [{ server: base, _meta: {} }], metadata: {} })).toEqual([base]);
});

it('maps an npm package with arguments, variables and secrets', () => {
  const imported = importServerJson({
    ...base,
    repository: {
      url: 'https://github.com/example/harbour.git',
      source: 'github',
      subfolder: 'packages/log',
    },
    packages: [
      {
        registryType: 'npm',
        registryBaseUrl: 'https://registry.example.com',
        identifier: '@example/log',
        version: '1.2.3',
        transport: { type: 'stdio' },
        runtimeHint: 'npx',
        runtimeArguments: [{ type: 'named', name: '-y' }],
        packageArguments: [
          { type: 'positional', value: '--stdio' },
          {
            type: 'positional',
            valueHint: 'folder',
            format: 'filepath',
            isRequired: true,
            description: 'Folder of the log.',
          },
          { type: 'named', name: '--level', default: 'info', choices: ['info', 'debug'] },
          {
            type: 'named',
            name: '--greeting',
            value: 'Ahoy {who} {literal}',
            variables: { who: { description: 'Whom to greet.' } },
          },
        ],
        environmentVariables: [
          { name: 'API_KEY', description: 'Key of the service.', isSecret: true, isRequired: true },
          { name: 'MODE', value: 'fast' },
        ],
      },
      { registryType: 'pypi', identifier: 'log', version: '1.0.0', transport: { type: 'stdio' } },
    ],
    _meta: { 'com.example': { stars: 3 } },
  });
  expect(imported.entry).toEqual({
    name: 'harbour-log',
    version: '2.1.0',
    title: 'harbour-log',
    description: 'Keeps the log of a harbour.',
    publisher: { name: 'example', url: 'https://github.com/example' },
    links: { source: 'https://github.com/example/harbour' },
    source: { repository: 'https://github.com/example/harbour', subfolder: 'packages/log' },
    npm: { package: '@example/log', version: '1.2.3', integrity: '' },
    parameters: {
      properties: {
        folder: { type: 'string', description: 'Folder of the log.', format: 'path' },
        level: {
          type: 'string',
          description: 'Value of level.',
          default: 'info',
          enum: ['info', 'debug'],
        },
        who: { type: 'string', description: 'Whom to greet.' },
      },
      required: ['folder'],
    },
    secrets: [{ name: 'api_key', description: 'Key of the service.' }],
    env: { API_KEY: '{api_key}', MODE: 'fast' },
    args: ['--stdio', '{folder}', ['--level', '{level}'], ['--greeting', 'Ahoy {who} {{literal}}']],
    permissions: { network: { allow: ['*:443'] } },
    tools: 'static',
  });
  expect(imported.unmapped.map(({ path, value, reason }) => [path, value, reason])).toEqual([
    ['name', '"io.github.example/harbour-log"', 'names are short here: harbour-log'],
    [
      'packages[1]',
      expect.stringContaining('pypi'),
      'an entry has one origin; make another entry for this one',
    ],
    [
      'packages[0].registryBaseUrl',
      '"https://registry.example.com"',
      "packages come from the user's own registry",
    ],
    ['packages[0].runtimeHint', '"npx"', 'entries of this catalog have no place for it'],
    [
      'packages[0].runtimeArguments[0].type',
      '"named"',
      'entries of this catalog have no place for it',
    ],
    [
      'packages[0].runtimeArguments[0].name',
      '"-y"',
      'entries of this catalog have no place for it',
    ],
    ['_meta.com.example.stars', '3', 'entries of this catalog have no place for it'],
  ]);
});

it('maps a container image and an endpoint', () => {
  const image = importServerJson({
    ...base,
    packages: [
      {
        registryType: 'oci',
        identifier: 'ghcr.io/example/log',
        version: '1.0.0',
        transport: { type: 'stdio' },
      },
    ],
  });
  expect(image.entry.container).toEqual({ image: 'ghcr.io/example/log:1.0.0' });
  const remote = importServerJson({
    ...base,
    remotes: [
      {
        type: 'streamable-http',
        url: 'https://mcp.example.com/{tenant-id}/mcp',
        variables: { 'tenant-id': { description: 'Your tenant.', isRequired: true } },
        headers: [{ name: 'X-Key', description: 'Key of it.', isSecret: true, isRequired: true }],
      },
      { type: 'sse', url: 'https://mcp.example.com/sse' },
    ],
  });
  expect(remote.entry).toMatchObject({
    remote: {
      transport: 'streamable-http',
      url: 'https://mcp.example.com/{tenant_id}/mcp',
      headers: { 'X-Key': '{x_key}' },
    },
    parameters: { required: ['tenant_id'] },
    secrets: [{ name: 'x_key', description: 'Key of it.' }],
  });
  expect(remote.unmapped.map(({ path }) => path)).toContain('remotes[1]');
});

describe('odd input', () => {
  it.each([
    null,
    'x',
    {},
    { name: 7, packages: {}, remotes: [] },
    { packages: [null, { registryType: 'npm' }] },
  ])('survives %j', (data) => expect(importServerJson(data).entry.tools).toBe('static'));

  it('takes 1.0.0 for a version that is none', () => {
    const { entry, unmapped } = importServerJson({ ...base, version: 'v2' });
    expect(entry.version).toBe('1.0.0');
    expect(unmapped).toContainEqual(expect.objectContaining({ path: 'version', value: '"v2"' }));
  });
});
