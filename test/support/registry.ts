import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startTokenServer, type TokenServer } from './token-server.ts';

/** A real registry (Debian's docker-registry) on loopback. */
export interface TestRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** A folder of its own, gone after `stop`. */
  readonly folder: string;
  /** PEM file of the authority that signed its certificate; only with `tls`. */
  readonly ca: string | undefined;
  readonly tokens: TokenServer | undefined;
  stop(): Promise<void>;
}

export interface TestRegistryOptions {
  /** Who may enter: anybody, a user by Basic, or bearers of tokens of a real token server. */
  readonly auth?: 'none' | 'basic' | 'token';
  readonly tls?: boolean;
  /** Have it answer uploads with a Location without a host. */
  readonly relativeUrls?: boolean;
  /** Folder of its data, kept after `stop`; one of its own when absent. */
  readonly data?: string;
}

export const TEST_USER = 'tester';
export const TEST_PASSWORD = 'correct horse';
/** bcrypt of the two above, because docker-registry takes nothing else and Node has no bcrypt. */
const HTPASSWD = 'tester:$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2\n';

/** Starts a registry on a port that the system chooses; stop it in `afterAll`. */
export async function startRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const { auth = 'none', tls = false, relativeUrls = false } = options;
  const folder = mkdtempSync(join(tmpdir(), 'portolan-registry-'));
  const tokens = auth === 'token' ? await startTokenServer(folder) : undefined;
  const ca = tls ? makeCertificate(folder) : undefined;
  const config = {
    version: '0.1',
    log: { level: 'info', formatter: 'json', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: options.data ?? join(folder, 'data') },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: {
      addr: '127.0.0.1:0',
      relativeurls: relativeUrls,
      ...(tls
        ? { tls: { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') } }
        : {}),
    },
    ...(auth === 'basic' ? { auth: basicAuth(folder) } : {}),
    ...(tokens ? { auth: { token: tokens.config } } : {}),
  };
  // YAML reads JSON.
  writeFileSync(join(folder, 'config.yml'), JSON.stringify(config));
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, OTEL_TRACES_EXPORTER: 'none' },
  });
  const host = await listening(child);
  return {
    host,
    folder,
    ca,
    tokens,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      await tokens?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function basicAuth(folder: string) {
  const path = join(folder, 'htpasswd');
  writeFileSync(path, HTPASSWD);
  return { htpasswd: { realm: 'portolan test', path } };
}

/** An authority and a certificate for 127.0.0.1; gives the path of the authority's PEM. */
function makeCertificate(folder: string): string {
  const run = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  run(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-subj',
    '/CN=Test',
    '-days',
    '2',
  );
  run('req', ...key, '-keyout', 'tls.key', '-out', 'tls.csr', '-subj', '/CN=registry');
  writeFileSync(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  run(
    'x509',
    '-req',
    '-in',
    'tls.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'tls.crt',
    '-days',
    '2',
    '-extfile',
    'names',
  );
  return join(folder, 'ca.crt');
}

/** The registry says in its log which port it got. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const log: string[] = [];
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`docker-registry ended with ${code}:\n${log.join('\n')}`)),
    );
    if (!child.stderr) return reject(new Error('docker-registry has no stderr'));
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (log.length < 100) log.push(line);
      const address = /listening on (127\.0\.0\.1:[0-9]+)/.exec(line)?.[1];
      if (address) resolve(address);
    });
  });
}
