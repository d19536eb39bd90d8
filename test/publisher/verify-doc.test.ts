import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asDigest, hexOf } from '../../core/oci/digest.ts';
import { openRepository } from '../../core/oci/open.ts';
import { keySigner } from '../../core/trust/sign.ts';
import { mirror } from '../../scripts/publisher/mirror.ts';
import { publish } from '../../scripts/publisher/publish.ts';
import { openRegistrySource } from '../../scripts/publisher/registry-source.ts';
import { needs } from '../support/needs.ts';
import { type TestPublication, testPublication } from '../support/publication.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

/** The blocks of docs/verify.md that are marked to be run, by the heading above them. */
const blocks = new Map(
  readFileSync('docs/verify.md', 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((section) => [
      section.slice(0, section.indexOf('\n')),
      [...section.matchAll(/^```sh run\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? '').join(''),
    ]),
);
/** The test's registry speaks HTTP, which the tools must be told. */
const PRELUDE = `set -euo pipefail
cosign() {
  case "$1" in verify) command cosign "$@" --allow-http-registry;; *) command cosign "$@";; esac
}
oras() {
  case "$*" in *--oci-layout*) command oras "$@";; *) command oras "$@" --plain-http;; esac
}
`;

describe.skipIf(needs('cosign', 'oras', 'jq', 'docker-registry').skip)('docs/verify.md', () => {
  let publication: TestPublication;
  let registry: TestRegistry;
  beforeAll(async () => {
    publication = await testPublication();
    registry = await startRegistry();
    const repository = await openRepository(`oci://${registry.host}/catalog`);
    await publish(openRegistrySource(publication.registry), repository, {
      sign: keySigner(publication.key),
      batchSize: 1,
      policy: publication.policy,
      position: { number: 7, commit: 'c'.repeat(40), development: false },
      // A second statement about a server must not hide its signature from cosign.
      builder: { id: 'https://example.com/workflow' },
    });
    const layout = await openRepository(`oci-layout:${publication.folder}/mirror`, {
      create: true,
    });
    await mirror(repository, layout, publication.policy);
    await copyFile(publication.publicKeyPath, join(publication.folder, 'catalog.pub'));
  });
  afterAll(async () => {
    await registry.stop();
    await publication[Symbol.asyncDispose]();
  });

  /** Runs the blocks of some headings as one script; gives what the commands print. */
  async function run(...headings: string[]): Promise<string> {
    const script = headings.map((heading) => {
      const code = blocks.get(heading);
      if (!code) throw new Error(`docs/verify.md has nothing to run under "${heading}"`);
      return code;
    });
    // Not the synchronous way: this process must keep reading what the registry says.
    const { stdout } = await promisify(execFile)('bash', ['-c', PRELUDE + script.join('\n')], {
      cwd: publication.folder,
      env: {
        PATH: process.env.PATH,
        HOME: publication.folder,
        CATALOG: `${registry.host}/catalog`,
        NAME: 'beta',
        LAYOUT: join(publication.folder, 'mirror'),
      },
    });
    return stdout;
  }
  const CATALOG = 'The catalog, with a key';

  it('verifies a catalog and a server of it', async () => {
    const output = await run(CATALOG, 'A server');
    expect(output).toContain('catalog 7 of io.github.example, 2 servers');
    expect(output).toContain('beta 1.0.0');
    expect(output).toContain('application/vnd.dev.sigstore.bundle.v0.3+json');
  });

  it("verifies that the catalog is fresh, and Docker's catalog", async () => {
    const output = await run(CATALOG, 'Freshness', "Docker's catalog");
    expect(output).toContain('fresh');
  });

  it('verifies a layout without a registry', async () => {
    await run('A layout on disk');
  });

  it('ends with an error where the key is another', async () => {
    const key = join(publication.folder, 'catalog.pub');
    const own = await readFile(key);
    execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', `${key}.pem`]);
    execFileSync('openssl', ['pkey', '-in', `${key}.pem`, '-pubout', '-out', key]);
    try {
      await expect(run(CATALOG)).rejects.toThrow();
      await expect(run('A layout on disk')).rejects.toThrow();
    } finally {
      await writeFile(key, own);
    }
  });

  it('ends with an error where the manifest was altered', async () => {
    const layout = await openRepository(`oci-layout:${publication.folder}/mirror`);
    const digest = asDigest((await layout.resolveTag('catalog'))?.digest, 'catalog');
    const path = join(publication.folder, 'mirror', 'blobs', 'sha256', hexOf(digest));
    const own = await readFile(path, 'utf8');
    await writeFile(path, own.replace('Test catalog', 'Best catalog'));
    await expect(run('A layout on disk')).rejects.toThrow();
    await writeFile(path, own);
  });
});
