import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import type { Detected, IsolationOptions } from '../../core/isolation/index.ts';
import { counted } from '../../core/text.ts';
import type { AuditRecord } from '../audit/audit-event.ts';
import { openCallAudit } from '../audit/open-call-audit.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import { catalogsOfProfile, openServed } from '../cli/catalog-access.ts';
import type { RunOptions } from '../cli/commands/run.ts';
import { version } from '../cli/version.ts';
import { serveStdio } from '../endpoint/stdio.ts';
import { portolanPaths } from '../paths.ts';
import { refusalText } from '../policy/decide.ts';
import { guardCalls } from '../policy/guard-calls.ts';
import { knownSecrets } from '../policy/known-secrets.ts';
import { loadPolicies } from '../policy/load-policy.ts';
import { createGateway, type Gateway } from '../relay/gateway.ts';
import type { Telemetry } from '../telemetry/open-telemetry.ts';
import { describeIsolation, detectOnce } from './detect-once.ts';
import { isolationOptions } from './isolation-options.ts';
import { observe } from './observe.ts';
import { openVaultOnce } from './open-vault-once.ts';
import { replicasOf } from './replica-options.ts';
import { runSelection, type Served, settingsOf } from './run-selection.ts';
import { type Selection, selectUpstreams, type UpstreamOptions } from './upstreams.ts';

/** A way in for clients. */
interface Endpoint {
  /** Where clients find it, on HTTP. */
  readonly url?: string;
  /** Resolves when no client can come any more. */
  readonly closed: Promise<void>;
  /** Takes no new clients, as far as it can say so, and lets calls finish. */
  drain?(): Promise<void>;
  close(): Promise<void> | void;
}

/**
 * Runs the gateway until its client leaves (stdio), or until it is told to stop. Everything that it
 * says goes to stderr: on stdio, stdout belongs to MCP.
 */
export async function runGateway(options: RunOptions): Promise<void> {
  const replicas = await replicasOf(options);
  const paths = portolanPaths();
  let served = await runSelection(options, paths);
  const policies = await loadPolicies(paths);
  const secrets = knownSecrets();
  const observation = observe(paths.state, secrets);
  const { log, watch } = observation;
  const audit = openCallAudit({ file: options.audit, policies, secrets, state: paths.state, log });
  const telemetry = await telemetryOf(options, log);
  const record = (event: AuditRecord) => {
    audit?.write(event);
    watch.record(event);
    telemetry?.count(event);
  };
  const catalogsFor = ({ loaded }: Served) => catalogsOfProfile(loaded, options, paths, log);
  const { servers, all } = served.selection;
  // What a profile locks, and what clients may add besides, is read from the whole catalog.
  const opened =
    served.loaded || all || options.discover
      ? { catalogs: await catalogsFor(served), async remember() {} }
      : await openServed(options, paths, servers, log);
  const { catalogs } = opened;
  if (catalogs.catalogs.some(({ catalog }) => catalog.development)) {
    log('this catalog is signed with a development key: trust it on the machine that made it only');
  }
  if (options.isolation === 'none') {
    log('WARNING: --isolation none: servers run with all rights of your account');
  }
  const detect = detectOnce();
  const upstreamOptions: UpstreamOptions = {
    storeDir: join(paths.cache, 'npm'),
    log,
    detect,
    vault: openVaultOnce(paths),
    policies,
    secrets,
    onRefused(server, refusal) {
      log(`${server} is left out: ${refusalText(refusal)}`);
      record({ event: 'server-refused', server, detail: refusalText(refusal) });
    },
    onLeftOut: (server, error) => log(`${server} is left out: ${messageOf(error)}`),
    onLeak: (server) =>
      record({ event: 'secret-found', server, detail: 'in a message of the server' }),
    isolation: {
      ...isolationOptions(options),
      owner: randomUUID(),
      onNotice: log,
      onOutput: observation.output,
    },
  };
  const select = (from: CatalogSet, selection: Selection) =>
    selectUpstreams(from, selection, upstreamOptions);
  const upstreams = await select(catalogs, served.selection);
  const relay = createGateway({
    upstreams,
    ...guardCalls({ policies, secrets, record, ...(audit && { audit }) }),
    audit: record,
    tracing: telemetry?.tracing,
    info: { name: 'portolan', title: 'Portolan', version },
    toolChanges: options.toolChanges,
    prefix: options.prefix,
    ...(replicas && { newState: replicas.newName, replicated: true }),
    log,
  });
  telemetry?.watch(() => relay.status());
  const gateway = options.discover ? await withDiscovery(relay) : relay;
  const endpoint: Endpoint =
    options.transport === 'http'
      ? await openHttp(gateway, options, log)
      : serveStdio(gateway, { stdin: process.stdin, stdout: process.stdout });
  const numbers = catalogs.catalogs.map(({ catalog }) => catalog.number).join(', ');
  log(`ready with ${counted(upstreams.length, 'server')} of catalog ${numbers}`);
  const remembering = opened
    .remember()
    .catch((error) => log(`this start is not remembered: ${messageOf(error)}`));
  const reaping = setTimeout(
    () => void reap(detect, log, isolationOptions(options).kubernetes),
    REAP_AFTER_MS,
  );
  reaping.unref();
  observation.announce({
    gateway,
    facts: {
      transport: options.transport,
      ...(endpoint.url && { endpoint: endpoint.url }),
      ...(served.loaded && { profile: served.loaded.place.name }),
      catalogs: catalogs.catalogs.map(({ source, catalog }) => ({
        source,
        number: catalog.number,
      })),
    },
    version,
    stop: () => void endpoint.close(),
  });
  const following = setTimeout(() => {
    stopFollowing = follow();
  }, FOLLOW_AFTER_MS);
  let stopFollowing: Promise<() => Promise<void>> | undefined;
  await untilStopped(endpoint);
  clearTimeout(reaping);
  clearTimeout(following);
  await (await stopFollowing)?.();
  await gateway.close();
  await Promise.all([observation.close(), audit?.close(), telemetry?.close(), remembering]);
  // A server that was told to go may hold a pipe open for a moment; nothing is waited for any more.
  process.exit(process.exitCode ?? 0);

  async function follow(): Promise<() => Promise<void>> {
    const [{ followChanges }, vault] = await Promise.all([
      import('./follow-changes.ts'),
      upstreamOptions.vault(),
    ]);
    return followChanges({
      paths,
      served,
      upstreams,
      catalogs,
      gateway,
      vault,
      load: () => runSelection(options, paths),
      openCatalogs: catalogsFor,
      select,
      onServed(now) {
        served = now;
      },
      log,
    });
  }

  async function withDiscovery(target: Gateway): Promise<Gateway> {
    const { addDiscovery } = await import('../discover/add-discovery.ts');
    return addDiscovery(target, {
      catalogs,
      policies,
      upstreams,
      // What a server may touch is the user's to say: a model adds servers, but sets nothing.
      select: (name) =>
        select(catalogs, {
          ...served.selection,
          servers: [name],
          all: false,
          set: settingsOf(options.set, [name]),
          lenient: false,
        }),
      ...(replicas && {
        fixed: 'several replicas serve here, and only one of them would change; use --servers',
      }),
      info: { name: 'portolan', title: 'Portolan', version },
      log,
      audit: record,
    });
  }

  async function openHttp(
    target: Gateway,
    { host, port, allowOrigin, allowHost, legacySse }: RunOptions,
    say: (line: string) => void,
  ): Promise<Endpoint> {
    const [{ accessOf }, { serveHttp }] = await Promise.all([
      import('./access.ts'),
      import('../endpoint/http.ts'),
    ]);
    const { notes, ...access } = await accessOf(options, join(paths.state, 'token'));
    const http = await serveHttp(target, {
      host,
      port,
      ...access,
      allowedOrigins: allowOrigin,
      allowedHosts: allowHost,
      legacySse: legacySse === true,
      ...(replicas && { replicas }),
      log: say,
    });
    const chosen = ['none', 'kubernetes'].includes(options.isolation);
    say(`isolation: ${chosen ? options.isolation : describeIsolation(await detect())}`);
    say(`listening on ${http.url}, ${notes.join(', ')}`);
    let finish = () => {};
    const closed = new Promise<void>((resolve) => {
      finish = resolve;
    });
    return {
      url: http.url,
      closed,
      drain: () => http.drain(options.drain * 1000),
      async close() {
        await http.close();
        finish();
      },
    };
  }
}

/** Spans and metrics, when they are wanted; their code is loaded only then. */
async function telemetryOf(
  { telemetry, metricsPort, metricsHost, allowHost }: RunOptions,
  log: (line: string) => void,
): Promise<Telemetry | undefined> {
  if (telemetry === 'off' && metricsPort === undefined) return undefined;
  const { openTelemetry } = await import('../telemetry/open-telemetry.ts');
  const opened = await openTelemetry({
    otlp: telemetry === 'otlp',
    metrics:
      metricsPort === undefined
        ? undefined
        : { host: metricsHost, port: metricsPort, allowedHosts: allowHost },
    version,
    log,
  });
  if (opened.metricsUrl) log(`metrics at ${opened.metricsUrl}`);
  return opened;
}

/** Late enough not to slow down a client's first request. */
const REAP_AFTER_MS = 3_000;
const FOLLOW_AFTER_MS = 200;

/** Removes what a gateway that was killed left behind. */
async function reap(
  detect: () => Promise<Detected>,
  log: (line: string) => void,
  kubernetes: IsolationOptions['kubernetes'],
): Promise<void> {
  try {
    const { reapOrphans } = await import('../../core/isolation/index.ts');
    const { containers, processes, folders } = await reapOrphans({
      detected: await detect(),
      ...(kubernetes && { kubernetes }),
    });
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
      // SIGTERM comes from a machine that replaces us, Ctrl-C from somebody who waits.
      const drained = signal === 'SIGTERM' ? endpoint.drain?.() : undefined;
      void Promise.resolve(drained).then(() => endpoint.close());
    });
  }
  await endpoint.closed;
}
