import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPem, parseSigningKey, type SigningKey } from '../../core/trust/keys.ts';
import { keySigner } from '../../core/trust/sign.ts';
import type { TrustPolicy } from '../../core/trust/verify.ts';
import { buildLayout } from '../../scripts/publisher/build-layout.ts';
import { loadRegistry, requireValid } from '../../scripts/registry/load.ts';

/** A small registry and its signed publication in a temporary folder of their own. */
export interface TestPublication extends AsyncDisposable {
  readonly folder: string;
  readonly registry: string;
  readonly layout: string;
  readonly key: SigningKey;
  readonly publicKeyPath: string;
  readonly policy: TrustPolicy;
  /** Builds the layout again from what the registry holds now. */
  build(options?: { number?: number; key?: SigningKey; out?: string }): Promise<string>;
  /** Writes an entry; `text` is the YAML of server.yaml, `tools` the content of tools.json. */
  write(name: string, text: string, tools?: object): Promise<void>;
}

export async function testPublication(): Promise<TestPublication> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-publication-'));
  const registry = join(folder, 'registry');
  const layout = join(folder, 'catalog');
  const { privatePem, publicPem } = generateKeyPem();
  const key = parseSigningKey(privatePem, 'test key');
  const publicKeyPath = join(folder, 'key.pub');
  const publication: TestPublication = {
    folder,
    registry,
    layout,
    key,
    publicKeyPath,
    policy: { signers: [{ kind: 'key', key }] },
    async build({ number = 1, key: other = key, out = layout } = {}) {
      const loaded = requireValid(await loadRegistry(registry));
      await buildLayout(loaded, out, keySigner(other), { number, development: false });
      return out;
    },
    async write(name, text, tools) {
      const path = join(registry, 'servers', name);
      await mkdir(path, { recursive: true });
      await writeFile(join(path, 'server.yaml'), text);
      if (tools) await writeFile(join(path, 'tools.json'), JSON.stringify(tools));
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
  await mkdir(registry, { recursive: true });
  await writeFile(join(registry, 'catalog.yaml'), CATALOG);
  await writeFile(publicKeyPath, publicPem);
  await publication.write('alpha', remoteEntry('alpha'));
  await publication.write('beta', containerEntry('beta'), {
    capturedFrom: `registry.example/beta@sha256:${'b'.repeat(64)}`,
    serverInfo: { name: 'beta', version: '1.0.0' },
    capabilities: { tools: {} },
    tools: [{ name: 'beta_tool', description: 'Does beta.', inputSchema: { type: 'object' } }],
  });
  await publication.build();
  return publication;
}

const CATALOG = `title: Test catalog
description: A catalog for tests only.
namespace: io.github.example
source: https://github.com/example/catalog
repository: oci://registry.example/catalog
categories:
  - id: reference
    title: Reference
    description: Example servers.
`;

export function remoteEntry(name: string, version = '1.0.0'): string {
  return `name: ${name}
version: ${version}
title: ${name}
description: A remote server that exists only in tests.
categories: [reference]
license: MIT
publisher: { name: Example, url: https://example.com }
links: { source: https://github.com/example/${name} }
remote: { transport: streamable-http, url: https://mcp.example.com/${name} }
tools: { dynamic: Tests list the tools live. }
`;
}

export function containerEntry(name: string, version = '1.0.0'): string {
  return `name: ${name}
version: ${version}
title: ${name}
description: A container server that exists only in tests.
categories: [reference]
license: MIT
publisher: { name: Example, url: https://example.com }
links: { source: https://github.com/example/${name} }
container: { image: registry.example/${name}@sha256:${'b'.repeat(64)} }
permissions: { network: none }
tools: static
`;
}
