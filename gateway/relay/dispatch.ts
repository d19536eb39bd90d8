import { messageOf } from '../../core/errors.ts';
import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import { takeSignInAnswer } from './ask-sign-in.ts';
import { finishResult, forward, raiseLogLevel, refuse, withheldText } from './forward.ts';
import { isOurState } from './hold.ts';
import {
  type Client,
  capabilitiesOf,
  envelopeProblem,
  Inbound,
  Listen,
  type Outlet,
} from './inbound.ts';
import { discover, initialize, learnLive, list } from './listing.ts';
import { parsePrefixedUri } from './names.ts';
import {
  CODE,
  errorMessage,
  isObject,
  type JsonObject,
  LOG_LEVELS,
  META,
  MODERN_VERSIONS,
  notification,
  type RequestId,
  RpcError,
} from './protocol.ts';
import type { Relay } from './relay.ts';
import type { Line } from './server.ts';
import { subscribe, unsubscribe } from './subscribe.ts';
import { listTasks } from './tasks.ts';
import { type Route, routeOfUri } from './view.ts';

/** Takes one message of a client. Answers go to `outlet`, in the order in which they are ready. */
export function receive(
  relay: Relay,
  client: Client,
  message: unknown,
  outlet: Outlet = client.outlet,
) {
  if (!isObject(message) || message.jsonrpc !== '2.0') {
    return outlet.end(errorMessage(null, CODE.invalidRequest, 'not a JSON-RPC 2.0 message'), 400);
  }
  const { id, method, params } = message;
  if (typeof method !== 'string') {
    fromClient(client, message as unknown as JsonRpcMessage);
    return;
  }
  if (id === undefined) return notified(relay, client, method, isObject(params) ? params : {});
  if (typeof id !== 'string' && typeof id !== 'number') {
    return outlet.end(errorMessage(null, CODE.invalidRequest, 'an id is a text or a number'), 400);
  }
  if (params !== undefined && !isObject(params)) {
    return outlet.end(errorMessage(id, CODE.invalidParams, 'params is not an object'), 400);
  }
  if (client.calls.has(id)) {
    return outlet.end(errorMessage(id, CODE.invalidRequest, 'this id is already in use'), 400);
  }
  const inbound = accept(client, { id, method, params: params ?? {} }, outlet);
  if (!inbound) return;
  client.calls.set(id, inbound);
  inbound.trace = relay.options.tracing?.incoming(inbound);
  try {
    route(relay, inbound);
  } catch (error) {
    failed(relay, inbound, error);
  }
}

/** The client is gone: its calls are given up, and what was its own ends. */
export function disconnect(relay: Relay, client: Client) {
  if (client.closed) return;
  client.closed = true;
  relay.clients.delete(client);
  for (const inbound of [...client.calls.values()]) inbound.cancel('the client is gone');
  for (const pending of client.asked.values()) {
    pending.settle(errorMessage(null, CODE.internal, 'the client is gone'));
  }
  client.asked.clear();
  // Clients without sessions come and go with every request; most of them subscribed to nothing.
  if (client.era === 'modern' && client.listens.size === 0) return;
  client.listens.clear();
  unsubscribe(relay, (subscriber) => subscriber.client === client);
}

/** Reads how the request speaks. Answers it itself, and returns undefined, when it cannot be served. */
function accept(
  client: Client,
  message: { id: RequestId; method: string; params: JsonObject },
  outlet: Outlet,
): Inbound | undefined {
  const meta = message.params._meta;
  const claim = isObject(meta) ? meta[META.protocolVersion] : undefined;
  if (claim === undefined || !isObject(meta)) {
    return new Inbound(client, 'legacy', message, outlet, {
      capabilities: client.capabilities,
      capabilitiesKey: client.capabilitiesKey,
      logLevel: client.logLevel,
    });
  }
  const problem = envelopeProblem(meta);
  if (problem) {
    const text = `Invalid _meta envelope: ${problem}`;
    outlet.end(errorMessage(message.id, CODE.invalidParams, text), 400);
    return undefined;
  }
  if (!(MODERN_VERSIONS as readonly unknown[]).includes(claim)) {
    outlet.end(
      errorMessage(message.id, CODE.unsupportedVersion, `Unsupported protocol version: ${claim}`, {
        supported: [...MODERN_VERSIONS],
        requested: claim,
      }),
      400,
    );
    return undefined;
  }
  const { capabilities, key } = capabilitiesOf(meta[META.clientCapabilities]);
  const level = (LOG_LEVELS as readonly unknown[]).indexOf(meta[META.logLevel]);
  const info = meta[META.clientInfo];
  if (isObject(info)) client.info = info;
  return new Inbound(client, 'modern', message, outlet, {
    capabilities,
    capabilitiesKey: key,
    logLevel: level < 0 ? undefined : level,
  });
}

function route(relay: Relay, inbound: Inbound) {
  const { method, era } = inbound;
  switch (method) {
    case 'tools/call':
      return callTool(relay, inbound);
    case 'tools/list':
      return void list(relay, inbound, 'tools');
    case 'prompts/list':
      return void list(relay, inbound, 'prompts');
    case 'resources/list':
      return void list(relay, inbound, 'resources');
    case 'resources/templates/list':
      return void list(relay, inbound, 'resourceTemplates');
    case 'prompts/get':
      return void settleLater(relay, inbound, getPrompt(relay, inbound));
    case 'resources/read':
      return void settleLater(relay, inbound, readResource(relay, inbound));
    case 'completion/complete':
      return void settleLater(relay, inbound, complete(relay, inbound));
    case 'tasks/get':
    case 'tasks/result':
    case 'tasks/update':
    case 'tasks/cancel':
      return task(relay, inbound);
  }
  if (era === 'modern') {
    if (method === 'server/discover') return discover(relay, inbound);
    if (method === 'subscriptions/listen')
      return void settleLater(relay, inbound, listens(relay, inbound));
  } else {
    switch (method) {
      case 'initialize':
        return initialize(relay, inbound);
      case 'ping':
        return inbound.result({});
      case 'tasks/list':
        return void settleLater(relay, inbound, listTasks(inbound));
      case 'logging/setLevel':
        return setLevel(relay, inbound);
      case 'resources/subscribe':
        return void settleLater(relay, inbound, subscribes(relay, inbound));
      case 'resources/unsubscribe':
        return unsubscribes(relay, inbound);
    }
  }
  inbound.fail(CODE.methodNotFound, `Method not found: ${method}`, undefined, 404);
}

function callTool(relay: Relay, inbound: Inbound) {
  const { params } = inbound;
  if (resumed(relay, inbound)) return;
  if (typeof params.name !== 'string') {
    return inbound.fail(CODE.invalidParams, 'params.name must be the name of a tool');
  }
  const found = relay.view(inbound.capabilitiesKey).tools.get(params.name);
  if (!found) return void settleLater(relay, inbound, callUnknown(relay, inbound, params.name));
  params.name = found.name;
  forward(relay, inbound, found);
}

/** A tool of a server that was not listed yet, or one that is withheld, or none at all. */
async function callUnknown(relay: Relay, inbound: Inbound, name: string): Promise<void> {
  await learnLive(relay, inbound, ['tools']);
  if (inbound.done) return;
  const view = relay.view(inbound.capabilitiesKey);
  const found = view.tools.get(name);
  if (found) {
    inbound.params.name = found.name;
    return forward(relay, inbound, found);
  }
  if (refusedAsWithheld(relay, inbound, 'tools', name)) return;
  throw new RpcError(CODE.invalidParams, `Unknown tool: ${name}`);
}

async function getPrompt(relay: Relay, inbound: Inbound): Promise<void> {
  if (resumed(relay, inbound)) return;
  const name = String(inbound.params.name);
  const found = await promptRoute(relay, inbound, name);
  if (!found) {
    if (refusedAsWithheld(relay, inbound, 'prompts', name)) return;
    throw new RpcError(CODE.invalidParams, `Unknown prompt: ${name}`);
  }
  inbound.params.name = found.name;
  if (!inbound.done) forward(relay, inbound, found);
}

/** Answers with the reason when a name is one that is withheld. */
function refusedAsWithheld(
  relay: Relay,
  inbound: Inbound,
  kind: 'tools' | 'prompts',
  name: string,
): boolean {
  const held = relay.view(inbound.capabilitiesKey).withheld.get(`${kind} ${name}`);
  if (!held) return false;
  const { server, why, off } = held;
  if (off) refuse(relay, inbound, server, why, 'refused');
  else refuse(relay, inbound, server, withheldText(name, why, server), 'withheld');
  return true;
}

async function promptRoute(relay: Relay, inbound: Inbound, name: string) {
  const found = relay.view(inbound.capabilitiesKey).prompts.get(name);
  if (found) return found;
  await learnLive(relay, inbound, ['prompts']);
  return relay.view(inbound.capabilitiesKey).prompts.get(name);
}

async function readResource(relay: Relay, inbound: Inbound): Promise<void> {
  if (resumed(relay, inbound)) return;
  const uri = String(inbound.params.uri);
  const found = await resourceRoute(relay, inbound, uri);
  if (found.name !== uri) inbound.publicUri = uri;
  inbound.params.uri = found.name;
  if (!inbound.done) forward(relay, inbound, found);
}

/** The server of a URI. Throws RpcError when none is known to have it. */
async function resourceRoute(relay: Relay, inbound: Inbound, uri: string): Promise<Route> {
  const known = () => {
    const listed = routeOfUri(relay.view(inbound.capabilitiesKey), uri);
    if (listed) return listed;
    const named = parsePrefixedUri(uri);
    const server = named ? relay.server(named.server) : relay.learned.get(uri);
    return server && { server, name: named?.uri ?? uri };
  };
  const found = known();
  if (found) return found;
  await learnLive(relay, inbound, ['resources', 'resourceTemplates']);
  const later = known();
  if (later) return later;
  // A server may have resources that it does not list; with one candidate there is no doubt.
  const candidates = relay.servers.filter(({ upstream, greeting }) => {
    const capabilities = upstream.signed?.capabilities ?? greeting?.capabilities;
    return isObject(capabilities) && capabilities.resources !== undefined;
  });
  const [only] = candidates;
  if (only && candidates.length === 1) return { server: only, name: uri };
  const code = inbound.era === 'modern' ? CODE.invalidParams : CODE.resourceNotFound;
  throw new RpcError(code, `Resource not found: ${uri}`, { uri });
}

async function complete(relay: Relay, inbound: Inbound): Promise<void> {
  const { ref } = inbound.params;
  if (!isObject(ref)) throw new RpcError(CODE.invalidParams, 'params.ref is missing');
  if (ref.type === 'ref/prompt') {
    const found = await promptRoute(relay, inbound, String(ref.name));
    if (!found) throw new RpcError(CODE.invalidParams, `Unknown prompt: ${ref.name}`);
    ref.name = found.name;
    return forward(relay, inbound, found);
  }
  const uri = String(ref.uri);
  await learnLive(relay, inbound, ['resourceTemplates']);
  const view = relay.view(inbound.capabilitiesKey);
  const found = view.resourceTemplates.get(uri) ?? (await resourceRoute(relay, inbound, uri));
  ref.uri = found.name;
  if (!inbound.done) forward(relay, inbound, found);
}

function task(relay: Relay, inbound: Inbound) {
  const server = relay.learned.get(`task ${String(inbound.params.taskId)}`);
  if (!server) return inbound.fail(CODE.invalidParams, `Unknown task: ${inbound.params.taskId}`);
  forward(relay, inbound, { server, name: '' });
}

/** A call that comes back with the input that it was asked for, while the gateway holds it. */
function resumed(relay: Relay, inbound: Inbound): boolean {
  if (takeSignInAnswer(inbound)) return false;
  const { requestState } = inbound.params;
  if (!isOurState(requestState)) return false;
  const held = relay.held.get(requestState);
  inbound.onSettle = held?.onSettle;
  inbound.route = held?.route;
  if (held?.resume(inbound)) return true;
  inbound.fail(CODE.invalidParams, 'params.requestState is not one that is open for this call');
  return true;
}

function setLevel(relay: Relay, inbound: Inbound) {
  const level = (LOG_LEVELS as readonly unknown[]).indexOf(inbound.params.level);
  if (level < 0) {
    return inbound.fail(CODE.invalidParams, `params.level is none of ${LOG_LEVELS.join(', ')}`);
  }
  inbound.client.logLevel = level;
  for (const server of relay.servers) {
    const line = server.readyLine(inbound);
    if (line) applyLogLevel(relay, line);
  }
  inbound.result({});
}

/** Tells an old server the least severe level that any of its clients wants. */
export function applyLogLevel(relay: Relay, line: Line): void {
  let level: number | undefined;
  for (const client of relay.clients) {
    const served =
      line.owner === undefined
        ? client.capabilitiesKey === line.knowledge.capabilitiesKey
        : client.key === line.owner;
    if (!served || client.logLevel === undefined) continue;
    level = level === undefined ? client.logLevel : Math.min(level, client.logLevel);
  }
  if (level === undefined || line.logLevel === level) return;
  line.logLevel = undefined;
  raiseLogLevel(line, level);
}

async function subscribes(relay: Relay, inbound: Inbound): Promise<void> {
  const uri = String(inbound.params.uri);
  const found = await resourceRoute(relay, inbound, uri);
  await subscribe(relay, inbound, found, { client: inbound.client, uri });
  inbound.result({});
}

function unsubscribes(relay: Relay, inbound: Inbound): void {
  const { client, params } = inbound;
  unsubscribe(relay, (subscriber) => subscriber.client === client && subscriber.uri === params.uri);
  inbound.result({});
}

/** Opens a stream of changes for a client without sessions; it ends when the client ends it. */
async function listens(relay: Relay, inbound: Inbound): Promise<void> {
  const { notifications } = inbound.params;
  if (!isObject(notifications)) {
    throw new RpcError(CODE.invalidParams, 'params.notifications must say what to listen for');
  }
  const stream = new Listen(inbound, notifications);
  inbound.client.listens.set(inbound.id, stream);
  relay.clients.add(inbound.client);
  const honored: string[] = [];
  for (const uri of stream.uris) {
    try {
      const found = await resourceRoute(relay, inbound, uri);
      await subscribe(relay, inbound, found, { client: inbound.client, uri, listen: stream });
      honored.push(uri);
    } catch (error) {
      relay.log(`no subscription to ${uri}: ${messageOf(error)}`);
    }
  }
  if (inbound.done) return;
  stream.tell('notifications/subscriptions/acknowledged', {
    notifications: {
      ...(stream.tools && { toolsListChanged: true }),
      ...(stream.prompts && { promptsListChanged: true }),
      ...(stream.resources && { resourcesListChanged: true }),
      ...(honored.length > 0 && { resourceSubscriptions: honored }),
    },
  });
}

/** An answer to something that a server asked this client. */
function fromClient(client: Client, message: JsonRpcMessage) {
  const pending = client.asked.get(message.id as RequestId);
  if (!pending || (message.result === undefined && message.error === undefined)) return;
  client.asked.delete(message.id as RequestId);
  pending.settle(message);
}

function notified(relay: Relay, client: Client, method: string, params: JsonObject) {
  switch (method) {
    case 'notifications/cancelled': {
      const inbound = client.calls.get(params.requestId as RequestId);
      if (!inbound) return;
      client.listens.delete(inbound.id);
      unsubscribe(relay, ({ listen }) => listen?.inbound === inbound);
      if (inbound.route) relay.audit(inbound, inbound.route.server, 'cancelled');
      return inbound.cancel(String(params.reason ?? 'cancelled by the client'));
    }
    case 'notifications/progress': {
      const token = params.progressToken;
      const progress = client.asked.get(token as RequestId)?.progress;
      if (!progress) return;
      progress.line.connection?.send(
        notification(method, { ...params, progressToken: progress.token }),
      );
      return;
    }
    case 'notifications/roots/list_changed':
      for (const server of relay.servers) {
        for (const line of server.lines.values()) {
          if (line.owner === client.key) line.connection?.send(notification(method));
        }
      }
      return;
  }
}

async function settleLater(relay: Relay, inbound: Inbound, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    failed(relay, inbound, error);
  }
}

function failed(relay: Relay, inbound: Inbound, error: unknown) {
  if (error instanceof RpcError) return inbound.fail(error.code, error.message, error.data);
  relay.log(`${inbound.method}: ${messageOf(error)}`);
  if (inbound.method === 'tools/call') {
    return finishResult(relay, inbound, {
      content: [{ type: 'text', text: messageOf(error) }],
      isError: true,
    });
  }
  inbound.fail(CODE.internal, messageOf(error));
}
