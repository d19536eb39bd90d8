import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import type { Gateway } from '../relay/gateway.ts';
import type { Client, Outlet } from '../relay/inbound.ts';

/** More messages than this in one batch are an attack, not a client. */
const MOST_MESSAGES = 100;

/**
 * Takes what a client sent at once: one message, or an array of them (JSON-RPC batch, part of
 * revision 2025-03-26). The answers of a batch go out together, as one array.
 */
export function receiveAny(
  gateway: Gateway,
  client: Client,
  message: unknown,
  outlet: Outlet & { endAll(messages: readonly JsonRpcMessage[]): void },
): void {
  if (!Array.isArray(message)) return void gateway.receive(client, message, outlet);
  if (message.length === 0 || message.length > MOST_MESSAGES) {
    return void gateway.receive(client, null, outlet);
  }
  const answers: JsonRpcMessage[] = [];
  let open = message.filter((one) => isRequest(one)).length;
  const none = open === 0;
  const shared: Outlet = {
    ...(outlet.request && { request: outlet.request }),
    send: (one) => outlet.send(one),
    end: (one) => {
      answers.push(one);
      open -= 1;
      if (open === 0) outlet.endAll(answers);
    },
  };
  for (const one of message) gateway.receive(client, one, shared);
  if (none && answers.length === 0) outlet.endAll([]);
}

/** Everything that gets an answer: requests, and what is no message at all. */
function isRequest(one: unknown): boolean {
  if (typeof one !== 'object' || one === null) return true;
  if ((one as JsonRpcMessage).jsonrpc !== '2.0') return true;
  return 'method' in one && 'id' in one;
}
