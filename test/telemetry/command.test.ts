import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireTelemetryNode } from '../../gateway/telemetry/require-node.ts';
import {
  type BuiltCatalog,
  builtCatalog,
  RUNNER,
  startHttpGateway,
} from '../support/built-gateway.ts';
import { needs } from '../support/needs.ts';
import { startOtlpReceiver } from '../support/otlp-receiver.ts';
import { parsePrometheus } from '../support/prometheus-text.ts';

const { skip } = needs('bwrap', 'npm');

describe.skipIf(skip)('portolan run --telemetry otlp --metrics-port', () => {
  let catalog: BuiltCatalog;
  beforeAll(async () => {
    catalog = await builtCatalog(['everything']);
  });
  afterAll(() => catalog?.remove());

  const callThrough = async (url: string, token: string) => {
    const client = new Client({ name: 'test', version: '1.0.0' });
    const headers = { Authorization: `Bearer ${token}` };
    await client.connect(
      new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }),
    );
    const result = await client.callTool({ name: 'echo', arguments: { message: 'marker' } });
    await client.close();
    return result;
  };

  it('ends when the gateway cannot start, instead of staying for its metrics', async () => {
    const args = ['run', ...catalog.source, '--metrics-port', '0', '--telemetry', 'otlp'];
    const child = spawn(process.execPath, [RUNNER, ...args, '--servers', 'nobody'], {
      env: catalog.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(stderr).toContain('metrics at');
    expect(stderr).toContain('SERVER_UNKNOWN');
    expect(code).toBe(2);
  }, 20_000);

  it('sends what a real client, a boxed server and a signed entry make, at the end at the latest', async () => {
    const receiver = await startOtlpReceiver();
    const env = { ...catalog.env, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const gateway = await startHttpGateway(
      [...catalog.source, '--servers', 'everything', '--telemetry', 'otlp', '--metrics-port', '0'],
      env,
    );
    expect(await callThrough(gateway.url, gateway.token)).toHaveProperty('content');
    const metrics = /metrics at (\S+)/.exec(gateway.stderr())?.[1];
    const samples = parsePrometheus(await (await fetch(String(metrics))).text());
    const count = samples.find(
      ({ name, labels }) =>
        name === 'mcp_server_operation_duration_count' && labels.gen_ai_tool_name === 'echo',
    );
    expect(count?.value).toBe(1);
    expect(await gateway.stop()).toBe(0);
    const calls = receiver.spans.filter(({ name }) => name === 'tools/call echo');
    expect(calls).toHaveLength(2);
    const digests = calls.flatMap(({ attributes }) => attributes['portolan.server.digest'] ?? []);
    expect(digests).toEqual([expect.stringMatching(/^sha256:[0-9a-f]{64}$/)]);
    expect(receiver.bodies.join('\n')).not.toContain('marker');
    expect(receiver.bodies.join('\n')).not.toContain(gateway.token);
    await receiver.close();
  });

  it('sends nothing, and loads nothing, without the option', async () => {
    const receiver = await startOtlpReceiver();
    const env = { ...catalog.env, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const gateway = await startHttpGateway([...catalog.source, '--servers', 'everything'], env);
    await callThrough(gateway.url, gateway.token);
    expect(await gateway.stop()).toBe(0);
    expect(receiver.bodies).toEqual([]);
    await receiver.close();
  });

  it('refuses settings that it cannot honour, with the variable and what it knows', async () => {
    const child = spawn(
      process.execPath,
      [RUNNER, 'run', ...catalog.source, '--servers', 'everything', '--telemetry', 'otlp'],
      { env: { ...catalog.env, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, stdio: 'pipe' },
    );
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(2);
    expect(stderr).toContain('OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"; the gateway knows http/json');
  });
});

it('the start of the runner loads no part of OpenTelemetry', () => {
  const imports = readFileSync('gateway/compose/run-gateway.ts', 'utf8').match(
    /^import (?!type).*$/gm,
  );
  expect(imports?.join('\n')).not.toContain('telemetry');
});

it('says which Node.js it needs', () => {
  expect(() => requireTelemetryNode('22.14.0')).toThrow(/Node\.js 22\.15 or newer.*22\.14\.0/);
  for (const version of ['22.15.0', '24.0.0']) {
    expect(() => requireTelemetryNode(version)).not.toThrow();
  }
});
