import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverJsonOf } from '../../core/registry-api/server-json.ts';
import { openCatalog } from '../../gateway/catalog/open-catalog.ts';
import { serveRegistry } from '../../gateway/serve-registry/serve.ts';
import { writeApi } from '../../scripts/api/write-api.ts';
import { loadRegistry } from '../../scripts/registry/load.ts';
import { readPublication } from '../../scripts/site/publication.ts';
import {
  containerEntry,
  remoteEntry,
  type TestPublication,
  testPublication,
} from '../support/publication.ts';
import { startStaticHost } from '../support/static-host.ts';

const schema = JSON.parse(
  readFileSync('test/fixtures/schemas/mcp-server.2025-12-11.schema.json', 'utf8'),
);
const ajv = new Ajv({ strict: false, allErrors: true });
// @ts-expect-error: the default export of this CommonJS package is typed as a namespace.
addFormats(ajv);
const validate = ajv.compile(schema);

/** The metadata object of the registry API; it is closed. */
const OFFICIAL_KEYS = [
  'status',
  'statusMessage',
  'statusChangedAt',
  'publishedAt',
  'updatedAt',
  'isLatest',
];
const OFFICIAL = 'io.modelcontextprotocol.registry/official';
const NAME = encodeURIComponent('io.github.example/alpha');

interface Item {
  server: { name: string; version: string };
  _meta: { [OFFICIAL]: Record<string, unknown> };
}
interface List {
  servers: Item[];
  metadata: { count: number; nextCursor?: string };
}

function expectItem({ server, _meta }: Item) {
  expect(validate(server) || validate.errors).toBe(true);
  expect(OFFICIAL_KEYS).toEqual(expect.arrayContaining(Object.keys(_meta[OFFICIAL])));
  for (const key of ['statusChangedAt', 'publishedAt', 'updatedAt']) {
    expect(Date.parse(String(_meta[OFFICIAL][key]))).not.toBeNaN();
  }
  expect(['active', 'deprecated', 'deleted']).toContain(_meta[OFFICIAL].status);
}

let publication: TestPublication;
let files: string;
beforeAll(async () => {
  publication = await testPublication();
  await publication.write(
    'gone',
    `${remoteEntry('gone')}status: { state: withdrawn, reason: It was only a test. }\n`,
  );
  await publication.build({ number: 2 });
  files = join(publication.folder, 'site');
  await writeApi(await readPublication(publication.layout, publication.registry), files);
});
afterAll(() => publication[Symbol.asyncDispose]());

const hosts = [
  { name: 'a static host', start: () => startStaticHost(files) },
  {
    name: 'portolan serve-registry',
    async start() {
      const server = await serveRegistry({
        open: () =>
          openCatalog(`oci-layout:${publication.layout}`, publication.policy, {
            stateDir: join(publication.folder, 'state'),
            cacheDir: join(publication.folder, 'cache'),
          }),
        policy: publication.policy,
        host: '127.0.0.1',
        port: 0,
        refresh: 0,
        log: () => {},
      });
      return { url: server.url, [Symbol.asyncDispose]: server.close };
    },
  },
];

describe.each(hosts)('on $name', ({ start }) => {
  let url: string;
  let host: AsyncDisposable;
  beforeAll(async () => {
    const started = await start();
    host = started;
    url = started.url;
  });
  afterAll(() => host[Symbol.asyncDispose]());

  async function get<T>(path: string): Promise<T> {
    const response = await fetch(`${url}${path}`, { headers: { Accept: 'application/json' } });
    expect(response.status).toBe(200);
    // ToolHive parses nothing else.
    expect(response.headers.get('content-type')).toMatch(/^application\/json(;|$)/);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    return (await response.json()) as T;
  }

  it.each([
    ['VS Code opens its gallery', '/v0.1/servers?limit=50&version=latest'],
    ['GitHub Copilot lists a registry', '/v0.1/servers?version=latest&limit=100'],
    ['ToolHive lists a registry', '/v0.1/servers?limit=100&version=latest'],
    ["Docker's importer lists a registry", '/v0/servers?version=latest&limit=100'],
  ])('%s', async (_name, path) => {
    const { servers, metadata } = await get<List>(path);
    // VS Code rejects the whole list for its first server, and no importer may be sent in circles.
    expect(metadata).toEqual({ count: servers.length });
    for (const item of servers) expectItem(item);
    expect(servers.map(({ server }) => server.name)).toEqual([
      'io.github.example/alpha',
      'io.github.example/beta',
    ]);
  });

  it.each([
    ['VS Code opens a server', `/v0.1/servers/${NAME}/versions/latest`],
    ['GitHub Copilot checks a version', `/v0.1/servers/${NAME}/versions/1.0.0`],
    ["Docker's importer opens a server", `/v0/servers/${NAME}/versions/latest`],
    ['a link without an encoded slash', '/v0.1/servers/io.github.example/alpha/versions/latest'],
  ])('%s', async (_name, path) => {
    const item = await get<Item>(path);
    expectItem(item);
    expect(item.server).toMatchObject({ name: 'io.github.example/alpha', version: '1.0.0' });
    expect(item._meta[OFFICIAL]).toMatchObject({ status: 'active', isLatest: true });
  });

  it("Docker's importer lists the versions of a server", async () => {
    const { servers, metadata } = await get<List>(`/v0/servers/${NAME}/versions`);
    expect(servers).toHaveLength(1);
    expect(metadata).toEqual({ count: 1 });
    for (const item of servers) expectItem(item);
  });

  it('tells what became of a withdrawn server only when asked for it', async () => {
    const name = encodeURIComponent('io.github.example/gone');
    const item = await get<Item>(`/v0.1/servers/${name}/versions/latest`);
    expect(item._meta[OFFICIAL]).toMatchObject({
      status: 'deleted',
      statusMessage: 'It was only a test.',
    });
  });

  it('does not know what is not there', async () => {
    const name = encodeURIComponent('io.github.example/nobody');
    expect((await fetch(`${url}/v0.1/servers/${name}/versions/latest`)).status).toBe(404);
    expect((await fetch(`${url}/v0.1/servers/${NAME}/versions/9.9.9`)).status).toBe(404);
  });
});

describe('files for others', () => {
  it('ToolHive reads registry.json', async () => {
    const registry = JSON.parse(readFileSync(join(files, 'registry.json'), 'utf8'));
    expect(registry).toMatchObject({
      version: '1.0.0',
      meta: { last_updated: expect.any(String) },
    });
    expect(registry.data.servers).toHaveLength(2);
    for (const server of registry.data.servers) expect(validate(server)).toBe(true);
  });

  it('a host that serves index.html only serves the same, and no markup of a stranger', async () => {
    const readme = '<script>alert(1)</script>';
    await publication.write('beta', containerEntry('beta'));
    await writeFile(join(publication.registry, 'servers', 'beta', 'readme.md'), readme);
    const layout = await publication.build({ number: 3, out: join(publication.folder, 'other') });
    const folder = join(publication.folder, 'pages');
    await writeApi(await readPublication(layout, publication.registry), folder, {
      indexHtml: true,
    });
    const base = join(folder, 'v0.1', 'servers');
    const html = readFileSync(join(base, 'index.html'), 'utf8');
    expect(html).toBe(readFileSync(join(base, 'index.json'), 'utf8'));
    expect(html).not.toContain('<');
    expect(JSON.stringify(JSON.parse(html))).toContain(readme);
  });

  it('names files that are too large for a host', async () => {
    const folder = join(publication.folder, 'limited');
    const write = async (largestFile: number) => {
      const { tooLarge } = await writeApi(
        await readPublication(publication.layout, publication.registry),
        folder,
        { largestFile },
      );
      return tooLarge;
    };
    const bytes = readFileSync(join(files, 'registry.json')).byteLength;
    expect(await write(bytes - 1)).toContainEqual({ path: 'registry.json', bytes });
    expect((await write(bytes)).map(({ path }) => path)).not.toContain('registry.json');
  });

  it('anyone reads catalog.json', () => {
    const catalog = JSON.parse(readFileSync(join(files, 'catalog.json'), 'utf8'));
    expect(catalog).toMatchObject({ number: 2, namespace: 'io.github.example' });
  });
});

describe('every record of the real registry', () => {
  it('is valid against the official schema', async () => {
    const { servers, config } = await loadRegistry('registry');
    const namespace = config?.namespace ?? '';
    let count = 0;
    for (const { entry, tools, readme } of servers) {
      if (!entry) continue;
      const record = serverJsonOf(entry, {
        namespace,
        digest: `sha256:${'a'.repeat(64)}`,
        ...(tools?.captured ? { tools: tools.captured } : {}),
        ...(readme ? { readme: readme.source.text } : {}),
      });
      expect(validate(record) || { name: entry.name, errors: validate.errors }).toBe(true);
      count += 1;
    }
    expect(count).toBeGreaterThan(50);
  });
});
