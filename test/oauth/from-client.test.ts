import {
  Client as ModernClient,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  ElicitationCompleteNotificationSchema,
  ElicitRequestSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import { remoteUpstream } from '../../gateway/compose/remote-upstream.ts';
import type { GatewayOptions } from '../../gateway/relay/relay.ts';
import { captured, gatewayOf, httpOf } from '../support/gateway.ts';
import { browse } from './browser-agent.ts';
import { authorizationServer, person, protectedServer } from './support.ts';

const whoami = { name: 'whoami', description: 'Says hello.', inputSchema: { type: 'object' } };

/** The gateway with one remote server behind a real authorization server. */
async function setUp({
  live = false,
  ...options
}: Partial<GatewayOptions> & { live?: boolean } = {}) {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { vault } = await person();
  const entry = {
    name: 'protected',
    version: '1.0.0',
    remote: { transport: 'streamable-http', url: server.url, oauth: {} },
    tools: live ? { dynamic: 'in this test' } : 'static',
  };
  const verified = {
    entry,
    tools: live ? undefined : captured([whoami]),
    descriptor: { digest: `sha256:${'0'.repeat(64)}` },
  } as unknown as VerifiedServer;
  const settings = { parameters: {}, secrets: async () => ({}), secretRevision: '' };
  const upstream = remoteUpstream(verified, settings, { vault: async () => vault });
  const gateway = gatewayOf([upstream], { signInFor: () => true, ...options });
  return { as, server, gateway, endpoint: await httpOf(gateway) };
}

/** A client of 2025-11-25 whose person does `act` with each page that it is asked to open. */
async function legacyClient(url: string, act: (url: string) => 'accept' | 'decline') {
  const client = new Client(
    { name: 'test', version: '1' },
    { capabilities: { elicitation: { url: {} } } },
  );
  const asked: Record<string, unknown>[] = [];
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    asked.push(params);
    return { action: act(String((params as { url?: string }).url)) };
  });
  await client.connect(new LegacyTransport(new URL(url)));
  onTestFinished(() => client.close());
  return { client, asked };
}

const accept = (url: string) => {
  void browse(url);
  return 'accept' as const;
};
const textOf = (result: unknown) => (result as { content: { text: string }[] }).content[0]?.text;

describe('a client of 2025-11-25 that shows addresses', () => {
  test('is sent to the page of the sign-in by its first call, which then goes on', async () => {
    const { as, endpoint, server } = await setUp();
    const { client, asked } = await legacyClient(endpoint.url, accept);
    const completed: string[] = [];
    client.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) => {
      completed.push(params.elicitationId);
    });
    expect(textOf(await client.callTool({ name: 'whoami' }))).toBe('hello');
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ mode: 'url', message: expect.stringContaining('protected') });
    expect(new URL(String(asked[0]?.url)).origin).toBe(new URL(as.issuer).origin);
    expect(completed).toEqual([asked[0]?.elicitationId]);
    // Later calls have the token; one that needs more asks for that.
    expect(textOf(await client.callTool({ name: 'whoami' }))).toBe('hello');
    expect(asked).toHaveLength(1);
    server.requireScopes(['mcp:read', 'mcp:write']);
    expect(textOf(await client.callTool({ name: 'whoami' }))).toBe('hello');
    expect(new URL(String(asked[1]?.url)).searchParams.get('scope')).toContain('mcp:write');
  });

  test('that declines gets an error result, and is asked again by the next call', async () => {
    const { endpoint } = await setUp();
    let answer: 'accept' | 'decline' = 'decline';
    const { client, asked } = await legacyClient(endpoint.url, (url) =>
      answer === 'accept' ? accept(url) : 'decline',
    );
    for (let round = 0; round < 3; round += 1) {
      const refused = await client.callTool({ name: 'whoami' });
      expect(refused.isError).toBe(true);
      expect(textOf(refused)).toContain('declined');
    }
    answer = 'accept';
    expect(textOf(await client.callTool({ name: 'whoami' }))).toBe('hello');
    expect(asked).toHaveLength(4);
  });

  test('with several calls under way makes one sign-in', async () => {
    const { as, endpoint } = await setUp();
    const { client, asked } = await legacyClient(endpoint.url, accept);
    const calls = Array.from({ length: 4 }, () => client.callTool({ name: 'whoami' }));
    expect((await Promise.all(calls)).map(textOf)).toEqual(Array(4).fill('hello'));
    expect(new Set(asked.map(({ url }) => url)).size).toBe(1);
    expect(as.tokenRequests).toHaveLength(1);
  });

  test('is asked once for a server that is listed live, and told when there are tools', async () => {
    const { endpoint } = await setUp({ live: true });
    const { client, asked } = await legacyClient(endpoint.url, accept);
    let changes = 0;
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      changes += 1;
    });
    expect((await client.listTools()).tools).toEqual([]);
    await client.listPrompts();
    await expect.poll(() => changes).toBeGreaterThan(0);
    expect((await client.listTools()).tools).toMatchObject([{ name: 'whoami' }]);
    expect(asked).toHaveLength(1);
  });
});

test('a client of 2026-07-28 gets the page as input that the call needs', async () => {
  const { endpoint } = await setUp();
  const client = new ModernClient(
    { name: 'test', version: '1' },
    { capabilities: { elicitation: { url: {} } } },
  );
  const asked: unknown[] = [];
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    asked.push(params);
    return { action: accept(String((params as { url?: string }).url)) };
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(endpoint.url)));
  onTestFinished(() => client.close());
  expect(textOf(await client.callTool({ name: 'whoami', arguments: {} }))).toBe('hello');
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({ mode: 'url' });
});

test('who cannot show addresses, or is not the owner of the vault, is told the command', async () => {
  const plain = await setUp();
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new LegacyTransport(new URL(plain.endpoint.url)));
  onTestFinished(() => client.close());
  expect(textOf(await client.callTool({ name: 'whoami' }))).toContain(
    'portolan auth login protected',
  );
  const shared = await setUp({ signInFor: () => false });
  const other = await legacyClient(shared.endpoint.url, accept);
  expect(textOf(await other.client.callTool({ name: 'whoami' }))).toContain('portolan auth login');
  expect(other.asked).toEqual([]);
});
