import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import { RELATED } from './connection.ts';
import { Held } from './hold.ts';
import { type Client, Inbound } from './inbound.ts';
import { CODE, errorMessage, isObject, type JsonObject, type RequestId } from './protocol.ts';
import type { Relay } from './relay.ts';
import type { Line } from './server.ts';

/** Whom a message of a server is for: a client, and the request that it belongs to when known. */
export interface Owner {
  readonly client: Client;
  readonly call?: Inbound | Held;
}

/**
 * A server wants something of its client: sampling, elicitation, roots. It goes to the client whose
 * call the server works on. When that is not certain, the server gets an error rather than the
 * answer of another client, and from then on each client has a conversation of its own.
 */
export function askClient(relay: Relay, line: Line, message: JsonRpcMessage) {
  const { connection } = line;
  const id = message.id as RequestId;
  const method = message.method as string;
  if (method === 'ping') return line.connection?.send({ jsonrpc: '2.0', id, result: {} });
  const reply = (answer: JsonRpcMessage) =>
    (connection ?? line.connection)?.send({ ...answer, id });
  const owner = ownerOf(relay, line, message);
  if (owner === 'several') {
    line.server.personal = true;
    relay.log(
      `${line.server.upstream.name} asked for ${method} while it worked for several clients; from now on each client gets its own`,
    );
    return reply(
      errorMessage(id, CODE.internal, 'it is not certain which client this is for; try again'),
    );
  }
  if (!owner) {
    if (method === 'roots/list') return reply({ jsonrpc: '2.0', result: { roots: [] } });
    return reply(errorMessage(id, CODE.internal, 'no client is waiting for this server'));
  }
  const { client, call } = owner;
  if (!call && client.era !== 'legacy') {
    return reply(
      method === 'roots/list'
        ? { jsonrpc: '2.0', result: { roots: [] } }
        : errorMessage(id, CODE.internal, 'no call of the client is under way'),
    );
  }
  const capabilities = call instanceof Inbound ? call.capabilities : line.capabilities;
  const missing = missingCapability(capabilities, method, message.params);
  if (missing) {
    return reply(errorMessage(id, CODE.methodNotFound, `the client does not support ${missing}`));
  }
  // Roots shape what the server does later on, so a server that has them serves this client only.
  if (method === 'roots/list' && line.owner === undefined) line.server.claim(line, client.key);
  if (call instanceof Held) return call.ask(message);
  if (call && call.era === 'modern') {
    if (!line.connection) return;
    return new Held(relay, call, line.connection).ask(message);
  }
  const token = isObject(message.params?._meta) ? message.params._meta.progressToken : undefined;
  client.ask(call?.outlet ?? client.outlet, method, message.params, {
    settle: (answer) => reply(answer),
    origin: { line, id },
    ...(token !== undefined && { progress: { line, token } }),
  });
}

/** Whom a message of this server concerns; `several` when that cannot be told. */
export function ownerOf(
  relay: Relay,
  line: Line,
  message: JsonRpcMessage,
): Owner | 'several' | undefined {
  const related = (message as { [RELATED]?: RequestId })[RELATED];
  if (related !== undefined) {
    const call = line.connection?.pending.get(related);
    if (call instanceof Inbound) return { client: call.client, call };
    if (call instanceof Held) return call.inbound && { client: call.inbound.client, call };
  }
  let owner: Owner | undefined;
  for (const pending of line.connection?.pending.values() ?? []) {
    const call = pending instanceof Inbound || pending instanceof Held ? pending : undefined;
    const client = call instanceof Held ? call.inbound?.client : call?.client;
    if (!call || !client) continue;
    if (owner && (owner.client !== client || client.era !== 'legacy')) return 'several';
    owner = { client, call };
  }
  if (owner) return owner;
  if (line.opener && !line.opener.done) {
    return {
      client: line.opener.client,
      ...(line.opener.era === 'legacy' && { call: line.opener }),
    };
  }
  // Nothing is under way: only a client that has the server for itself can be meant.
  const candidates = [...relay.clients].filter(
    (client) =>
      client.era === 'legacy' &&
      (line.owner === undefined
        ? client.capabilitiesKey === line.knowledge.capabilitiesKey
        : client.key === line.owner),
  );
  if (candidates.length > 1) return 'several';
  return candidates[0] && { client: candidates[0] };
}

/** The capability that a request needs and the client does not have; undefined when it has it. */
export function missingCapability(
  capabilities: JsonObject,
  method: string,
  params: unknown,
): string | undefined {
  switch (method) {
    case 'roots/list':
      return capabilities.roots === undefined ? 'roots' : undefined;
    case 'sampling/createMessage': {
      if (!isObject(capabilities.sampling)) return 'sampling';
      const wantsTools = isObject(params) && (params.tools ?? params.toolChoice) !== undefined;
      return wantsTools && capabilities.sampling.tools === undefined ? 'sampling.tools' : undefined;
    }
    case 'elicitation/create': {
      const { elicitation } = capabilities;
      if (!isObject(elicitation)) return 'elicitation';
      const byUrl = isObject(params) && params.mode === 'url';
      if (byUrl) return elicitation.url === undefined ? 'elicitation.url' : undefined;
      // A bare `elicitation` means forms, as it did before there were modes.
      return elicitation.form === undefined && elicitation.url !== undefined
        ? 'elicitation.form'
        : undefined;
    }
    default:
      return undefined;
  }
}
