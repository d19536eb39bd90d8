import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { type Detected, reapOrphans } from '../../core/isolation/index.ts';
import { openCatalogs } from '../cli/catalog-access.ts';
import type { RunOptions } from '../cli/commands/run.ts';
import { version } from '../cli/version.ts';
import { serveHttp } from '../endpoint/http.ts';
import { serveStdio } from '../endpoint/stdio.ts';
import { portolanPaths } from '../paths.ts';
import { createGateway, type Gateway } from '../relay/gateway.ts';
import { passphraseFrom } from '../vault/passphrase.ts';
import { openVault } from '../vault/vault.ts';
import { describeIsolation, detectOnce } from './detect-once.ts';
import { tokenIn } from './token-file.ts';
import { selectUpstreams } from './upstreams.ts';

/** A way in for clients. */
interface Endpoint {
  /** Resolves when no client can come any more. */
  readonly closed: Promise<void>;
  close(): Promise<void> | void;
}

/**
 * Runs the gateway until its client leaves (stdio), or until it is told to stop. Everything that it
 * says goes to stderr: on stdio, stdout belongs to MCP.
 */
export async function runGateway(options: RunOptions): Promise<void> {
  const log = (line: string) => console.error(`portolan: ${line}`);
  if (!options.servers?.length && !options.all) {
    throw new PortolanError(
      'usage',
      'SERVERS_MISSING',
      'say which servers to serve: --servers NAME,NAME or --all',
    );
  }
  const paths = portolanPaths();
  const catalogs = await openCatalogs(options, paths, log);
  if (catalogs.catalogs.some(({ catalog }) => catalog.development)) {
    log('this catalog is signed with a development key: trust it on the machine that made it only');
  }
  if (options.isolation === 'none') {
    log('WARNING: --isolation none: servers run with all rights of your account');
  }
  const detect = detectOnce();
  const vault = openVault({ home: paths.config, passphrase: passphraseFrom({}) });
  const upstreams = await selectUpstreams(
    catalogs,
    { servers: options.servers ?? [], all: options.all === true, set: options.set },
    {
      storeDir: join(paths.cache, 'npm'),
      log,
      detect,
      vault,
      isolation: {
        isolation: options.isolation,
        owner: randomUUID(),
        onNotice: log,
        allowedPaths: options.allowPath.map((path) => resolve(path)),
        ...(options.nodeImage ? { nodeImage: options.nodeImage } : {}),
      },
    },
  );
  const gateway = createGateway({
    upstreams,
    info: { name: 'portolan', title: 'Portolan', version },
    toolChanges: options.toolChanges,
    prefix: options.prefix,
    log,
  });
  const endpoint =
    options.transport === 'http'
      ? await openHttp(gateway, options, log)
      : serveStdio(gateway, { stdin: process.stdin, stdout: process.stdout });
  const numbers = catalogs.catalogs.map(({ catalog }) => catalog.number).join(', ');
  log(`ready with ${upstreams.length} servers of catalog ${numbers}`);
  const reaping = setTimeout(() => void reap(detect, log), REAP_AFTER_MS);
  reaping.unref();
  await untilStopped(endpoint);
  clearTimeout(reaping);
  await gateway.close();
  // A server that was told to go may hold a pipe open for a moment; nothing is waited for any more.
  process.exit(process.exitCode ?? 0);

  async function openHttp(
    target: Gateway,
    { host, port, tokenFile, allowOrigin, allowHost }: RunOptions,
    say: (line: string) => void,
  ): Promise<Endpoint> {
    const file = tokenFile ?? join(paths.state, 'token');
    const token = await tokenIn(file);
    const http = await serveHttp(target, {
      host,
      port,
      tokens: [{ name: 'default', token }],
      allowedOrigins: allowOrigin,
      allowedHosts: allowHost,
      log: say,
    });
    say(`isolation: ${options.isolation === 'none' ? 'none' : describeIsolation(await detect())}`);
    say(`listening on ${http.url}, bearer token in ${file}`);
    let finish = () => {};
    const closed = new Promise<void>((resolve) => {
      finish = resolve;
    });
    return {
      closed,
      async close() {
        await http.close();
        finish();
      },
    };
  }
}

/** Late enough not to slow down a client's first request. */
const REAP_AFTER_MS = 3_000;

/** Removes what a gateway that was killed left behind. */
async function reap(detect: () => Promise<Detected>, log: (line: string) => void): Promise<void> {
  try {
    const { containers, processes, folders } = await reapOrphans({ detected: await detect() });
    if (containers + processes + folders > 0) {
      log(`removed what a killed gateway left: ${containers} containers, ${processes} processes`);
    }
  } catch (error) {
    log(`cannot look for what a killed gateway left: ${messageOf(error)}`);
  }
}

/** Waits for the end of the endpoint or for a signal; a second signal ends at once. */
async function untilStopped(endpoint: Endpoint): Promise<void> {
  let signalled = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (signalled) process.exit(1);
      signalled = true;
      void endpoint.close();
    });
  }
  await endpoint.closed;
}
