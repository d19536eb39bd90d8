import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import { ownerOf } from './ask-client.ts';
import { Inbound } from './inbound.ts';
import { LOG_LEVELS, META } from './protocol.ts';
import type { Relay } from './relay.ts';
import { type Line, listKindsOf } from './server.ts';
import { tellUpdated } from './subscribe.ts';

/** A notification of a server, to the clients that it concerns and to nobody else. */
export function fromServer(relay: Relay, line: Line, message: JsonRpcMessage) {
  const method = message.method as string;
  const kinds = listKindsOf(method);
  if (kinds) {
    for (const kind of kinds) line.server.relist(line, kind);
    return;
  }
  switch (method) {
    case 'notifications/message':
      return logMessage(relay, line, message);
    case 'notifications/resources/updated':
      return tellUpdated(relay, line, message);
    case 'notifications/cancelled':
      return withdraw(relay, line, message);
    case 'notifications/subscriptions/acknowledged':
      return;
    default:
      return other(relay, line, message);
  }
}

/** Log messages may quote a client's data, so they go to the client of the call only. */
function logMessage(relay: Relay, line: Line, message: JsonRpcMessage): void {
  const owner = ownerOf(relay, line, message);
  if (!owner || owner === 'several') return;
  const severity = (LOG_LEVELS as readonly unknown[]).indexOf(message.params?.level);
  const { call, client } = owner;
  if (call instanceof Inbound && call.era === 'modern') {
    if (call.logLevel !== undefined && severity >= call.logLevel) call.outlet.send(message);
    return;
  }
  if (client.era !== 'legacy') return;
  if (client.logLevel !== undefined && severity >= 0 && severity < client.logLevel) return;
  (call instanceof Inbound ? call.outlet : client.outlet).send(message);
}

/** The server no longer needs an answer to a question of its own. */
function withdraw(relay: Relay, line: Line, message: JsonRpcMessage): void {
  const id = message.params?.requestId;
  for (const client of relay.clients) {
    for (const [asked, { origin }] of client.asked) {
      if (origin?.line !== line || origin.id !== id) continue;
      client.asked.delete(asked);
      client.outlet.send({ ...message, params: { ...message.params, requestId: asked } });
      return;
    }
  }
  for (const held of relay.held.values()) held.withdraw(id as string | number);
}

/** Task states, elicitations that are complete, and what later revisions bring. */
function other(relay: Relay, line: Line, message: JsonRpcMessage): void {
  const owner = ownerOf(relay, line, message);
  if (!owner || owner === 'several') return;
  if (message.params?._meta && typeof message.params._meta === 'object') {
    delete (message.params._meta as Record<string, unknown>)[META.subscriptionId];
  }
  (owner.call instanceof Inbound ? owner.call.outlet : owner.client.outlet).send(message);
}
