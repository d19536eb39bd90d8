import { Client as NewClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpEndpoint, serveHttp } from '../../gateway/endpoint/http.ts';
import { createGateway, type Gateway } from '../../gateway/relay/gateway.ts';
import { everything, fixture, upstream } from '../support/gateway.ts';

// The SDK's two clients have different types for the same things; the tests say what they expect.
// biome-ignore lint/suspicious/noExplicitAny: one test body for two generations of the SDK
type Anything = any;

const capabilities = { sampling: {}, elicitation: { form: {} }, roots: { listChanged: true } };
const sampled = { role: 'assistant', content: { type: 'text', text: 'a haiku' }, model: 'test' };
const elicited = { action: 'accept', content: { name: 'Ada' } };
const roots = { roots: [{ uri: 'file:///workspace', name: 'workspace' }] };

let gateway: Gateway;
let endpoint: HttpEndpoint;

beforeAll(async () => {
  gateway = createGateway({
    info: { name: 'portolan', version: '0.0.0' },
    upstreams: [upstream('everything', everything)],
  });
  endpoint = await serveHttp(gateway, { port: 0, tokens: [] });
});

afterAll(async () => {
  await endpoint.close();
  await gateway.close();
});

const command = fixture('gateway-stdio.ts');
const stdio = { command: command[0], args: command.slice(1), stderr: 'ignore' as const };

const clients: [string, () => Promise<Anything>][] = [
  ['SDK 1.x on stdio', () => oldClient(new OldStdio(stdio))],
  ['SDK 1.x on HTTP', () => oldClient(new OldHttp(new URL(endpoint.url)))],
  ['SDK 2.x, 2025-11-25, on stdio', () => newClient('legacy', new StdioClientTransport(stdio))],
  ['SDK 2.x, 2025-11-25, on HTTP', () => newClient('legacy', newHttp())],
  ['SDK 2.x, 2026-07-28, on stdio', () => newClient('auto', new StdioClientTransport(stdio))],
  ['SDK 2.x, 2026-07-28, on HTTP', () => newClient('auto', newHttp())],
];

function newHttp() {
  return new StreamableHTTPClientTransport(new URL(endpoint.url));
}

async function oldClient(transport: Anything) {
  const client = new OldClient({ name: 'old', version: '1' }, { capabilities });
  client.setRequestHandler(CreateMessageRequestSchema, async () => sampled as Anything);
  client.setRequestHandler(ElicitRequestSchema, async () => elicited as Anything);
  client.setRequestHandler(ListRootsRequestSchema, async () => roots);
  await client.connect(transport);
  return Object.assign(client, {
    call: (params: Anything, options?: Anything) => client.callTool(params, undefined, options),
  });
}

async function newClient(mode: 'legacy' | 'auto', transport: Anything) {
  const client = new NewClient(
    { name: 'new', version: '1' },
    { capabilities, versionNegotiation: { mode } },
  );
  client.setRequestHandler('sampling/createMessage', async () => sampled as Anything);
  client.setRequestHandler('elicitation/create', async () => elicited as Anything);
  client.setRequestHandler('roots/list', async () => roots);
  await client.connect(transport);
  expect(client.getNegotiatedProtocolVersion()).toBe(mode === 'auto' ? '2026-07-28' : '2025-11-25');
  return Object.assign(client, {
    call: (params: Anything, options?: Anything) => client.callTool(params, options),
  });
}

describe.each(clients)('%s', (_name, connect) => {
  let client: Anything;
  beforeAll(async () => {
    client = await connect();
  });
  afterAll(() => client.close());

  it('lists and calls a tool', async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }: Anything) => name)).toContain('echo');
    const result = await client.call({ name: 'echo', arguments: { message: 'ahoy' } });
    expect(result.content).toEqual([{ type: 'text', text: 'Echo: ahoy' }]);
  });

  // On a busy machine SDK 2.x reads progress and result at once even so, and then loses the former.
  it('gets every progress message, in order, before the result', { retry: 3 }, async () => {
    const seen: unknown[] = [];
    const result = await client.call(
      { name: 'trigger-long-running-operation', arguments: { duration: 0.2, steps: 5 } },
      { onprogress: ({ progress }: Anything) => seen.push(progress) },
    );
    seen.push('result');
    expect(result.content[0].text).toContain('completed');
    expect(seen).toEqual([1, 2, 3, 4, 5, 'result']);
  });

  it('gets binary content and structured content as they are', async () => {
    const image = await client.call({ name: 'get-tiny-image', arguments: {} });
    const { data, mimeType } = image.content.find(({ type }: Anything) => type === 'image');
    expect(mimeType).toBe('image/png');
    expect(Buffer.from(data, 'base64').subarray(1, 4).toString()).toBe('PNG');
    const weather = await client.call({
      name: 'get-structured-content',
      arguments: { location: 'New York' },
    });
    expect(weather.structuredContent).toMatchObject({ temperature: expect.any(Number) });
  });

  it('is told of a wrong argument and of an unknown tool', async () => {
    const wrong = await client.call({ name: 'get-sum', arguments: { a: 'x', b: 1 } });
    expect(wrong.isError).toBe(true);
    await expect(client.call({ name: 'no-such-tool', arguments: {} })).rejects.toThrow(
      /Unknown tool: no-such-tool/,
    );
  });

  it('reads resources, prompts and completions', async () => {
    const { resources } = await client.listResources();
    const { contents } = await client.readResource({ uri: resources[0].uri });
    expect(contents[0].text.length).toBeGreaterThan(100);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.length).toBeGreaterThan(0);
    const dynamic = await client.readResource({ uri: 'demo://resource/dynamic/text/7' });
    expect(dynamic.contents[0].uri).toBe('demo://resource/dynamic/text/7');
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }: Anything) => name)).toContain('args-prompt');
    const prompt = await client.getPrompt({ name: 'args-prompt', arguments: { city: 'Genoa' } });
    expect(prompt.messages[0].content.text).toContain('Genoa');
    const { completion } = await client.complete({
      ref: { type: 'ref/prompt', name: 'completable-prompt' },
      argument: { name: 'department', value: 'E' },
    });
    expect(completion.values).toEqual(['Engineering']);
    await expect(client.readResource({ uri: 'demo://nowhere' })).rejects.toThrow();
  });

  it('answers what the server asks for: sampling, elicitation', async () => {
    const sampling = await client.call({
      name: 'trigger-sampling-request',
      arguments: { prompt: 'a haiku', maxTokens: 10 },
    });
    expect(JSON.stringify(sampling.content)).toContain('a haiku');
    const elicitation = await client.call({ name: 'trigger-elicitation-request', arguments: {} });
    expect(JSON.stringify(elicitation.content)).toContain('Ada');
  });
});
