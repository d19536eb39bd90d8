import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { PUBLISHER_META, serverJsonOf, shorten } from '../../core/registry-api/server-json.ts';

const schema = JSON.parse(
  readFileSync('test/fixtures/schemas/mcp-server.2025-12-11.schema.json', 'utf8'),
);
const ajv = new Ajv({ strict: false, allErrors: true });
// @ts-expect-error: the default export of this CommonJS package is typed as a namespace.
addFormats(ajv);
const validate = ajv.compile(schema);

const context = { namespace: 'io.github.example', digest: `sha256:${'a'.repeat(64)}` };
const common = {
  version: '1.0.0',
  title: 'Demo',
  description: `Does ${'many '.repeat(30)}things.`,
  categories: ['reference'],
  license: 'MIT',
  publisher: { name: 'Example', url: 'https://example.com' },
  links: { source: 'https://github.com/example/demo' },
  tools: 'static',
} as const;

const npm = {
  ...common,
  name: 'demo',
  npm: { package: '@example/demo', version: '3.1.4', integrity: 'sha512-x' },
  parameters: {
    properties: {
      directories: {
        type: 'array',
        description: 'Folders to read.',
        items: { type: 'string', format: 'path' },
      },
      port: { type: 'integer', description: 'A port.', default: 8080 },
      headless: { type: 'boolean', description: 'No window.' },
    },
    required: ['directories'],
  },
  secrets: [{ name: 'token', description: 'A token.', url: 'https://example.com/keys' }],
  env: { TOKEN: '{token}', AUTHORIZATION: 'Bearer {token}', MODE: 'fixed' },
  args: [
    '--stdio',
    ['--port', '{port}'],
    { when: 'headless', args: ['--headless'] },
    '{directories}',
  ],
  permissions: { network: 'none' },
} as unknown as ServerEntry;

const remote = {
  ...common,
  name: 'far',
  remote: {
    transport: 'streamable-http',
    url: 'https://mcp.example.com/{team}/mcp',
    headers: { Authorization: 'Bearer {token}' },
  },
  parameters: { properties: { team: { type: 'string', description: 'Team name.' } } },
  secrets: [{ name: 'token', description: 'A token.' }],
} as unknown as ServerEntry;

const container = {
  ...common,
  name: 'boxed',
  container: { image: `ghcr.io/example/boxed@sha256:${'b'.repeat(64)}` },
  permissions: { network: { allow: ['api.example.com:443'] } },
} as unknown as ServerEntry;

describe('server.json', () => {
  it.each([npm, remote, container])('of $name is valid against the official schema', (entry) => {
    const record = serverJsonOf(entry, context);
    expect(validate(record) || validate.errors).toBe(true);
  });

  it('maps arguments, variables and secrets', () => {
    const { packages } = serverJsonOf(npm, context) as unknown as {
      packages: [{ packageArguments: object[]; environmentVariables: object[] }];
    };
    expect(packages[0]).toMatchObject({
      registryType: 'npm',
      identifier: '@example/demo',
      version: '3.1.4',
      packageArguments: [
        { type: 'positional', value: '--stdio' },
        { type: 'named', name: '--port', format: 'number', default: '8080' },
        { type: 'positional', valueHint: 'directories', format: 'filepath', isRepeated: true },
      ],
      environmentVariables: [
        { name: 'TOKEN', isSecret: true, isRequired: true },
        {
          name: 'AUTHORIZATION',
          value: 'Bearer {token}',
          variables: { token: { isSecret: true } },
        },
        { name: 'MODE', value: 'fixed' },
      ],
    });
  });

  it('keeps what the format has no place for', () => {
    const { _meta, description } = serverJsonOf(npm, context) as unknown as {
      description: string;
      _meta: Record<string, { portolan: Record<string, unknown> }>;
    };
    expect(description.length).toBeLessThanOrEqual(100);
    expect(_meta[PUBLISHER_META]?.portolan).toMatchObject({
      description: common.description,
      permissions: { network: 'none' },
      conditionalArguments: [{ when: 'headless', args: ['--headless'] }],
    });
  });
});

describe('shorten', () => {
  it('cuts at a word and says so', () => {
    expect(shorten('one two three', 9)).toBe('one two…');
    expect(shorten('short', 9)).toBe('short');
    expect(shorten('x'.repeat(20), 9)).toBe(`${'x'.repeat(8)}…`);
  });
});
