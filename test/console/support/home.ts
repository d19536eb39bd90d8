import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CapturedTools } from '../../../core/entry/types.generated.ts';
import { generateKeyPem, parseSigningKey } from '../../../core/trust/keys.ts';
import { keySigner } from '../../../core/trust/sign.ts';
import { buildLayout } from '../../../scripts/publisher/build-layout.ts';
import { loadRegistry, requireValid } from '../../../scripts/registry/load.ts';
import { HTML_PAYLOADS } from '../../site/support/payloads.ts';

type Tools = CapturedTools['tools'];

/** A machine of its own for the console: a home, and a signed catalog that can be published anew. */
export interface ConsoleHome {
  readonly folder: string;
  readonly layout: string;
  readonly publicKey: string;
  readonly env: NodeJS.ProcessEnv;
  /** Writes an entry; it is in the catalog after `publish`. */
  write(name: string, entry: object, tools?: Tools): void;
  /** Signs what was written as the next catalog. */
  publish(): Promise<void>;
  remove(): void;
}

/** `real` are entries of this repository's registry. */
export async function consoleHome(real: readonly string[]): Promise<ConsoleHome> {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-console-'));
  const registry = join(folder, 'registry');
  mkdirSync(join(registry, 'servers'), { recursive: true });
  cpSync('registry/catalog.yaml', join(registry, 'catalog.yaml'));
  for (const name of real) {
    cpSync(join('registry/servers', name), join(registry, 'servers', name), { recursive: true });
  }
  const { privatePem, publicPem } = generateKeyPem();
  const key = keySigner(parseSigningKey(privatePem, 'test key'));
  const layout = join(folder, 'catalog');
  const home = join(folder, 'user');
  // What tells that these clients are installed.
  for (const trace of ['.cursor', '.codex']) mkdirSync(join(home, trace), { recursive: true });
  let number = 0;
  return {
    folder,
    layout,
    publicKey: publicPem,
    env: {
      ...process.env,
      HOME: home,
      PORTOLAN_HOME: join(folder, 'home'),
      PORTOLAN_DEFAULT_CATALOG: 'none',
      PORTOLAN_PASSPHRASE: 'passphrase of tests',
    },
    write(name, entry, tools) {
      const place = join(registry, 'servers', name);
      mkdirSync(place, { recursive: true });
      const text = JSON.stringify({ ...COMMON, name, ...entry, tools: tools ? 'static' : DYNAMIC });
      writeFileSync(join(place, 'server.yaml'), text);
      const captured = { ...CAPTURED, tools };
      if (tools) writeFileSync(join(place, 'tools.json'), `${JSON.stringify(captured, null, 2)}\n`);
    },
    async publish() {
      number += 1;
      const loaded = requireValid(await loadRegistry(registry));
      await buildLayout(loaded, layout, key, { number, development: false });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const DYNAMIC = { dynamic: 'They depend on the account that signs in at the publisher.' };
const CAPTURED = {
  capturedFrom: 'somewhere',
  serverInfo: { name: 'test' },
  capabilities: { tools: {} },
};
const COMMON = {
  version: '1.0.0',
  categories: ['reference'],
  license: 'MIT',
  publisher: { name: 'Harbour Works', url: 'https://harbour.example' },
  links: { homepage: 'https://harbour.example' },
};

const tool = (name: string, description: string): Tools[number] => ({
  name,
  description,
  inputSchema: { type: 'object', properties: {} },
});

/** A server with one tool, and its next version, which asks for more. */
export function writeCrane(home: ConsoleHome, version: '1.0.0' | '2.0.0'): void {
  const isNew = version === '2.0.0';
  home.write(
    'crane',
    {
      version,
      title: 'Crane',
      description: 'Lifts containers, and says what is in them before it does.',
      remote: {
        transport: 'streamable-http',
        url: 'https://crane.example/mcp',
        ...(isNew && { headers: { 'X-Token': '{token}' } }),
      },
      parameters: {
        properties: {
          harbour: { type: 'string', description: 'Name of the harbour.', examples: ['Porto'] },
          loud: { type: 'boolean', description: 'Whether it sounds its horn.', default: false },
          berths: {
            type: 'array',
            description: 'Berths that it serves.',
            items: { type: 'string' },
          },
        },
      },
      ...(isNew && { secrets: [{ name: 'token', description: 'Token of the crane.' }] }),
    },
    [
      tool('lift', 'Lifts a container.'),
      tool('lower', 'Lowers a container.'),
      ...(isNew ? [tool('drop', 'Drops a container.')] : []),
    ],
  );
}

/** A server whose every text tries to run script. */
export function writeHostile(home: ConsoleHome): void {
  const text = HTML_PAYLOADS.join(' ').slice(0, 290);
  home.write(
    'hostile',
    {
      title: '"><img src=x onerror=xss()> Hostile',
      description: text,
      publisher: { name: '<script>xss()</script>', url: 'https://hostile.example' },
      remote: {
        transport: 'streamable-http',
        url: 'https://hostile.example/mcp',
        headers: { 'X-S': '{s}' },
      },
      parameters: {
        properties: {
          x: { type: 'string', description: text, default: '"><script>xss()</script>' },
        },
      },
      secrets: [{ name: 's', description: text }],
    },
    HTML_PAYLOADS.map((payload, index) => ({
      ...tool(`${payload}${index}`.slice(0, 128), payload),
      inputSchema: {
        type: 'object',
        properties: { [payload]: { type: payload, description: payload, enum: [payload] } },
      },
    })),
  );
}
