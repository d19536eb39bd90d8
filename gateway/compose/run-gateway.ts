import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import type { Detected, IsolationOptions } from '../../core/isolation/index.ts';
import { counted } from '../../core/text.ts';
import type { AuditRecord } from '../audit/audit-event.ts';
import { openCallAudit } from '../audit/open-call-audit.ts';
import { type Wanted, wantedText } from '../catalog/start-memory.ts';
import { catalogsOfProfile, openServed } from '../cli/catalog-access.ts';
import type { RunOptions } from '../cli/commands/run.ts';
import { version } from '../cli/version.ts';
import type { HttpEndpoint } from '../endpoint/http.ts';
import { serveStdio } from '../endpoint/stdio.ts';
import { portolanPaths } from '../paths.ts';
import { knownSecrets } from '../policy/known-secrets.ts';
import { loadPolicies } from '../policy/load-policy.ts';
import { pinOf } from '../profile/pinned-server.ts';
import { lastingName } from '../profile/place.ts';
import type { ClientStatus, ServerStatus } from '../relay/gateway.ts';
import type { Telemetry } from '../telemetry/open-telemetry.ts';
import type { CallerGateways } from './caller-gateways.ts';
import { describeIsolation, detectOnce } from './detect-once.ts';
import { isolationOptions } from './isolation-options.ts';
import { listKeeper } from './keep-lists.ts';
import { observe } from './observe.ts';
import { followQuietly, type OpenRelay, openRelay, type RelayParts } from './open-relay.ts';
import { openVaultOnce } from './open-vault-once.ts';
import { replicasOf } from './replica-options.ts';
import { runSelection, type Served } from './run-selection.ts';

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
  const served = await runSelection(options, paths);
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
  const wanted = wantedOf(served, options);
  const opened = wanted
    ? await openServed(
        { ...options, catalogs: served.loaded?.profile.catalogs },
        paths,
        wanted,
        log,
      )
    : { catalogs: await catalogsFor(served), async remember() {} };
  const { catalogs } = opened;
  if (catalogs.catalogs.some(({ catalog }) => catalog.development)) {
    log('this catalog is signed with a development key: trust it on the machine that made it only');
  }
  if (options.isolation === 'none') {
    log('WARNING: --isolation none: servers run with all rights of your account');
  }
  const detect = detectOnce();
  const parts: RelayParts = {
    options,
    paths,
    policies,
    secrets,
    audit,
    telemetry,
    replicas,
    upstreams: {
      storeDir: join(paths.cache, 'npm'),
      log,
      detect,
      vault: openVaultOnce(paths),
      keepLists: (about) => listKeeper(paths, about),
      isolation: {
        ...isolationOptions(options),
        owner: randomUUID(),
        onNotice: log,
        onOutput: observation.output,
      },
    },
    record,
    log,
  };
  const main = await openRelay(parts, {
    served,
    catalogs,
    load: () => runSelection(options, paths),
    openCatalogs: catalogsFor,
  });
  const { gateway } = main;
  /** On HTTP, where callers may have profiles of their own. */
  let callers: CallerGateways | undefined;
  const relays = () => [main, ...(callers?.all() ?? [])];
  telemetry?.watch(() => relays().flatMap(statusOf));
  const endpoint: Endpoint =
    options.transport === 'http'
      ? await openHttp(options, log)
      : serveStdio(gateway, { stdin: process.stdin, stdout: process.stdout });
  const numbers = catalogs.catalogs.map(({ catalog }) => catalog.number).join(', ');
  log(`ready with ${counted(main.count, 'server')} of catalog ${numbers}`);
  const remembering = opened
    .remember()
    .catch((error) => log(`this start is not remembered: ${messageOf(error)}`));
  const reaping = setTimeout(
    () => void reap(detect, log, isolationOptions(options).kubernetes),
    REAP_AFTER_MS,
  );
  reaping.unref();
  observation.announce({
    gateway: {
      status: () => relays().flatMap(statusOf),
      clients: () => relays().flatMap(clientsOf),
      async stopServer(name) {
        const found = await Promise.all(relays().map((one) => one.gateway.stopServer(name)));
        return found.includes(true);
      },
    },
    facts: {
      transport: options.transport,
      ...(endpoint.url && { endpoint: endpoint.url }),
      // Another profile may become the current one.
      get profile() {
        return main.profile();
      },
      catalogs: catalogs.catalogs.map(({ source, catalog }) => ({
        source,
        number: catalog.number,
      })),
    },
    version,
    stop: () => void endpoint.close(),
  });
  const following = setTimeout(() => {
    stopFollowing = followQuietly(main, log);
  }, FOLLOW_AFTER_MS);
  let stopFollowing: ReturnType<typeof followQuietly> | undefined;
  await untilStopped(endpoint);
  clearTimeout(reaping);
  clearTimeout(following);
  await (await stopFollowing)?.();
  await Promise.all([gateway.close(), callers?.close()]);
  await Promise.all([observation.close(), audit?.close(), telemetry?.close(), remembering]);
  // A server that was told to go may hold a pipe open for a moment; nothing is waited for any more.
  process.exit(process.exitCode ?? 0);

  function isServedByMain(profile: string): boolean {
    const { loaded } = main.served();
    return isPlain(options) && loaded !== undefined && lastingName(loaded.place) === profile;
  }

  async function openHttp(
    { host, port, allowOrigin, allowHost, legacySse }: RunOptions,
    say: (line: string) => void,
  ): Promise<Endpoint> {
    const [{ accessOf }, { callerGateways }, { followTokens }, { servedAlone }, { serveHttp }] =
      await Promise.all([
        import('./access.ts'),
        import('./caller-gateways.ts'),
        import('../tokens/follow-tokens.ts'),
        import('./served-profile.ts'),
        import('../endpoint/http.ts'),
      ]);
    const { notes, ...access } = await accessOf(options, join(paths.state, 'token'), paths);
    const opened = callerGateways({
      // With options of its own, the main relay serves another thing than the profile says.
      main: (profile) => (profile === undefined || isServedByMain(profile) ? gateway : undefined),
      open: async (profile) => {
        const load = () => servedAlone(profile, options, paths);
        const alone = await load();
        return openRelay(parts, {
          served: alone,
          catalogs: await catalogsFor(alone),
          load,
          openCatalogs: catalogsFor,
        });
      },
      log: say,
    });
    callers = opened;
    let http: HttpEndpoint | undefined;
    const kept = await followTokens({
      paths,
      taken: access.tokens.map(({ name }) => name),
      onChange: (gone) => http?.dismiss((principal) => gone.includes(principal)),
      log: say,
    });
    const listening = await serveHttp(opened.of, {
      host,
      port,
      ...access,
      moreTokens: kept.current,
      allowedOrigins: allowOrigin,
      allowedHosts: allowHost,
      legacySse: legacySse === true,
      ...(replicas && { replicas }),
      log: say,
    });
    http = listening;
    const chosen = ['none', 'kubernetes'].includes(options.isolation);
    say(`isolation: ${chosen ? options.isolation : describeIsolation(await detect())}`);
    say(`listening on ${listening.url}, ${notes.join(', ')}`);
    let finish = () => {};
    const closed = new Promise<void>((resolve) => {
      finish = resolve;
    });
    return {
      url: listening.url,
      closed,
      drain: () => listening.drain(options.drain * 1000),
      async close() {
        kept.close();
        await listening.close();
        finish();
      },
    };
  }
}

function isPlain({ servers, set }: RunOptions): boolean {
  return !servers?.length && set.length === 0;
}

function statusOf(relay: OpenRelay): readonly ServerStatus[] {
  return relay.gateway.status().map((server) => ofProfile(relay, server));
}

function clientsOf(relay: OpenRelay): readonly ClientStatus[] {
  return relay.gateway.clients().map((client) => ofProfile(relay, client));
}

function ofProfile<T extends ServerStatus | ClientStatus>(relay: OpenRelay, status: T): T {
  const profile = relay.profile();
  return profile === undefined ? status : { ...status, profile };
}

/** Spans and metrics, when they are wanted; their code is loaded only then. */
async function telemetryOf(
  { telemetry, metricsPort, metricsHost, allowHost }: RunOptions,
  log: (line: string) => void,
): Promise<Telemetry | undefined> {
  if (telemetry === 'off' && metricsPort === undefined) return undefined;
  const { requireTelemetryNode } = await import('../telemetry/require-node.ts');
  requireTelemetryNode();
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

/**
 * The servers that are served, as openServed takes them; undefined when more of the catalog is
 * needed: for those that clients add, and to lock what a profile has not locked.
 */
function wantedOf({ selection, loaded }: Served, { discover }: RunOptions): Wanted | undefined {
  const { servers, all, profile } = selection;
  if (discover || (servers.length === 0 && !all)) return undefined;
  if (!loaded || !profile) return { servers, all };
  try {
    const pins = servers.map((text) => pinOf(text, profile));
    return pins.every(({ locked }) => locked) ? { servers: pins.map(wantedText), all } : undefined;
  } catch {
    // Profile and lock disagree; told where the server is read.
    return undefined;
  }
}
