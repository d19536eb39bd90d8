import { missingCapability } from './ask-client.ts';
import { refuse } from './forward.ts';
import type { Inbound } from './inbound.ts';
import { CODE, errorMessage, isObject, type JsonObject } from './protocol.ts';
import type { Relay } from './relay.ts';
import type { Line } from './server.ts';

/** More rounds than this are a server that goes in circles. */
const MOST_ROUNDS = 32;

/**
 * A server of the new era answered `input_required` to a client of the old one: the client is asked
 * in its own way, and the call is repeated with its answers, until the result is complete.
 */
export function drive(relay: Relay, inbound: Inbound, line: Line, result: JsonObject) {
  inbound.rounds += 1;
  if (inbound.rounds > MOST_ROUNDS) {
    return refuse(relay, inbound, line.server, `it asked for input more than ${MOST_ROUNDS} times`);
  }
  const requests = isObject(result.inputRequests) ? Object.entries(result.inputRequests) : [];
  const responses: JsonObject = {};
  let open = requests.length;
  const again = () => {
    if (inbound.done) return;
    const { connection } = line;
    if (!connection) return refuse(relay, inbound, line.server, 'the server stopped');
    const { inputResponses: _, requestState: __, ...params } = inbound.params;
    if (requests.length > 0) params.inputResponses = responses;
    if (result.requestState !== undefined) params.requestState = result.requestState;
    inbound.deadline = performance.now() + line.server.callTimeoutMs;
    inbound.upstreamId = connection.request(
      inbound.method,
      params,
      inbound,
      inbound.progressToken !== undefined,
    );
  };
  if (open === 0) return again();
  for (const [key, request] of requests) {
    const { method, params } = isObject(request) ? request : {};
    const missing = missingCapability(inbound.capabilities, String(method), params);
    if (missing) {
      return inbound.answer(
        errorMessage(
          inbound.id,
          CODE.invalidRequest,
          `the tool needs the client to support ${missing}`,
        ),
      );
    }
    inbound.client.ask(inbound.outlet, String(method), isObject(params) ? params : undefined, {
      settle: ({ result: answer, error }) => {
        if (inbound.done) return;
        if (error) {
          return inbound.fail(error.code, error.message, error.data);
        }
        responses[key] = answer;
        open -= 1;
        if (open === 0) again();
      },
    });
  }
}
