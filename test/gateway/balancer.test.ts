import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Balancer, startBalancer } from '../support/balancer.ts';
import {
  type BuiltCatalog,
  builtCatalog,
  type HttpGateway,
  startHttpGateway,
} from '../support/built-gateway.ts';
import { freePort } from '../support/free-port.ts';
import { needs } from '../support/needs.ts';

const { skip } = needs('bwrap', 'npm', 'nginx', 'haproxy');

// The SDK's two clients have different types for the same things.
// biome-ignore lint/suspicious/noExplicitAny: one test body for two generations of the SDK
type AnyClient = any;

const info = { name: 'test', version: '1.0.0' };
const CLIENTS = 6;
/** So many that both gateways have some of them, however their ids are hashed. */
const SESSIONS = 20;
const CALLS = 10;

/** Two gateways of their own, each with its servers, behind a balancer. */
interface Fleet {
  readonly gateways: [HttpGateway, HttpGateway];
  readonly balancer: Balancer;
  stop(): Promise<void>;
}

const ways = [
  {
    way: 'nginx without affinity, replicas that share a key',
    program: 'nginx',
    shared: true,
    edit: (config: string) => config.replace(/hash \$affinity consistent;/, ''),
  },
  { way: 'nginx with affinity by a hash', program: 'nginx', shared: false },
  { way: 'HAProxy with affinity by a table', program: 'haproxy', shared: false },
] as const;

let catalog: BuiltCatalog;

beforeAll(async () => {
  if (!skip) catalog = await builtCatalog(['everything']);
});
afterAll(() => catalog?.remove());

describe.skipIf(skip).each(ways)('$way', ({ program, shared, ...way }) => {
  let fleet: Fleet;

  beforeAll(async () => {
    const key = join(catalog.folder, 'replica.key');
    writeFileSync(key, 'what-all-replicas-of-this-test-share');
    const ports = [await freePort(), await freePort()] as [number, number];
    const start = (port: number) =>
      startHttpGateway(
        [
          ...catalog.source,
          '--servers',
          'everything',
          '--isolation',
          'bubblewrap',
          '--port',
          String(port),
          ...(shared
            ? ['--replica-key', key, '--replica-url', `http://127.0.0.1:${port}/mcp`]
            : []),
        ],
        catalog.env,
      );
    // One after the other: the second finds the npm tree and the catalog of the first.
    const gateways: [HttpGateway, HttpGateway] = [await start(ports[0]), await start(ports[1])];
    const balancer = await startBalancer(program, ports, 'edit' in way ? way.edit : undefined);
    fleet = {
      gateways,
      balancer,
      async stop() {
        await Promise.all(gateways.map((gateway) => gateway.stop()));
        await balancer.stop();
      },
    };
  });
  afterAll(async () => {
    await fleet?.stop();
  });

  const authorization = () => ({ Authorization: `Bearer ${fleet.gateways[0].token}` });
  const requestInit = () => ({ headers: authorization() });
  const url = () => new URL(fleet.balancer.url);

  async function modern(): Promise<AnyClient> {
    const client = new ModernClient(info, {
      capabilities: { elicitation: { form: {} }, sampling: {} },
      versionNegotiation: { mode: 'auto' },
    });
    client.setRequestHandler('sampling/createMessage', async () => ({
      role: 'assistant',
      content: { type: 'text', text: 'a haiku' },
      model: 'test',
    }));
    await client.connect(new StreamableHTTPClientTransport(url(), { requestInit: requestInit() }));
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
    return client;
  }

  async function legacy(): Promise<AnyClient> {
    const client = new LegacyClient(info);
    await client.connect(new LegacyHttp(url(), { requestInit: requestInit() }));
    return client;
  }

  const say = async (client: AnyClient, message: string) => {
    const { content } = await client.callTool({ name: 'echo', arguments: { message } });
    expect(content).toEqual([{ type: 'text', text: `Echo: ${message}` }]);
  };

  it('serves many clients of both eras at once, and sends each answer to its own', async () => {
    const clients = await Promise.all(
      Array.from({ length: CLIENTS }, (_, index) => (index % 2 === 0 ? modern() : legacy())),
    );
    await Promise.all(
      clients.map(async (client, index) => {
        for (let call = 0; call < CALLS; call += 1) await say(client, `${index}.${call}`);
      }),
    );
    await Promise.all(clients.map((client) => client.close()));
    // Both did something: a balancer that uses one gateway only would prove nothing.
    expect(fleet.gateways.map(hasServers)).toEqual([true, true]);
  });

  if (shared) {
    it('lets a server ask a client without a session, whoever gets the answer', async () => {
      const client = await modern();
      for (let round = 0; round < 6; round += 1) {
        const result = await client.callTool({
          name: 'trigger-sampling-request',
          arguments: { prompt: 'write a haiku', maxTokens: 10 },
        });
        expect(JSON.stringify(result.content)).toContain('a haiku');
      }
      await client.close();
    });
  }

  it('goes on without a gateway that was killed', async () => {
    const [doomed, other] = fleet.gateways;
    const stateless = await modern();
    const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => legacy()));
    await say(stateless, 'before');
    doomed.child.kill('SIGKILL');
    await new Promise((resolve) => doomed.child.once('exit', resolve));
    // A balancer's health checks need a moment to notice; each gateway gets its turn in these.
    await expect
      .poll(async () => {
        const asked = Array.from({ length: 8 }, () => fetch(new URL('/health', url())));
        return (await Promise.allSettled(asked)).every(
          (outcome) => outcome.status === 'fulfilled' && outcome.value.ok,
        );
      })
      .toBe(true);
    for (let call = 0; call < CALLS; call += 1) await say(stateless, `after ${call}`);
    const outcomes = await Promise.allSettled(sessions.map((client) => say(client, 'after')));
    const lost = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [String(outcome.reason)] : [],
    );
    // Sessions of the other one go on; those of the killed one are told so, and begin anew.
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length).toBeLessThan(SESSIONS);
    for (const why of lost) expect(why).toContain('Session not found');
    for (const _ of lost) await say(await legacy(), 'anew');
    expect((await fetch(new URL('/ready', other.url))).status).toBe(200);
  });

  it('lets a call finish when its gateway is told to stop', async () => {
    const [, last] = fleet.gateways;
    const client = await modern();
    const call = client.callTool({
      name: 'trigger-long-running-operation',
      arguments: { duration: 1.5, steps: 3 },
    });
    await new Promise((resolve) => setTimeout(resolve, 400));
    const ended = last.stop();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await fetch(new URL('/ready', last.url))).status).toBe(503);
    expect((await call).content[0].text).toContain('completed');
    expect(await ended).toBe(0);
  });
});

/** Whether a gateway has started a server, which it does for the first call only. */
function hasServers({ child: { pid } }: HttpGateway): boolean {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim() !== '';
}
