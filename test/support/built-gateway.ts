import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { generateKeyPem, parseSigningKey } from '../../core/trust/keys.ts';
import { keySigner } from '../../core/trust/sign.ts';
import { buildLayout } from '../../scripts/publisher/build-layout.ts';
import { loadRegistry, requireValid } from '../../scripts/registry/load.ts';

export const RUNNER = resolve('dist/portolan.mjs');

/** Real entries of this repository, published with a key of their own, and a home for the gateway. */
export interface BuiltCatalog {
  readonly folder: string;
  readonly layout: string;
  /** Options of `portolan run` that name catalog and key. */
  readonly source: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  remove(): void;
}

/** Publishes the named entries of registry/, or of a copy of it, into a temporary layout. */
export async function builtCatalog(
  servers: readonly string[],
  from = 'registry',
): Promise<BuiltCatalog> {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-gateway-'));
  const layout = join(folder, 'catalog');
  const { privatePem, publicPem } = generateKeyPem();
  const registry = requireValid(await loadRegistry(from, { only: servers }));
  await buildLayout(registry, layout, keySigner(parseSigningKey(privatePem, 'test key')), {
    number: 1,
    development: false,
  });
  const key = join(folder, 'key.pub');
  writeFileSync(key, publicPem);
  return {
    folder,
    layout,
    source: ['--catalog', `oci-layout:${layout}`, '--key', key],
    env: {
      ...process.env,
      PORTOLAN_HOME: join(folder, 'home'),
      // A test reads what it published itself.
      PORTOLAN_DEFAULT_CATALOG: 'none',
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A copy of entries of registry/ whose server.yaml says something else; the caller removes it. */
export function changedRegistry(
  servers: readonly string[],
  change: (text: string, server: string) => string,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-registry-'));
  cpSync('registry/catalog.yaml', join(folder, 'catalog.yaml'));
  for (const server of servers) {
    const copy = join(folder, 'servers', server);
    cpSync(`registry/servers/${server}`, copy, { recursive: true });
    const path = join(copy, 'server.yaml');
    writeFileSync(path, change(readFileSync(path, 'utf8'), server));
  }
  return folder;
}

/** A gateway that listens on HTTP. */
export interface HttpGateway {
  readonly url: string;
  readonly token: string;
  readonly child: ChildProcess;
  stderr(): string;
  stop(): Promise<number | null>;
}

/** Starts the built runner as an HTTP endpoint on a free port and waits until it is ready. */
export async function startHttpGateway(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  runner = RUNNER,
): Promise<HttpGateway> {
  const token = 'a-token-for-tests-that-nobody-guesses';
  const folder = mkdtempSync(join(tmpdir(), 'portolan-token-'));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, token);
  const child = spawn(
    process.execPath,
    [runner, 'run', '--transport', 'http', '--port', '0', '--token-file', tokenFile, ...args],
    { env, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  const exited = new Promise<number | null>((done) => child.once('exit', done));
  const url = await new Promise<string>((done, fail) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      const found = /listening on (\S+),/.exec(stderr)?.[1];
      if (found) done(found);
    });
    exited.then((code) => fail(new Error(`the gateway ended with ${code}: ${stderr}`)));
  });
  return {
    url,
    token,
    child,
    stderr: () => stderr,
    async stop() {
      child.kill('SIGTERM');
      const code = await exited;
      rmSync(folder, { recursive: true, force: true });
      return code;
    },
  };
}
