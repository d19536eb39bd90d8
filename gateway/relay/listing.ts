import { messageOf } from '../../core/errors.ts';
import { offerSignIn, wantsSignIn } from './ask-sign-in.ts';
import { finishResult } from './forward.ts';
import { capabilitiesOf, type Inbound } from './inbound.ts';
import { LISTS, type ListKind } from './line.ts';
import {
  isObject,
  type JsonObject,
  LATEST_LEGACY,
  LEGACY_VERSIONS,
  META,
  MODERN_VERSIONS,
} from './protocol.ts';
import type { Relay } from './relay.ts';
import type { Server } from './server.ts';
import { forEra, type View } from './view.ts';

/** `initialize`: answered from what is signed and known; no server is started. */
export function initialize(relay: Relay, inbound: Inbound): void {
  const { client, params } = inbound;
  const asked = params.protocolVersion;
  const known = (LEGACY_VERSIONS as readonly unknown[]).includes(asked);
  client.era = 'legacy';
  client.version = known ? String(asked) : LATEST_LEGACY;
  client.info = isObject(params.clientInfo) ? params.clientInfo : {};
  const { capabilities, key } = capabilitiesOf(params.capabilities);
  client.capabilities = capabilities;
  client.capabilitiesKey = key;
  relay.clients.add(client);
  const instructions = instructionsOf(relay);
  inbound.result({
    protocolVersion: client.version,
    capabilities: serverCapabilities(relay),
    serverInfo: relay.options.info,
    ...(instructions && { instructions }),
  });
}

/** `server/discover`: the same for clients without a handshake. */
export function discover(relay: Relay, inbound: Inbound): void {
  const { tasks: _, ...capabilities } = serverCapabilities(relay);
  const instructions = instructionsOf(relay);
  inbound.result({
    resultType: 'complete',
    supportedVersions: [...MODERN_VERSIONS],
    capabilities,
    ...(instructions && { instructions }),
    ttlMs: 0,
    cacheScope: 'private',
    _meta: { [META.serverInfo]: relay.options.info },
  });
}

/** One of the four lists, over all servers. Only servers that are listed live are started for it. */
export async function list(relay: Relay, inbound: Inbound, kind: ListKind): Promise<void> {
  await learnLive(relay, inbound, [kind]);
  if (inbound.done) return;
  const view = relay.view(inbound.capabilitiesKey);
  const items = view.lists[kind];
  const result: JsonObject = {
    [kind]: kind === 'tools' ? items.map((tool) => forEra(tool, inbound.era)) : items,
  };
  if (inbound.era === 'modern') addCacheHints(relay, view, kind, result);
  finishResult(relay, inbound, result);
}

/**
 * Lists servers whose definitions are not signed, and running servers for what changes as they run.
 * Waits a limited time; a server that is slower makes itself known by list_changed later.
 */
export async function learnLive(
  relay: Relay,
  inbound: Inbound,
  kinds: readonly ListKind[],
): Promise<void> {
  const wanted = relay.servers.flatMap((server) =>
    kinds.filter((kind) => needsLive(server, kind, inbound)).map((kind) => ({ server, kind })),
  );
  if (wanted.length === 0) return;
  let late = false;
  const all = Promise.all(
    wanted.map(async ({ server, kind }) => {
      try {
        const line = await server.open(inbound);
        await server.list(line, kind);
        if (late) relay.changed([kind]);
        else relay.forget();
      } catch (error) {
        if (wantsSignIn(error)) offerSignIn(relay, inbound, server);
        relay.log(`${server.upstream.name}: ${LISTS[kind].method} failed: ${messageOf(error)}`);
      }
    }),
  );
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, relay.options.listWaitMs ?? 5000);
  });
  await Promise.race([all, limit]);
  clearTimeout(timer);
  late = true;
}

function needsLive(server: Server, kind: ListKind, inbound: Inbound): boolean {
  const known = server.knowledge(inbound.capabilitiesKey).lists[kind];
  const announced = server.upstream.signed?.capabilities as JsonObject | undefined;
  if (announced && announced[LISTS[kind].capability] === undefined) return false;
  if (server.upstream.signed === undefined) return known === undefined;
  // What is signed is not asked for. Resources change as a server runs, so a running one is asked.
  if (kind === 'tools' || server.signed(kind)) return false;
  return known === undefined && server.readyLine(inbound) !== undefined;
}

function addCacheHints(relay: Relay, view: View, kind: ListKind, result: JsonObject): void {
  const { ttlMs, cacheScope } = view.hints[kind];
  const allLive = relay.servers.every((server) => server.upstream.signed === undefined);
  result.ttlMs = ttlMs ?? 0;
  // Signed definitions may be other ones after the first start, so they are not to be kept long.
  if (!allLive && kind !== 'tools') result.ttlMs = 0;
  result.cacheScope = cacheScope ?? 'private';
}

/** All that any server can do. Without a signed entry it is assumed to be able to do everything. */
function serverCapabilities(relay: Relay): JsonObject {
  const merged: JsonObject = {};
  let subscribe = false;
  let guess = relay.servers.length === 0;
  for (const server of relay.servers) {
    const capabilities = capabilitiesOfServer(server);
    if (!capabilities) {
      guess = true;
      continue;
    }
    for (const [name, value] of Object.entries(capabilities)) {
      if (!isObject(value)) continue;
      merged[name] = { ...(isObject(merged[name]) && merged[name]), ...value };
      if (name === 'resources') subscribe ||= value.subscribe === true;
    }
  }
  if (guess) {
    merged.completions ??= {};
    merged.logging ??= {};
  }
  // A server that clients share would list the tasks of all of them; the gateway lists the client's.
  if (isObject(merged.tasks)) merged.tasks = { ...merged.tasks, list: {} };
  // Servers come and go while the gateway runs, so every list may change.
  merged.tools = { listChanged: true };
  merged.prompts = { listChanged: true };
  merged.resources = { subscribe: subscribe || guess, listChanged: true };
  return merged;
}

function capabilitiesOfServer(server: Server): JsonObject | undefined {
  if (server.upstream.signed) return server.upstream.signed.capabilities as JsonObject;
  return server.greeting?.capabilities;
}

/** The servers' own texts for the model, each under its name when there are several. */
function instructionsOf(relay: Relay): string {
  const texts = relay.servers.flatMap((server) => {
    const text = server.upstream.signed
      ? server.upstream.signed.instructions
      : server.greeting?.instructions;
    return text ? [{ name: server.upstream.name, text }] : [];
  });
  const own = relay.options.instructions ? [relay.options.instructions] : [];
  const [only] = texts;
  if (relay.servers.length === 1 && only) return [...own, only.text].join('\n\n');
  return [...own, ...texts.map(({ name, text }) => `## ${name}\n\n${text}`)].join('\n\n');
}
