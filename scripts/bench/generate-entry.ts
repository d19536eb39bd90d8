import { createHash } from 'node:crypto';
import type {
  CapturedTools,
  Parameter,
  Secret,
  ServerEntry,
} from '../../core/entry/types.generated.ts';
import { packageJsonOf } from '../../core/isolation/package-json.ts';
import type { Random } from './random.ts';
import { FIELDS, LICENSES, NOUNS, PRODUCTS, SUFFIXES, TAGS, VERBS } from './words.ts';

/** A valid entry that does not exist, number `index` of its registry. */
export function generateEntry(
  index: number,
  categories: readonly string[],
  random: Random,
): ServerEntry {
  const product = PRODUCTS[index % PRODUCTS.length] as string;
  const suffix = SUFFIXES[Math.floor(index / PRODUCTS.length) % SUFFIXES.length] as string;
  const round = Math.floor(index / (PRODUCTS.length * SUFFIXES.length));
  const title = `${product} ${suffix}${round > 0 ? ` ${round + 1}` : ''}`;
  const name = title.toLowerCase().replaceAll(' ', '-');
  const site = `https://${product.toLowerCase()}.example.com`;
  const kind = random.pick(['npm', 'npm', 'npm', 'remote', 'remote', 'container'] as const);
  const parameters = kind === 'remote' ? {} : generateParameters(random);
  const secrets = random.chance(0.5) ? [generateSecret(product, site)] : [];
  const paths = Object.keys(parameters).filter((key) => key === 'directories');
  const [verb, other] = random.sample(VERBS, 2);
  const [noun, things] = random.sample(NOUNS, 2);
  return {
    name,
    version: `${1 + random.integer(4)}.${random.integer(20)}.${random.integer(30)}`,
    title,
    description: `Lets a model ${verb} and ${other} ${noun} of ${title}, and follow its ${things} from one place.`,
    categories: random.sample(categories, 1 + random.integer(3)),
    tags: random.sample(TAGS, 2 + random.integer(5)),
    license: kind === 'remote' ? 'LicenseRef-Proprietary' : random.pick(LICENSES),
    publisher: {
      name: `${product} Works`,
      url: site,
      ...(random.chance(0.6) && { verified: 'dns' }),
    },
    links: { homepage: site, documentation: `${site}/docs/${name}` },
    ...(kind === 'npm' && { npm: generatePackage(name, random) }),
    ...(kind === 'container' && {
      container: {
        image: `ghcr.io/example/${name}@sha256:${createHash('sha256').update(name).digest('hex')}`,
      },
    }),
    ...(kind === 'remote' && {
      remote: {
        transport: 'streamable-http',
        url: `https://mcp.${product.toLowerCase()}.example.com/${name}`,
        ...(secrets.length > 0 && { headers: { Authorization: 'Bearer {api_key}' } }),
        ...(secrets.length === 0 && random.chance(0.5) && { oauth: { scopes: ['read', 'write'] } }),
      },
    }),
    ...(Object.keys(parameters).length > 0 && { parameters: { properties: parameters } }),
    ...(secrets.length > 0 && { secrets }),
    ...(kind !== 'remote' && {
      ...(secrets.length > 0 && { env: { API_KEY: '{api_key}' } }),
      ...(Object.keys(parameters).length > 0 && {
        args: Object.keys(parameters).map((key) => [`--${key}`, `{${key}}`]),
      }),
      permissions: {
        network: random.chance(0.3)
          ? 'none'
          : { allow: [`${product.toLowerCase()}.example.com:443`] },
        ...(paths.length > 0 && { volumes: [{ path: '{directories}', access: 'read-only' }] }),
      },
    }),
    ...(random.chance(0.03) && {
      status: { state: 'deprecated', reason: 'The publisher stopped it.' },
    }),
    tools: 'static',
  };
}

function generatePackage(name: string, random: Random) {
  const version = `${random.integer(5)}.${random.integer(30)}.${random.integer(40)}`;
  return { package: `@example/${name}`, version, integrity: integrityOf(`${name}@${version}`) };
}

function generateParameters(random: Random): Record<string, Parameter> {
  return Object.fromEntries(
    random.sample<readonly [string, Parameter]>(
      [
        [
          'directories',
          {
            type: 'array',
            description: 'Folders that the server may read.',
            items: { type: 'string', format: 'path' },
          },
        ],
        [
          'region',
          {
            type: 'string',
            description: 'Region of the account.',
            default: 'eu',
            enum: ['eu', 'us'],
          },
        ],
        [
          'limit',
          { type: 'integer', description: 'Most results in an answer.', default: 50, minimum: 1 },
        ],
        ['project', { type: 'string', description: 'Project to work in.', examples: ['demo'] }],
      ],
      random.integer(4),
    ),
  );
}

function generateSecret(product: string, site: string): Secret {
  return {
    name: 'api_key',
    description: `API key of ${product} with read access.`,
    url: `${site}/settings/keys`,
  };
}

/** About twelve tools with nested inputs, as a capture would have written them. */
export function generateTools(
  entry: ServerEntry,
  capturedFrom: string,
  random: Random,
): CapturedTools {
  const pairs = VERBS.flatMap((verb) => NOUNS.map((noun) => [verb, noun] as const));
  return {
    capturedFrom,
    protocolVersion: '2025-11-25',
    serverInfo: { name: entry.name, version: entry.version },
    capabilities: { tools: {} },
    tools: random.sample(pairs, 8 + random.integer(9)).map(([verb, noun]) => ({
      name: `${verb}_${noun}`,
      description: `Use this to ${verb} ${noun} in ${entry.title}. It returns them newest first, with the ${random.sample(FIELDS, 4).join(', ')} of each. Large answers are cut into parts; pass the cursor of the last one to go on.`,
      inputSchema: {
        type: 'object',
        properties: Object.fromEntries(
          random.sample(FIELDS, 3 + random.integer(5)).map((field) => [
            field,
            random.chance(0.15)
              ? {
                  type: 'array',
                  items: { type: 'string', description: `One ${field}.` },
                  description: `Several ${field} values.`,
                }
              : {
                  type: 'string',
                  description: `The ${field} that the ${noun} are taken by; leave it out for all.`,
                },
          ]),
        ),
        required: [],
        additionalProperties: false,
      },
      annotations: { readOnlyHint: ['list', 'get', 'search', 'query', 'inspect'].includes(verb) },
    })),
  };
}

/** A lockfile with as many packages as small servers have. */
export function generateLock(entry: ServerEntry, random: Random): unknown {
  const root = packageJsonOf(entry);
  const own = entry.npm as NonNullable<ServerEntry['npm']>;
  const packages = Array.from({ length: 10 + random.integer(80) }, (_, index) => {
    const name = `@example/part-${index}-${random.integer(1000)}`;
    return [
      `node_modules/${name}`,
      { version: '1.0.0', integrity: integrityOf(name), license: 'MIT', engines: { node: '>=18' } },
    ] as const;
  });
  return {
    name: root.name,
    version: root.version,
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: root.name, version: root.version, dependencies: root.dependencies },
      [`node_modules/${own.package}`]: {
        version: own.version,
        integrity: own.integrity,
        license: entry.license,
      },
      ...Object.fromEntries(packages),
    },
  };
}

function integrityOf(text: string): string {
  return `sha512-${createHash('sha512').update(text).digest('base64')}`;
}
