import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type HttpEndpoint, serveHttp } from '../../gateway/endpoint/http.ts';
import { createGateway, type Gateway } from '../../gateway/relay/gateway.ts';
import { META } from '../../gateway/relay/protocol.ts';
import { openPlainChannel } from '../support/plain-channel.ts';
import { requiredScenarios, runSuite } from './run-suite.ts';

const fixture = fileURLToPath(
  new URL('../fixtures/servers/conformance/server.ts', import.meta.url),
);

let gateway: Gateway;
let endpoint: HttpEndpoint;

async function start(only?: 'legacy' | 'modern') {
  gateway = createGateway({
    info: { name: 'portolan', version: '0.0.0' },
    upstreams: [
      {
        name: 'fixture',
        fingerprint: 'fixture',
        stateful: false,
        ...(only === undefined && { eras: ['legacy', 'modern'] as const }),
        open: async () =>
          openPlainChannel([process.execPath, fixture, ...(only ? ['--only', only] : [])]),
      },
    ],
  });
  endpoint = await serveHttp(gateway, { port: 0, tokens: [] });
  // Servers start on first use. One scenario wants the first message of a call within 600 ms.
  for (const capabilities of [{}, { elicitation: {} }]) await callOnce(capabilities);
}

async function callOnce(capabilities: object) {
  await fetch(endpoint.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'test_simple_text',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name: 'test_simple_text',
        _meta: { [META.protocolVersion]: '2026-07-28', [META.clientCapabilities]: capabilities },
      },
    }),
  }).then((response) => response.text());
}

afterEach(async () => {
  await endpoint.close();
  await gateway.close();
});

describe('the official conformance suite, through the gateway, over HTTP to a stdio server', () => {
  it.each(['2025-11-25', '2026-07-28'])('all required server scenarios of %s', async (revision) => {
    await start();
    const required = requiredScenarios(revision, 'server');
    expect(required.length).toBe(revision === '2025-11-25' ? 30 : 37);
    const report = await runSuite(
      ['server', '--url', endpoint.url, '--requirements', revision],
      required,
    );
    expect(report.failures).toEqual([]);
    expect(report.passed).toBeGreaterThan(required.length);
  });

  it('clients of 2025-11-25 with a server of 2026-07-28 only', async () => {
    await start('modern');
    const required = requiredScenarios('2025-11-25', 'server');
    const report = await runSuite(
      ['server', '--url', endpoint.url, '--requirements', '2025-11-25'],
      required,
    );
    expect(report.failures).toEqual([]);
  });

  it('clients of 2026-07-28 with a server of 2025-11-25 only', async () => {
    await start('legacy');
    const required = requiredScenarios('2026-07-28', 'server');
    const report = await runSuite(
      ['server', '--url', endpoint.url, '--requirements', '2026-07-28'],
      required,
    );
    // An old server asks one thing after the other and gives its questions no names of its own.
    expect(report.failures.map((failure) => failure.split(':', 1)[0])).toEqual([
      'input-required-result-basic-elicitation',
      'input-required-result-multiple-input-requests',
    ]);
  });
});
