import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  CapturedTools,
  CatalogServer,
  PublishedCatalog,
  ServerEntry,
} from '../../../core/entry/types.generated.ts';
import { digestOf } from '../../../core/oci/digest.ts';
import { generateEntry, generateTools } from '../../../scripts/bench/generate-entry.ts';
import { randomOf } from '../../../scripts/bench/random.ts';
import { summaryOf } from '../../../scripts/publisher/pack-server.ts';
import type { Publication, PublishedVersion, Reader } from '../../../scripts/site/publication.ts';
import { readConfig } from '../../../scripts/site/publication.ts';
import { HTML_PAYLOADS, MARKDOWN_PAYLOADS, SVG_PAYLOAD } from './payloads.ts';

/** What a test may change about the publication. */
export interface Variant {
  /** Servers beside the hand-written ones. */
  readonly generated?: number;
  /** Names of servers that are left out. */
  readonly without?: readonly string[];
  /** Gives one server a new version. */
  readonly changed?: string;
  /** Folder with the catalog.yaml to use. */
  readonly registry?: string;
  readonly catalog?: Partial<PublishedCatalog>;
}

type Versions = readonly PublishedVersion[];

/** A publication in memory: servers that show everything a page can show, and some generated ones. */
export async function publicationOf(variant: Variant = {}): Promise<Publication> {
  const config = await readConfig(variant.registry ?? 'registry');
  const all: Versions[] = [...WRITTEN, ...generated(variant.generated ?? 60)]
    .filter(([newest]) => !variant.without?.includes(newest?.entry.name ?? ''))
    .map((versions) => {
      const [newest] = versions;
      return newest && newest.entry.name === variant.changed
        ? [withPatch(newest), ...versions]
        : versions;
    });
  const contents = new Map<string, PublishedVersion>();
  const servers = all
    .map((versions) => serverOf(versions, contents))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    config,
    catalog: {
      formatVersion: 1,
      namespace: config.namespace,
      title: config.title,
      description: config.description,
      source: config.source,
      site: config.site ?? 'https://catalog.example/',
      development: true,
      number: 7,
      categories: config.categories,
      servers,
      ...variant.catalog,
    },
    ...(config.theme?.logo
      ? { logo: await readFile(join(variant.registry ?? 'registry', config.theme.logo), 'utf8') }
      : {}),
    digest: digestOf(new TextEncoder().encode('catalog')),
    signature: { kind: 'development', fingerprint: 'ab'.repeat(32) },
    downloads: { crane: 1200, 'harbour-files': 340 },
    reader: { module: import.meta.url, argument: variant },
    readVersion: (_server, { digest }) => {
      const found = contents.get(digest);
      if (!found) throw new TypeError(`no version with ${digest}`);
      return found;
    },
    signatureOf: async (digest) => digest,
  };
}

/** The reader of the same publication, in another thread. */
export async function openReader(variant: unknown): Promise<Reader> {
  const { readVersion } = await publicationOf(variant as Variant);
  return {
    readVersion,
    // Two signers, as after a change of keys.
    readSignature: (digest) => ({
      kind: 'key',
      fingerprint: (Number.parseInt(digest?.slice(-1) ?? '0', 16) % 2 ? 'ab' : 'cd').repeat(32),
    }),
  };
}

function serverOf(versions: Versions, contents: Map<string, PublishedVersion>): CatalogServer {
  const [newest] = versions as [PublishedVersion, ...PublishedVersion[]];
  return {
    name: newest.entry.name,
    summary: summaryOf(newest.entry, newest.tools?.tools.map(({ name }) => name) ?? []),
    versions: versions.map((content, index) => {
      const bytes = new TextEncoder().encode(JSON.stringify(content));
      const digest = digestOf(bytes);
      contents.set(digest, content);
      const day = String(28 - index * 5).padStart(2, '0');
      return {
        version: content.entry.version,
        digest,
        size: bytes.byteLength,
        status: content.entry.status?.state ?? 'active',
        publishedAt: `2026-03-${day}T00:00:00Z`,
      };
    }),
  };
}

function generated(count: number): Versions[] {
  const random = randomOf(3);
  return Array.from({ length: count }, (_, index) => {
    const entry = generateEntry(index, ['databases', 'search', 'cloud', 'ai'], random);
    return [{ entry, tools: generateTools(entry, 'somewhere', random) }];
  });
}

const withPatch = (content: PublishedVersion): PublishedVersion => ({
  ...content,
  entry: { ...content.entry, version: '99.0.0', description: 'A description that was changed.' },
});

const captured = (tools: CapturedTools['tools']): CapturedTools => ({
  capturedFrom: 'somewhere',
  serverInfo: { name: 'x' },
  capabilities: { tools: {} },
  tools,
});

const common: Pick<ServerEntry, 'license' | 'publisher' | 'links' | 'tags' | 'tools'> = {
  license: 'MIT',
  publisher: { name: 'Harbour Works', url: 'https://harbour.example', verified: 'dns' },
  links: { source: 'https://github.com/example/harbour', homepage: 'https://harbour.example' },
  tags: ['boats'],
  tools: 'static',
};

const integrity = `sha512-${'A'.repeat(86)}==`;

const HARBOUR: ServerEntry = {
  ...common,
  name: 'harbour-files',
  version: '2.0.0',
  title: 'Harbour Files',
  description: 'Reads and changes the files of a harbour, in the folders that you choose.',
  categories: ['files'],
  tags: ['boats', 'files'],
  npm: { package: '@harbour/files', version: '2.1.0', integrity },
  parameters: {
    properties: {
      directories: {
        type: 'array',
        description: 'Folders that the server may read and change.',
        items: { type: 'string', format: 'path' },
      },
      level: {
        type: 'string',
        description: 'How much it logs.',
        enum: ['low', 'high'],
        default: 'low',
      },
    },
    required: ['directories'],
  },
  secrets: [
    { name: 'api_key', description: 'Key of the harbour.', url: 'https://harbour.example/keys' },
  ],
  env: { HARBOUR_KEY: '{api_key}' },
  args: ['--level', '{level}', '{directories}'],
  permissions: {
    network: { allow: ['api.harbour.example:443'] },
    volumes: [{ path: '{directories}', access: 'read-write' }],
  },
};

const HARBOUR_TOOLS = captured([
  {
    name: 'read_berth',
    description: 'Reads a berth.\n\nGives its length and depth.',
    inputSchema: {
      type: 'object',
      properties: {
        berth: { type: 'string', description: 'Number of the berth.' },
        filter: {
          type: 'object',
          description: 'Which boats.',
          properties: { flag: { type: 'string', enum: ['NO', 'PT'] } },
        },
      },
      required: ['berth'],
    },
    annotations: { readOnlyHint: true },
  },
  {
    name: 'sink_boat',
    description: 'Sinks a boat.',
    inputSchema: { type: 'object', properties: {} },
    annotations: { readOnlyHint: false, destructiveHint: true },
  },
]);

const hostileText = HTML_PAYLOADS.join(' ');

const WRITTEN: readonly Versions[] = [
  [
    {
      entry: HARBOUR,
      tools: HARBOUR_TOOLS,
      lock: digestOf(new TextEncoder().encode('lock')),
      readme: '# Harbour\n\nSee the [guide](docs/guide.md) and `code`.\n\n- one\n- two\n',
      icon: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="teal"/></svg>',
    },
    {
      entry: {
        ...HARBOUR,
        version: '1.0.0',
        permissions: { network: 'none' },
        secrets: undefined as never,
      },
      tools: captured(HARBOUR_TOOLS.tools.slice(0, 1)),
    },
  ],
  [
    {
      entry: {
        ...common,
        name: 'lighthouse-remote',
        version: '1.0.0',
        title: 'Lighthouse',
        description: 'Asks the lighthouse service for the state of its lights.',
        categories: ['monitoring'],
        remote: {
          transport: 'streamable-http',
          url: 'https://mcp.lighthouse.example/mcp',
          oauth: { scopes: ['lights:read'] },
        },
        tools: { dynamic: 'Tools depend on the account that signs in.' },
      },
    },
  ],
  [
    {
      entry: {
        ...common,
        name: 'crane',
        version: '1.1.0',
        title: 'Crane',
        description: 'Lifts containers, and says what is in them before it does.',
        categories: ['cloud'],
        container: {
          image: `ghcr.io/harbour/crane@${digestOf(new Uint8Array([1]))}`,
          command: ['/crane', 'stdio'],
        },
        secrets: [{ name: 'token', description: 'Token of the crane.' }],
        env: { CRANE_TOKEN: '{token}' },
        permissions: { network: { allow: ['*:443'] } },
      },
      tools: captured([{ name: 'lift', description: 'Lifts.', inputSchema: { type: 'object' } }]),
    },
  ],
  [
    {
      entry: {
        ...common,
        name: 'busy-port',
        version: '3.0.0',
        title: 'Busy Port',
        description: 'Does everything that a port does, each with a tool of its own.',
        categories: ['cloud'],
        npm: { package: 'busy-port', version: '3.0.0', integrity },
        permissions: { network: 'none' },
      },
      tools: captured(
        Array.from({ length: 60 }, (_, index) => ({
          name: `job_${index + 1}`,
          description: `Does job ${index + 1}.\n\nWith a crew, which is described at length.`,
          inputSchema: {
            type: 'object',
            properties: Object.fromEntries(
              ['crew', 'ship', 'berth', 'tide'].map((name) => [
                name,
                { type: 'string', description: `The ${name} that job ${index + 1} is done with.` },
              ]),
            ),
          },
        })),
      ),
    },
  ],
  [
    {
      entry: {
        ...common,
        name: 'old-crane',
        version: '1.0.1',
        title: 'Old Crane',
        description: 'Lifts containers, as it was done before.',
        categories: ['cloud'],
        npm: { package: 'old-crane', version: '1.0.0', integrity },
        permissions: { network: 'none' },
        status: {
          state: 'deprecated',
          reason: 'A newer crane stands beside it.',
          replacement: 'crane',
        },
      },
      tools: captured([]),
    },
  ],
  [
    {
      entry: {
        ...common,
        name: 'sunken-crane',
        version: '1.0.1',
        title: 'Sunken Crane',
        description: 'Lifted containers until it fell into the water.',
        categories: ['cloud'],
        npm: { package: 'sunken-crane', version: '1.0.0', integrity },
        permissions: { network: 'none' },
        status: { state: 'withdrawn', reason: 'It fell into the water.', replacement: 'crane' },
      },
      tools: captured([]),
    },
  ],
  [
    {
      entry: {
        ...common,
        name: 'hostile',
        version: '1.0.0',
        title: '"><img src=x onerror=xss()> Hostile',
        description: hostileText.slice(0, 290),
        publisher: { name: '<script>xss()</script>', url: 'https://hostile.example' },
        categories: ['security'],
        npm: { package: 'hostile', version: '1.0.0', integrity },
        parameters: {
          properties: {
            x: { type: 'string', description: hostileText, default: '"><script>xss()</script>' },
          },
        },
        secrets: [{ name: 's', description: hostileText }],
        env: { S: "'; xss(); '{s}" },
        args: ['"><script>xss()</script>', '`xss()`'],
        permissions: { network: 'none' },
      },
      tools: captured(
        HTML_PAYLOADS.map((payload, index) => ({
          name: `${payload}${index}`,
          description: payload,
          inputSchema: {
            type: 'object',
            properties: {
              [payload]: { type: payload, description: payload, enum: [payload], default: payload },
            },
          },
        })),
      ),
      readme: [...HTML_PAYLOADS, ...MARKDOWN_PAYLOADS].join('\n\n'),
      icon: SVG_PAYLOAD,
    },
  ],
];
