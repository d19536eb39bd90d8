import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { openRepository } from '../../core/oci/open.ts';
import { keySigner } from '../../core/trust/sign.ts';
import { verifyAttached } from '../../core/trust/verify.ts';
import {
  describeLeftOut,
  dockerCatalogOf,
  dockerCatalogYaml,
  dockerLine,
  packDockerCatalog,
} from '../../scripts/publisher/docker-catalog.ts';
import { dockerServerOf } from '../../scripts/publisher/docker-server.ts';
import { publish } from '../../scripts/publisher/publish.ts';
import { loadRegistry, requireValid } from '../../scripts/registry/load.ts';
import { type TestPublication, testPublication } from '../support/publication.ts';

const common = {
  name: 'demo',
  version: '1.0.0',
  title: 'Demo',
  description: 'Does what examples of servers do.',
  categories: ['reference'],
  license: 'MIT',
  publisher: { name: 'Example', url: 'https://example.com' },
  links: { source: 'https://github.com/example/demo' },
  tools: 'static',
};
const image = `registry.example/demo@sha256:${'b'.repeat(64)}`;
const entry = (change: object) => ({ ...common, ...change }) as unknown as ServerEntry;
const container = (change: object) =>
  entry({ container: { image }, permissions: { network: 'none' }, ...change });
const text = (description = 'A setting.') => ({ type: 'string', description });

function mapped(value: ServerEntry) {
  const mapping = dockerServerOf(value, undefined);
  if ('reason' in mapping) throw new Error(mapping.reason);
  return mapping.server;
}

interface ImportedServer {
  type: string;
  image?: string;
  endpoint?: string;
  snapshot: { server: Record<string, unknown> };
}

/** What Docker's importer refuses (mcp-gateway, pkg/catalog_next and pkg/workingset). */
function faultsOf(catalog: { title: string; servers: unknown[] }): string[] {
  const faults: string[] = [];
  if (!catalog.title) faults.push('no title');
  const names = new Set<string>();
  for (const item of catalog.servers as ImportedServer[]) {
    const { type, image, endpoint } = item;
    const { server } = item.snapshot;
    const name = String(server.name ?? '');
    if (!name || names.has(name)) faults.push(`${name}: no name of its own`);
    names.add(name);
    if (!['image', 'remote'].includes(type)) faults.push(`${name}: type ${type}`);
    if (type === 'image' && !image) faults.push(`${name}: no image`);
    if (type === 'remote' && !endpoint) faults.push(`${name}: no endpoint`);
    if (!['server', 'remote', 'poci'].includes(String(server.type))) faults.push(`${name}: kind`);
    for (const tool of (server.tools ?? []) as { name?: string }[]) {
      if (!tool.name) faults.push(`${name}: a tool without a name`);
    }
    for (const config of (server.config ?? []) as Record<string, unknown>[]) {
      if (typeof config.name !== 'string') faults.push(`${name}: config without a name`);
      if (typeof config.description !== 'string') faults.push(`${name}: config.description`);
      if (config.type !== 'object') faults.push(`${name}: config.type`);
      for (const [key, value] of Object.entries(config.properties as object)) {
        const { type: kind, items } = value as { type?: string; items?: { type?: string } };
        if (!['string', 'integer', 'number', 'boolean', 'array'].includes(String(kind))) {
          faults.push(`${name}: ${key} has the type ${kind}`);
        }
        if (kind === 'array' && items?.type !== 'string') faults.push(`${name}: ${key}.items`);
      }
    }
  }
  return faults;
}

describe("Docker's counterpart of a container", () => {
  it('has its settings, secrets, folders and network', () => {
    const server = mapped(
      container({
        permissions: {
          network: { allow: ['api.example.com:443'] },
          volumes: [
            { path: '{folders}', access: 'read-write' },
            { path: '{notes}', target: '/notes', access: 'read-only' },
          ],
        },
        parameters: {
          properties: {
            folders: {
              type: 'array',
              description: 'Folders.',
              items: { type: 'string', format: 'path' },
            },
            notes: text(),
            level: { ...text(), default: 'info' },
          },
          required: ['folders', 'notes'],
        },
        secrets: [
          { name: 'token', description: 'A token.' },
          { name: 'extra', description: 'Another one.', required: false },
        ],
        env: { TOKEN: '{token}', EXTRA: '{extra}', LEVEL: '{level}', MODE: 'fixed' },
        args: ['--stdio', ['--notes', '{notes}'], '{folders}'],
      }),
    );
    expect(server).toMatchObject({
      type: 'server',
      image,
      command: ['--stdio', '--notes', '/notes', '{{demo.folders|volume-target|into}}'],
      volumes: ['{{demo.folders|volume|into}}', '{{demo.notes}}:/notes:ro'],
      env: [
        { name: 'LEVEL', value: '{{demo.level|or:info}}' },
        { name: 'MODE', value: 'fixed' },
      ],
      secrets: [{ name: 'demo.token', env: 'TOKEN' }],
      config: [{ name: 'demo', type: 'object', required: ['folders', 'notes'] }],
      allowHosts: ['api.example.com:443'],
    });
    expect(server).not.toHaveProperty('disableNetwork');
  });

  it('has no network when the entry has none', () => {
    expect(mapped(container({}))).toMatchObject({ disableNetwork: true });
  });

  it.each([
    ['npm packages', entry({ npm: {}, permissions: { network: 'none' } }), 'packages'],
    ['tombstones', container({ status: { state: 'withdrawn' } }), 'withdrawn'],
    ['entry points', container({ container: { image, command: ['/x'] } }), 'entry point'],
    [
      'conditions',
      container({ args: [{ when: 'a', args: ['--a'] }] }),
      'arguments under a condition',
    ],
    [
      'arguments that may be missing',
      container({ args: ['{a}'], parameters: { properties: { a: text() } } }),
      'may be missing',
    ],
    [
      'numbers alone',
      container({
        args: ['{a}'],
        parameters: { properties: { a: { type: 'integer', description: 'A.', default: 1 } } },
      }),
      'number',
    ],
    ['text that Docker would expand', container({ env: { A: 'a$b' } }), 'expands'],
    [
      'read-only lists of folders',
      container({
        permissions: { network: 'none', volumes: [{ path: '{a}', access: 'read-only' }] },
        parameters: {
          properties: { a: { type: 'array', description: 'A.', items: { type: 'string' } } },
        },
      }),
      'list of folders',
    ],
    [
      'secrets among text',
      container({ env: { A: 'x {s}' }, secrets: [{ name: 's', description: 'S.' }] }),
      'among other text',
    ],
  ])('does not pretend to have %s', (_name, value, reason) => {
    expect(dockerServerOf(value, undefined)).toEqual({ reason: expect.stringContaining(reason) });
  });
});

describe("Docker's counterpart of a remote server", () => {
  const remote = { transport: 'streamable-http', url: 'https://mcp.example.com/mcp' };

  it('has its address, headers and secrets', () => {
    const headers = { Authorization: 'Bearer {token}' };
    const secrets = [{ name: 'token', description: 'A token.' }];
    expect(mapped(entry({ remote: { ...remote, headers }, secrets }))).toMatchObject({
      type: 'remote',
      remote: {
        url: remote.url,
        transport_type: 'streamable-http',
        headers: { Authorization: `Bearer \${DEMO_TOKEN}` },
      },
      secrets: [{ name: 'demo.token', env: 'DEMO_TOKEN' }],
    });
  });

  it('says that it needs a sign-in', () => {
    expect(mapped(entry({ remote: { ...remote, oauth: {} } }))).toMatchObject({
      oauth: { providers: [{ provider: 'demo' }] },
    });
    expect(
      dockerServerOf(
        entry({ remote: { ...remote, oauth: { registration: 'manual' } } }),
        undefined,
      ),
    ).toHaveProperty('reason');
  });
});

describe('the catalog for Docker', () => {
  let publication: TestPublication;
  beforeAll(async () => {
    publication = await testPublication();
  });
  afterAll(() => publication[Symbol.asyncDispose]());

  async function read(source: string) {
    const repository = await openRepository(source);
    const tagged = await repository.resolveTag('docker');
    if (!tagged) throw new Error('no tag docker');
    const { manifest, descriptor } = await repository.readManifest(tagged.digest);
    await verifyAttached(repository, descriptor, publication.policy);
    const [first, ...rest] = manifest.layers;
    if (!first) throw new Error('no layer');
    expect(rest).toEqual([]);
    expect(manifest.artifactType).toBe('application/vnd.docker.mcp.catalog.v1+json');
    expect(first.mediaType).toBe('application/json');
    return JSON.parse(Buffer.from(await repository.readBlob(first)).toString());
  }

  it('lies signed beside the catalog in a layout', async () => {
    const catalog = await read(`oci-layout:${publication.layout}`);
    expect(faultsOf(catalog)).toEqual([]);
    expect(catalog.servers).toMatchObject([
      { type: 'remote', endpoint: 'https://mcp.example.com/alpha' },
      { type: 'image', tools: ['beta_tool'], snapshot: { server: { name: 'beta' } } },
    ]);
  });

  it('is published too, and stays when nothing changed', async () => {
    const target = `oci-layout:${join(publication.folder, 'target')}`;
    const registry = requireValid(await loadRegistry(publication.registry));
    const run = async (number: number) => {
      const repository = await openRepository(target, { create: true });
      await publish(registry, repository, {
        sign: keySigner(publication.key),
        batchSize: 1,
        policy: publication.policy,
        position: { number, development: false },
      });
      return (await repository.resolveTag('docker'))?.digest;
    };
    const first = await run(1);
    expect(faultsOf(await read(target))).toEqual([]);
    expect(await run(2)).toBe(first);
  });

  it('is the same in the one file of older toolkits', async () => {
    const registry = requireValid(await loadRegistry(publication.registry));
    const catalog = dockerCatalogOf(
      registry.servers.map(({ entry: value, tools }) => ({
        entry: value,
        ...(tools?.captured ? { tools: tools.captured } : {}),
      })),
    );
    const file = load(dockerCatalogYaml({ name: 'test', title: 'Test' }, catalog));
    expect(file).toMatchObject({
      displayName: 'Test',
      registry: { beta: { type: 'server', disableNetwork: true, tools: [{ name: 'beta_tool' }] } },
    });
  });

  it('says what it leaves out', () => {
    const npm = entry({ name: 'other', npm: {}, permissions: { network: 'none' } });
    const catalog = dockerCatalogOf([{ entry: container({}) }, { entry: npm }]);
    expect(describeLeftOut(catalog)).toMatch(/^without 1 server: 1 because .*packages/);
    expect(describeLeftOut(dockerCatalogOf([{ entry: container({}) }]))).toBeUndefined();
  });

  it('holds of the real registry what Docker accepts', async () => {
    const { servers } = await loadRegistry('registry');
    const catalog = dockerCatalogOf(
      servers.flatMap(({ entry: value, tools }) =>
        value ? [{ entry: value, ...(tools?.captured ? { tools: tools.captured } : {}) }] : [],
      ),
    );
    const [layer] = packDockerCatalog(
      'Portolan',
      new Map(catalog.servers.map((server) => [server.name, dockerLine(server)])),
    ).files;
    const parsed = JSON.parse(Buffer.from(layer?.bytes ?? []).toString());
    expect(faultsOf(parsed)).toEqual([]);
    expect(parsed.servers.length).toBeGreaterThan(10);
    const { time } = Object.fromEntries(catalog.servers.map((server) => [server.name, server]));
    expect(time).toMatchObject({ type: 'server', disableNetwork: true });
  });
});
