// The client under test of the conformance suite: the gateway's own upstream side, driven by a
// client in the same process. The suite runs `node client.ts URL`.

import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import { createAuthorizer } from '../../gateway/oauth/authorizer.ts';
import { createGateway } from '../../gateway/relay/gateway.ts';
import { openHttpChannel } from '../../gateway/relay/http-channel.ts';
import { isModern, META } from '../../gateway/relay/protocol.ts';
import type { RecordStore } from '../../gateway/vault/vault.ts';
import { browse } from '../oauth/browser-agent.ts';

type Json = Record<string, unknown>;

const url = process.argv.at(-1) as string;
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? '';
const version = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION ?? '2025-11-25';
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}') as Json;
const modern = isModern(version);
const capabilities = { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} };

const authorizer = createAuthorizer({
  vault: { records: recordsInMemory() },
  openBrowser: async () => false,
  clientMetadataUrl: 'https://conformance-test.local/client-metadata.json',
  onSignInNeeded: async ({ authorizationUrl }) => void browse(authorizationUrl, {}),
});
const client = context.client_id
  ? { id: String(context.client_id), secret: String(context.client_secret) }
  : undefined;

const gateway = createGateway({
  info: { name: 'portolan', version: '0.0.0' },
  log: (line) => console.error(line),
  // The suite runs its scenarios all at once.
  listWaitMs: 25_000,
  upstreams: [
    {
      name: 'remote',
      fingerprint: 'remote',
      stateful: false,
      open: ({ signal }) =>
        openHttpChannel({
          url,
          transport: 'streamable-http',
          signal,
          headers: () => authorizer.authorize(url),
          authorize: (challenge) => authorizer.authorize(url, challenge, client ? { client } : {}),
        }),
    },
  ],
});

const waiting = new Map<number, (message: JsonRpcMessage) => void>();
const outlet = {
  send(message: JsonRpcMessage) {
    if (message.method && message.id != null) {
      const answer = answerTo(message.method, message.params ?? {});
      gateway.receive(local, { jsonrpc: '2.0', id: message.id, result: answer });
    }
  },
  end: (message: JsonRpcMessage) => waiting.get(Number(message.id))?.(message),
};
const local = gateway.connect({ key: 'local', principal: 'local', outlet });
let nextId = 0;

/** Sends one request through the gateway; answers what it is asked for, as either era wants it. */
async function ask(method: string, params: Json = {}): Promise<Json> {
  nextId += 1;
  const id = nextId;
  const _meta = { [META.protocolVersion]: version, [META.clientCapabilities]: capabilities };
  const reply = await new Promise<JsonRpcMessage>((resolve) => {
    waiting.set(id, resolve);
    gateway.receive(local, {
      jsonrpc: '2.0',
      id,
      method,
      params: modern ? { ...params, _meta } : params,
    });
  });
  if (reply.error) throw new Error(`${method}: ${reply.error.message}`);
  const result = reply.result as Json;
  if (result.resultType !== 'input_required') return result;
  const requests = (result.inputRequests ?? {}) as Record<string, { method: string; params: Json }>;
  const inputResponses = Object.fromEntries(
    Object.entries(requests).map(([key, one]) => [key, answerTo(one.method, one.params)]),
  );
  const { requestState } = result;
  return ask(method, {
    ...params,
    inputResponses,
    ...(requestState !== undefined && { requestState }),
  });
}

function answerTo(method: string, params: Json): Json {
  if (method === 'roots/list') return { roots: [] };
  if (method === 'sampling/createMessage') {
    return { role: 'assistant', content: { type: 'text', text: 'Paris' }, model: 'test' };
  }
  const schema = (params.requestedSchema ?? {}) as { properties?: Record<string, Json> };
  return { action: 'accept', content: examples(schema.properties ?? {}) };
}

/** A value for each property: its default, or something of its type. */
function examples(properties: Record<string, Json>): Json {
  const byType: Json = {
    string: 'text',
    number: 1,
    integer: 1,
    boolean: true,
    array: [],
    object: {},
  };
  return Object.fromEntries(
    Object.entries(properties).map(([name, { default: value, type }]) => [
      name,
      value ?? byType[String(type)],
    ]),
  );
}

async function run() {
  if (!modern) {
    await ask('initialize', {
      protocolVersion: version,
      capabilities,
      clientInfo: { name: 'conformance', version: '1.0.0' },
    });
    gateway.receive(local, { jsonrpc: '2.0', method: 'notifications/initialized' });
  }
  const { tools } = (await ask('tools/list')) as { tools: Json[] };
  const planned = context.toolCalls as { name: string; arguments: Json }[] | undefined;
  const calls =
    planned ??
    tools.map(({ name, inputSchema }) => ({
      name: String(name),
      arguments: examples(((inputSchema as Json).properties ?? {}) as Record<string, Json>),
    }));
  for (const call of calls) console.error(call.name, JSON.stringify(await ask('tools/call', call)));
  const { resources } = (await ask('resources/list')) as { resources: Json[] };
  for (const { uri } of resources) await ask('resources/read', { uri });
  const { prompts } = (await ask('prompts/list')) as { prompts: Json[] };
  for (const { name } of prompts) await ask('prompts/get', { name });
}

function recordsInMemory(): RecordStore {
  const records = new Map<string, string>();
  return {
    get: async (name) => records.get(name),
    async set(name, value) {
      if (value === undefined) records.delete(name);
      else records.set(name, value);
    },
    names: async () => [...records.keys()],
    exclusively: (_name, action) => action(),
  };
}

try {
  await run();
} catch (error) {
  console.error(scenario, error);
  process.exitCode = 1;
}
await gateway.close();
process.exit();
