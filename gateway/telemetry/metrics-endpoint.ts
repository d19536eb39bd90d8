import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGuard } from '../endpoint/guard.ts';
import { allowedHosts, listen } from '../endpoint/listen.ts';

/**
 * Serves the metrics for Prometheus on an address of their own, so that they can be kept on a
 * network where clients are not. Without a token; like the endpoint it answers only to names of its
 * own, so that no web page reads it through a name that points to this machine.
 *
 * Throws `failed` / `PORT_TAKEN`.
 */
export async function serveMetrics(options: {
  readonly host: string;
  readonly port: number;
  /** Names, beside those of this machine, under which it may be addressed. */
  readonly allowedHosts: readonly string[];
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
}): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { host, answer } = options;
  const guard = createGuard({
    tokens: [],
    hosts: allowedHosts(host, options.allowedHosts),
    origins: [],
  });
  const server = createServer({ maxHeaderSize: 16_384 }, (request, response) => {
    const refusal = guard.origin(request);
    if (refusal && 'status' in refusal) return end(response, refusal.status, refusal.text);
    if (request.method !== 'GET') return end(response, 405, 'GET only');
    if (request.url?.split('?', 1)[0] !== '/metrics') {
      return end(response, 404, 'the metrics are at /metrics');
    }
    answer(request, response);
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  await listen(server, host, options.port, '--metrics-port');
  // A gateway that could not start ends, and does not stay for its metrics.
  server.unref();
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/metrics`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
