import { randomUUID } from 'node:crypto';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { missingCapability } from './ask-client.ts';
import type { Inbound } from './inbound.ts';
import { isObject, type JsonObject, notification, RpcError } from './protocol.ts';
import type { Relay } from './relay.ts';
import type { Server } from './server.ts';

/** Answers of clients without sessions come back under this state. It holds nothing to be moved. */
const SIGN_IN_STATE = 'portolan.sign-in';
const QUESTION = 'sign-in';
const CODE = 'SIGN_IN_REQUIRED';

/** True when a start or a call failed because a person must sign in at the remote server. */
export function wantsSignIn(error: unknown): boolean {
  if (error instanceof PortolanError) return error.code === CODE || wantsSignIn(error.cause);
  return error instanceof RpcError && isObject(error.data) && error.data.code === CODE;
}

/**
 * Whether the client of a request can be asked to open the page of the sign-in: it shows addresses,
 * it is the person whose vault keeps the tokens, and it was not asked in vain before.
 */
export function canSignIn(relay: Relay, inbound: Inbound, server: Server): boolean {
  return (
    server.upstream.signIn !== undefined &&
    inbound.signIn !== 'over' &&
    relay.options.signInFor?.(inbound.client.principal) === true &&
    missingCapability(inbound.capabilities, 'elicitation/create', { mode: 'url' }) === undefined
  );
}

/**
 * Sends the client to the page of the sign-in (URL elicitation) and waits until it is done. True
 * when the request is worth one more try; false when the client was given its answer and will come
 * back. Throws when the person declines or does not finish.
 */
export async function signIn(relay: Relay, inbound: Inbound, server: Server): Promise<boolean> {
  const before = inbound.signIn;
  inbound.signIn = 'over';
  if (before === 'declined') throw declined(server);
  const begun = await server.upstream.signIn?.();
  if (!begun) return false;
  if (begun.url === undefined || before === 'accepted') {
    await begun.done;
    return true;
  }
  const question = elicitation(server, begun.url);
  if (inbound.era === 'modern') {
    inbound.result({
      resultType: 'input_required',
      inputRequests: { [QUESTION]: { method: 'elicitation/create', params: question } },
      requestState: SIGN_IN_STATE,
    });
    return false;
  }
  await askLegacy(inbound, server, question);
  await begun.done;
  inbound.outlet.send(
    notification('notifications/elicitation/complete', { elicitationId: question.elicitationId }),
  );
  relay.log(`${server.upstream.name}: signed in`);
  return true;
}

/** A request that comes back with the answer to the question goes the way of a new one. */
export function takeSignInAnswer(inbound: Inbound): boolean {
  const { params } = inbound;
  if (params.requestState !== SIGN_IN_STATE) return false;
  const responses = isObject(params.inputResponses) ? params.inputResponses : {};
  const answer = responses[QUESTION];
  inbound.signIn = isObject(answer) && answer.action === 'accept' ? 'accepted' : 'declined';
  delete params.requestState;
  delete params.inputResponses;
  return true;
}

/**
 * A server that is listed live could not be listed: its client is asked once in its session, and is
 * told of the lists when it has signed in. Nothing waits for that.
 */
export function offerSignIn(relay: Relay, inbound: Inbound, server: Server): void {
  const { client } = inbound;
  if (inbound.era !== 'legacy' || !canSignIn(relay, inbound, server)) return;
  if (client.offered.has(server)) return;
  client.offered.add(server);
  void (async () => {
    const begun = await server.upstream.signIn?.();
    if (begun?.url !== undefined) {
      await askLegacy(inbound, server, elicitation(server, begun.url), client.outlet);
    }
    await begun?.done;
    server.forgive();
    relay.changed(['tools', 'prompts', 'resources']);
  })().catch((error: unknown) => relay.log(`${server.upstream.name}: ${messageOf(error)}`));
}

function elicitation(server: Server, url: string) {
  const { name } = server.upstream;
  return {
    mode: 'url',
    elicitationId: randomUUID(),
    url,
    message: `${name} wants you to sign in at ${new URL(url).host}. The tokens stay in your vault; \`portolan auth logout ${name}\` revokes them.`,
  };
}

async function askLegacy(
  inbound: Inbound,
  server: Server,
  question: JsonObject,
  outlet = inbound.outlet,
): Promise<void> {
  const answer = await new Promise<JsonObject | undefined>((settle) => {
    inbound.client.ask(outlet, 'elicitation/create', question, {
      settle: ({ result }) => settle(isObject(result) ? result : undefined),
    });
  });
  if (answer?.action !== 'accept') throw declined(server);
}

function declined({ upstream: { name } }: Server): PortolanError {
  return new PortolanError(
    'forbidden',
    CODE,
    `the sign-in was declined; call again to be asked again, or run \`portolan auth login ${name}\``,
  );
}
