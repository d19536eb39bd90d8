import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openTelemetry, type Telemetry } from '../../gateway/telemetry/open-telemetry.ts';
import { fixture, gatewayOf, httpOf, type Json, rawClient, upstream } from '../support/gateway.ts';
import {
  type OtlpReceiver,
  type ReceivedSpan,
  startOtlpReceiver,
} from '../support/otlp-receiver.ts';
import { parsePrometheus } from '../support/prometheus-text.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const traceparent = `00-${TRACE}-${SPAN}-01`;
const tracestate = 'vendor=value';
const SERVER = 2;
const CLIENT = 3;

let receiver: OtlpReceiver;
let telemetry: Telemetry;
let lines: string[];

const open = async (options: Partial<Parameters<typeof openTelemetry>[0]> = {}) => {
  lines = [];
  telemetry = await openTelemetry({
    otlp: true,
    metrics: { host: '127.0.0.1', port: 0, allowedHosts: [] },
    version: '1.2.3',
    log: (line) => lines.push(line),
    ...options,
  });
  return telemetry;
};

const served = async (...args: string[]) => {
  const scripted = upstream('scripted', fixture('scripted.ts', '--prompt', 'plan', ...args));
  const gateway = gatewayOf([scripted], {
    tracing: telemetry.tracing(() => undefined),
    audit: telemetry.count,
  });
  telemetry.watch(gateway.status);
  const client = rawClient(gateway);
  await client.initialize();
  return { gateway, client };
};

const span = (name: string, kind: number): ReceivedSpan => {
  const found = receiver.spans.find((one) => one.name === name && one.kind === kind);
  if (!found) throw new Error(`no ${name}; there are ${receiver.spans.map((one) => one.name)}`);
  return found;
};

beforeEach(async () => {
  receiver = await startOtlpReceiver();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'x-tenant=ports');
  vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'deployment.environment.name=test');
});
afterEach(async () => {
  await telemetry?.close();
  await receiver.close();
  vi.unstubAllEnvs();
});

describe('spans, at a real OTLP receiver', () => {
  it('a server span for the request, a client span for the call, in the trace of the client', async () => {
    await open();
    const { client } = await served();
    const call = { name: 'meta', _meta: { traceparent, tracestate, other: 'kept' } };
    const answer = (await client.ask('tools/call', call, 'seven')) as { result: Json };
    await telemetry.close();

    const incoming = span('tools/call meta', SERVER);
    const outgoing = span('tools/call meta', CLIENT);
    expect(incoming).toMatchObject({ traceId: TRACE, parentSpanId: SPAN });
    expect(outgoing).toMatchObject({ traceId: TRACE, parentSpanId: incoming.spanId });
    expect(incoming.attributes).toEqual({
      'mcp.method.name': 'tools/call',
      'mcp.protocol.version': '2025-11-25',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'meta',
      'jsonrpc.request.id': 'seven',
      'network.transport': 'pipe',
    });
    expect(outgoing.attributes).toEqual({
      'mcp.method.name': 'tools/call',
      'mcp.protocol.version': '2025-11-25',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'meta',
      'jsonrpc.request.id': expect.stringMatching(/^\d+$/),
      'portolan.server.name': 'scripted',
    });
    expect(incoming.status.code ?? 0).toBe(0);
    // The server gets the context of the call, not that of the client's own span.
    const [{ text = '' } = {}] = answer.result.content as { text?: string }[];
    expect(JSON.parse(text)).toEqual({
      traceparent: `00-${TRACE}-${outgoing.spanId}-01`,
      tracestate,
      other: 'kept',
    });
    expect(receiver.resources[0]).toMatchObject({
      'service.name': 'portolan',
      'service.version': '1.2.3',
      'deployment.environment.name': 'test',
    });
    expect(receiver.headers[0]).toMatchObject({ 'x-tenant': 'ports' });
  });

  it('starts a trace of its own for a client that has none, and covers the start of the server', async () => {
    await open();
    const { client } = await served();
    await client.ask('tools/list');
    await client.ask('prompts/get', { name: 'plan' });
    await telemetry.close();
    const listing = span('tools/list', SERVER);
    expect(listing.parentSpanId ?? '').toBe('');
    const greeting = span('initialize', CLIENT);
    expect(greeting.attributes).not.toHaveProperty('mcp.protocol.version');
    expect(greeting).toMatchObject({ traceId: listing.traceId, parentSpanId: listing.spanId });
    expect(span('prompts/get plan', SERVER).attributes['gen_ai.prompt.name']).toBe('plan');
  });

  it('over HTTP: the session, and the context of headers', async () => {
    await open();
    const { gateway } = await served();
    const { url } = await httpOf(gateway);
    const post = async (body: Json, headers: Record<string, string> = {}) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
        body: JSON.stringify({ jsonrpc: '2.0', ...body }),
      });
      await response.text();
      return response;
    };
    const hello = await post({
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'a' } },
    });
    const session = String(hello.headers.get('mcp-session-id'));
    const own = { 'mcp-session-id': session };
    await post({ id: 2, method: 'tools/call', params: { name: 'pid' } }, { ...own, traceparent });
    const inner = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    await post(
      { id: 3, method: 'tools/call', params: { name: 'echo', _meta: { traceparent: inner } } },
      { ...own, traceparent },
    );
    await telemetry.close();
    expect(span('tools/call pid', SERVER)).toMatchObject({ traceId: TRACE, parentSpanId: SPAN });
    expect(span('tools/call pid', SERVER).attributes).toMatchObject({
      'mcp.session.id': session,
      'mcp.protocol.version': '2025-06-18',
      'network.transport': 'tcp',
      'network.protocol.name': 'http',
    });
    // What is in the message counts; the HTTP request is linked.
    expect(span('tools/call echo', SERVER)).toMatchObject({
      traceId: '1'.repeat(32),
      links: [{ traceId: TRACE, spanId: SPAN }],
    });
  });

  it('errors by their kind', async () => {
    await open();
    const { client } = await served();
    await client.ask('tools/call', { name: 'fail' });
    await client.ask('tools/call', { name: 'crash' });
    await client.ask('tools/call', { name: 'no such tool' });
    client.send({ id: 'c', method: 'tools/call', params: { name: 'hang' } });
    client.send({ method: 'notifications/cancelled', params: { requestId: 'c' } });
    await client.ask('no/such/method');
    await telemetry.close();
    const kinds = receiver.spans
      .filter(({ status }) => status.code === 2)
      .map(({ name, kind, attributes }) => [name, kind, attributes['error.type']]);
    expect(kinds).toEqual(
      expect.arrayContaining([
        ['tools/call fail', SERVER, 'tool_error'],
        ['tools/call fail', CLIENT, 'tool_error'],
        ['tools/call crash', CLIENT, 'stopped'],
        ['tools/call crash', SERVER, 'tool_error'],
        ['tools/call', SERVER, '-32602'],
        ['tools/call hang', SERVER, 'cancelled'],
        ['_OTHER', SERVER, '-32601'],
      ]),
    );
  });

  it('never holds what a client or a server wrote', async () => {
    await open();
    const { client } = await served('--uri', 'test://marker-uri/1?key=marker-query');
    const secret = 'marker-argument';
    await client.ask('tools/call', { name: 'echo', arguments: { secret } });
    await client.ask('tools/call', { name: 'marker-tool', arguments: { secret } });
    await client.ask('resources/read', { uri: 'test://marker-uri/1?key=marker-query' });
    await client.ask('marker/method');
    await client.ask('logging/setLevel', { level: 'marker-level' });
    await telemetry.close();
    expect(receiver.spans.length).toBeGreaterThan(5);
    const metrics = receiver.bodies.length;
    expect(metrics).toBeGreaterThan(1);
    expect(receiver.bodies.join('\n')).not.toContain('marker');
  });

  it('passes the context of a client through when no spans are made', async () => {
    vi.stubEnv('OTEL_TRACES_EXPORTER', 'none');
    await open();
    const { client } = await served();
    const answer = await client.ask('tools/call', { name: 'meta', _meta: { traceparent } });
    expect(JSON.stringify(answer)).toContain(traceparent);
    await telemetry.close();
    expect(receiver.spans).toEqual([]);
    expect(receiver.points.length).toBeGreaterThan(0);
  });

  it('samples as OTEL_TRACES_SAMPLER says', async () => {
    vi.stubEnv('OTEL_TRACES_SAMPLER', 'parentbased_always_off');
    await open();
    const { client } = await served();
    await client.ask('tools/call', { name: 'pid' });
    await client.ask('tools/call', { name: 'meta', _meta: { traceparent } });
    await telemetry.close();
    expect(receiver.spans.map(({ name }) => name)).toEqual(['tools/call meta', 'tools/call meta']);
  });

  it.each([
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_TRACES_SAMPLER_ARG', '2'],
    ['OTEL_BSP_MAX_QUEUE_SIZE', 'many'],
  ])('refuses to start with %s=%s', async (name, value) => {
    vi.stubEnv(name, value);
    await expect(open()).rejects.toMatchObject({ code: 'TELEMETRY_INVALID' });
  });

  it('says once that the receiver is gone, and calls go on', async () => {
    vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '20');
    vi.stubEnv('OTEL_EXPORTER_OTLP_TIMEOUT', '300');
    await receiver.close();
    await open();
    const { client } = await served();
    for (let count = 0; count < 5; count += 1) {
      expect(await client.ask('tools/call', { name: 'echo' })).toHaveProperty('result');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const before = performance.now();
    await telemetry.close();
    expect(performance.now() - before).toBeLessThan(5000);
    expect(lines.filter((line) => line.startsWith('telemetry:'))).toHaveLength(1);
  });
});

describe('metrics', () => {
  it('arrive at the receiver with the names and bounds of the conventions', async () => {
    await open();
    const { client, gateway } = await served();
    await client.ask('tools/call', { name: 'echo' });
    await client.ask('tools/call', { name: 'echo' });
    await gateway.close();
    await telemetry.close();
    const calls = receiver.points.filter(
      ({ attributes }) => attributes['gen_ai.tool.name'] === 'echo',
    );
    expect(calls.map(({ metric, unit, count }) => ({ metric, unit, count }))).toEqual([
      { metric: 'mcp.server.operation.duration', unit: 's', count: 2 },
      { metric: 'mcp.client.operation.duration', unit: 's', count: 2 },
    ]);
    expect(calls[0]?.bounds).toEqual([
      0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300,
    ]);
    // Numbers of requests and sessions would make a series of each.
    expect(Object.keys(calls[0]?.attributes ?? {})).not.toContain('jsonrpc.request.id');
    const names = new Set(receiver.points.map(({ metric }) => metric));
    expect(names).toContain('mcp.client.session.duration');
    expect(names).toContain('portolan.events');
  });

  it('can be fetched by Prometheus, without OTLP', async () => {
    await open({ otlp: false });
    const { client } = await served();
    await client.ask('tools/call', { name: 'echo' });
    await client.ask('tools/call', { name: 'fail' });
    const response = await fetch(String(telemetry.metricsUrl));
    expect(response.headers.get('content-type')).toContain('text/plain');
    const samples = parsePrometheus(await response.text());
    const of = (name: string, labels: Record<string, string>) =>
      samples.find(
        (one) =>
          one.name === name &&
          Object.entries(labels).every(([key, value]) => one.labels[key] === value),
      )?.value;
    const server = { portolan_server_name: 'scripted' };
    const duration = 'mcp_client_operation_duration';
    expect(of(`${duration}_count`, { ...server, gen_ai_tool_name: 'echo' })).toBe(1);
    expect(of(`${duration}_bucket`, { ...server, gen_ai_tool_name: 'echo', le: '+Inf' })).toBe(1);
    expect(of(`${duration}_count`, { ...server, error_type: 'tool_error' })).toBe(1);
    expect(of('portolan_server_conversations', server)).toBe(1);
    expect(of('portolan_events_total', { ...server, portolan_verdict: 'ok' })).toBe(1);
    expect(receiver.bodies).toEqual([]);
  });

  it('are at /metrics only, and only under a name of this machine', async () => {
    await open({ otlp: false });
    const url = String(telemetry.metricsUrl);
    expect(new URL(url).hostname).toBe('127.0.0.1');
    expect((await fetch(url.replace('/metrics', '/'))).status).toBe(404);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => {
      request(url, { headers: { host: 'rebound.example' } }, ({ statusCode }) =>
        resolve(statusCode),
      ).end();
    });
    expect(status).toBe(403);
  });

  it('say so when their port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(
      open({ otlp: false, metrics: { host: '127.0.0.1', port, allowedHosts: [] } }),
    ).rejects.toThrow(/--metrics-port/);
    other.close();
  });
});
