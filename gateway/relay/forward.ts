import { messageOf, PortolanError } from '../../core/errors.ts';
import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import { canSignIn, signIn, wantsSignIn } from './ask-sign-in.ts';
import type { LocalCause } from './connection.ts';
import { drive } from './drive.ts';
import type { Inbound } from './inbound.ts';
import { parsePrefixedUri, prefixedUri } from './names.ts';
import {
  CODE,
  isObject,
  type JsonObject,
  LATEST_MODERN,
  LOG_LEVELS,
  META,
  RpcError,
} from './protocol.ts';
import type { CallInfo, Relay } from './relay.ts';
import type { Line, Server } from './server.ts';
import { rememberTask } from './tasks.ts';
import { type Route, routeOfUri } from './view.ts';

/**
 * Sends a request to the server of its route, which is started when it does not run. `params` must
 * already say what the server itself calls the thing. The answer goes to the client.
 */
export function forward(relay: Relay, inbound: Inbound, route: Route) {
  inbound.route = route;
  if (relay.options.beforeCall && isCall(inbound)) {
    void intercept(relay, inbound, route);
    return;
  }
  const line = route.server.readyLine(inbound);
  if (line && isCompared(line, inbound)) dispatch(relay, inbound, line);
  else void start(relay, inbound, route);
}

/** Answers a call with an error that names the server and the reason. */
export function refuse(
  relay: Relay,
  inbound: Inbound,
  server: Server,
  why: string,
  verdict: 'refused' | 'withheld' | 'error' = 'error',
) {
  relay.audit(inbound, server, verdict, why);
  const text = `${server.upstream.name}: ${why}`;
  if (inbound.method !== 'tools/call') return inbound.fail(CODE.internal, text);
  // An error result reaches the model, which can tell the user; a protocol error often does not.
  finishResult(relay, inbound, { content: [{ type: 'text', text }], isError: true });
}

async function start(relay: Relay, inbound: Inbound, route: Route): Promise<void> {
  try {
    const line = await route.server.open(inbound);
    if (!isCompared(line, inbound)) await route.server.list(line, 'prompts');
    if (!inbound.done) dispatch(relay, inbound, line);
  } catch (error) {
    if (wantsSignIn(error) && canSignIn(relay, inbound, route.server)) {
      return afterSignIn(relay, inbound, route);
    }
    const told = error instanceof PortolanError || error instanceof RpcError;
    if (!told) relay.log(`${route.server.upstream.name}: ${messageOf(error)}`);
    refuse(relay, inbound, route.server, messageOf(error));
  }
}

/** Tools are compared with the signed ones at each start, prompts before the first of them is used. */
function isCompared({ server, knowledge }: Line, { method }: Inbound): boolean {
  if (method !== 'prompts/get' || !server.signed('prompts')) return true;
  return knowledge.lists.prompts !== undefined;
}

/** The call once more, when its client has signed in. */
async function afterSignIn(relay: Relay, inbound: Inbound, route: Route): Promise<void> {
  try {
    if (!(await signIn(relay, inbound, route.server))) return;
  } catch (error) {
    return refuse(relay, inbound, route.server, messageOf(error));
  }
  route.server.forgive();
  if (!inbound.done) await start(relay, inbound, route);
}

function dispatch(relay: Relay, inbound: Inbound, line: Line) {
  const { connection, server } = line;
  if (!connection) return refuse(relay, inbound, server, 'the server stopped');
  const { method, params, route } = inbound;
  if (
    relay.options.toolChanges !== 'warn' &&
    (method === 'tools/call' || method === 'prompts/get')
  ) {
    const kind = method === 'tools/call' ? 'tools' : 'prompts';
    const why = line.knowledge.withheld(kind, route?.name ?? '');
    if (why !== undefined && server.signed(kind)) {
      return refuse(
        relay,
        inbound,
        server,
        withheldText(route?.name ?? '', why, server),
        'withheld',
      );
    }
  }
  adaptMeta(relay, inbound, line);
  inbound.line = line;
  inbound.deadline = performance.now() + server.callTimeoutMs;
  inbound.onSettle ??= (call, message, cause) => settled(relay, call, message, cause);
  inbound.upstreamId = connection.request(
    method,
    params,
    inbound,
    inbound.progressToken !== undefined,
  );
}

/** Text of the error for a call to a tool that is not what was signed. */
export function withheldText(name: string, why: string, server: Server): string {
  return `${name} is withheld: ${why}. Run \`portolan diff ${server.upstream.name}\` to see the difference.`;
}

/** Turns the envelope of the client's era into the one of the server's. */
function adaptMeta(relay: Relay, inbound: Inbound, line: Line) {
  const { params } = inbound;
  const era = line.connection?.greeting.era;
  if (era === 'legacy') {
    if (inbound.era === 'legacy') return;
    const meta = params._meta as JsonObject;
    const level = inbound.logLevel;
    delete meta[META.protocolVersion];
    delete meta[META.clientInfo];
    delete meta[META.clientCapabilities];
    delete meta[META.logLevel];
    if (level !== undefined) raiseLogLevel(line, level);
    return;
  }
  const meta = isObject(params._meta) ? params._meta : {};
  meta[META.protocolVersion] = LATEST_MODERN;
  meta[META.clientInfo] ??=
    Object.keys(inbound.client.info).length > 0 ? inbound.client.info : relay.options.info;
  meta[META.clientCapabilities] = inbound.capabilities;
  if (inbound.logLevel !== undefined) meta[META.logLevel] = LOG_LEVELS[inbound.logLevel];
  params._meta = meta;
}

/** Asks an old server for messages from `level` on, unless it already sends them. */
export function raiseLogLevel(line: Line, level: number) {
  const { connection } = line;
  if (!connection || connection.greeting.capabilities.logging === undefined) return;
  if (line.logLevel !== undefined && line.logLevel <= level) return;
  line.logLevel = level;
  connection
    .ask('logging/setLevel', { level: LOG_LEVELS[level] }, line.server.callTimeoutMs)
    .catch(() => {});
}

/** The server answered, or the relay in its place. */
function settled(relay: Relay, inbound: Inbound, message: JsonRpcMessage, cause?: LocalCause) {
  const { line, route } = inbound;
  if (!line || !route) return inbound.answer(message);
  const { result, error } = message;
  if (error) {
    if (cause !== undefined) return refuse(relay, inbound, line.server, error.message);
    const refused = new RpcError(error.code, error.message, error.data);
    if (wantsSignIn(refused) && canSignIn(relay, inbound, line.server)) {
      return void afterSignIn(relay, inbound, route);
    }
    relay.audit(inbound, line.server, 'error', String(error.code));
    if (isCall(inbound) && STALE.has(error.code)) askAgain(line, inbound);
    return finishError(inbound, message);
  }
  if (!isObject(result)) {
    return refuse(
      relay,
      inbound,
      line.server,
      'the server answered with something else than a result',
    );
  }
  const modernServer = line.connection?.greeting.era === 'modern';
  if (modernServer && result.resultType === 'input_required' && inbound.era === 'legacy') {
    return drive(relay, inbound, line, result);
  }
  if (relay.options.afterCall && isCall(inbound)) {
    void interceptResult(relay, inbound, line.server, result);
    return;
  }
  relay.audit(inbound, line.server, result.isError === true ? 'error' : 'ok');
  finishResult(relay, inbound, result, message);
}

/** What a server answers to a call of something that it no longer has, or has otherwise. */
const STALE = new Set<number>([CODE.methodNotFound, CODE.invalidParams, CODE.resourceNotFound]);

/** Lists of a server without signed definitions may be old: a call that it refuses is a sign. */
function askAgain(line: Line, { method }: Inbound) {
  const { server } = line;
  if (server.upstream.signed) return;
  const kind =
    method === 'tools/call' ? 'tools' : method === 'prompts/get' ? 'prompts' : 'resources';
  server.relist(line, kind);
}

function finishError(inbound: Inbound, message: JsonRpcMessage) {
  const { error } = message;
  if (inbound.era !== 'modern' || !error) return inbound.answer(message);
  if (error.code === CODE.resourceNotFound) error.code = CODE.invalidParams;
  inbound.answer(message, error.code === CODE.missingCapability ? 400 : undefined);
}

/** Sends a result in the shape of the client's era. */
export function finishResult(
  relay: Relay,
  inbound: Inbound,
  result: JsonObject,
  message: JsonRpcMessage = { jsonrpc: '2.0' },
): void {
  const { route } = inbound;
  if (route) learnFrom(relay, inbound, route.server, result);
  if (inbound.era === 'modern') {
    result.resultType ??= 'complete';
    const meta = isObject(result._meta) ? result._meta : {};
    meta[META.serverInfo] ??= relay.options.info;
    result._meta = meta;
    if (inbound.method === 'resources/read' && result.resultType === 'complete') {
      result.ttlMs ??= 0;
      result.cacheScope ??= 'private';
    }
  } else if (result.resultType !== undefined) {
    delete result.resultType;
    delete result.ttlMs;
    delete result.cacheScope;
    // Clients of earlier revisions refuse structured content that is no object.
    if (result.structuredContent !== undefined && !isObject(result.structuredContent)) {
      delete result.structuredContent;
    }
  }
  message.result = result;
  inbound.answer(message);
}

/** Remembers where resources and tasks that a result mentions can be asked for. */
function learnFrom(relay: Relay, inbound: Inbound, server: Server, result: JsonObject): void {
  const { content, contents, task } = result;
  if (Array.isArray(content)) {
    for (const item of content) {
      if (item.type !== 'resource_link' || typeof item.uri !== 'string') continue;
      relay.learn(item.uri, server);
      if (!relay.options.replicated) continue;
      // Another gateway, which has not seen this result, must find the server in the URI itself.
      const listed = routeOfUri(relay.view(inbound.capabilitiesKey), item.uri);
      if (!listed) item.uri = prefixedUri(server.upstream.name, item.uri);
    }
  }
  if (Array.isArray(contents)) {
    // The client asked under a prefixed URI and must find that one in the answer.
    const asked = inbound.publicUri;
    const original = asked === undefined ? undefined : parsePrefixedUri(asked);
    if (original) {
      for (const item of contents) {
        if (item.uri === original.uri) item.uri = prefixedUri(original.server, original.uri);
      }
    }
  }
  if (isObject(task) && typeof task.taskId === 'string') {
    relay.learn(`task ${task.taskId}`, server);
    if (inbound.era === 'legacy') rememberTask(inbound.client, task.taskId, server);
  }
}

function isCall({ method }: Inbound): boolean {
  return method === 'tools/call' || method === 'prompts/get' || method === 'resources/read';
}

async function intercept(relay: Relay, inbound: Inbound, route: Route): Promise<void> {
  try {
    const decision = await relay.options.beforeCall?.(infoOf(inbound, route.server));
    if (inbound.done) return;
    if (decision && 'refuse' in decision) {
      return refuse(relay, inbound, route.server, decision.refuse, 'refused');
    }
    if (decision) inbound.params.arguments = decision.arguments;
  } catch (error) {
    return refuse(relay, inbound, route.server, messageOf(error), 'refused');
  }
  void start(relay, inbound, route);
}

async function interceptResult(
  relay: Relay,
  inbound: Inbound,
  server: Server,
  result: JsonObject,
): Promise<void> {
  try {
    const changed = await relay.options.afterCall?.(infoOf(inbound, server), result);
    relay.audit(inbound, server, result.isError === true ? 'error' : 'ok');
    finishResult(relay, inbound, changed ?? result);
  } catch (error) {
    refuse(relay, inbound, server, messageOf(error), 'refused');
  }
}

function infoOf(inbound: Inbound, server: Server): CallInfo {
  const { name, digest } = server.upstream;
  return {
    server: name,
    ...(digest !== undefined && { digest }),
    method: inbound.method as CallInfo['method'],
    name: inbound.route?.name ?? '',
    principal: inbound.client.principal,
    params: inbound.params,
  };
}
