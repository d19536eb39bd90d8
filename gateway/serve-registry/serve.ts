import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hasErrno, messageOf, PortolanError } from '../../core/errors.ts';
import type { TrustPolicy } from '../../core/trust/verify.ts';
import type { OpenCatalog } from '../catalog/open-catalog.ts';
import { answer, type RegistrySource } from './answer.ts';
import { recordsOf } from './records.ts';

export interface ServeRegistryOptions {
  /** Opens and verifies the catalog; called again for each refresh. */
  readonly open: () => Promise<OpenCatalog>;
  readonly policy: TrustPolicy;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Seconds between two looks for a newer catalog; 0: never. */
  readonly refresh: number;
  readonly log: (line: string) => void;
}

export interface RegistryServer {
  readonly url: string;
  /** Looks for a newer catalog now. */
  refresh(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves the MCP Registry API over a verified catalog. A refresh that fails leaves the catalog that
 * was verified last. Throws what `open` throws, and `failed` / `PORT_BUSY`.
 */
export async function serveRegistry(options: ServeRegistryOptions): Promise<RegistryServer> {
  const { open, policy, host, port, log } = options;
  let catalog = await open();
  let source: RegistrySource = { catalog: catalog.catalog, record: recordsOf(catalog, policy) };

  async function refresh(): Promise<void> {
    try {
      const next = await open();
      if (next.descriptor.digest === catalog.descriptor.digest) return;
      catalog = next;
      source = { catalog: next.catalog, record: recordsOf(next, policy) };
      log(`serves catalog ${next.catalog.number} now`);
    } catch (error) {
      log(`keeps catalog ${catalog.catalog.number}: ${messageOf(error)}`);
    }
  }

  const server = createServer(async (request, response) => {
    const { status, headers, body } = await answer(
      source,
      {
        method: request.method ?? 'GET',
        target: request.url ?? '/',
        ifNoneMatch: request.headers['if-none-match'],
      },
      log,
    );
    const bytes = Buffer.from(body);
    response.writeHead(status, {
      ...headers,
      'X-Content-Type-Options': 'nosniff',
      ...(status === 204 || status === 304 ? {} : { 'Content-Length': bytes.byteLength }),
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        hasErrno(error, 'EADDRINUSE')
          ? new PortolanError(
              'failed',
              'PORT_BUSY',
              `port ${port} on ${host} is in use; choose another one with --port N`,
            )
          : error,
      );
    });
    server.listen(port, host, resolve);
  });
  const timer =
    options.refresh > 0 ? setInterval(refresh, options.refresh * 1000).unref() : undefined;
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    refresh,
    close: () =>
      new Promise((resolve) => {
        clearInterval(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
