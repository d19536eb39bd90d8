import { once } from 'node:events';
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf } from '../../core/oci/digest.ts';
import { INDEX_TYPE } from '../../core/oci/manifest.ts';

/** A proxy in front of a real registry, through which tests look and interfere. */
export interface RegistryProxy {
  readonly host: string;
  readonly log: LoggedRequest[];
  /** Called first for each request; true means that it has answered (or broken) it itself. */
  interfere: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;
  stop(): Promise<void>;
}

export interface LoggedRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
}

interface Listed {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType: string;
  readonly annotations?: Record<string, string>;
}

/**
 * Starts the proxy. With `referrersApi` it adds the one endpoint that Debian's registry lacks:
 * `GET /v2/NAME/referrers/DIGEST`, and `OCI-Subject` on the manifests that it sees stored, in pages
 * of `pageSize`.
 */
export async function startRegistryProxy(
  target: string,
  options: { readonly referrersApi?: boolean; readonly pageSize?: number } = {},
): Promise<RegistryProxy> {
  const { referrersApi = false, pageSize = 2 } = options;
  const referrers = new Map<string, Listed[]>();
  const log: LoggedRequest[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url = '' } = request;
    log.push({ method, url, authorization: request.headers.authorization });
    try {
      if (await proxy.interfere(request, response)) return;
      if (referrersApi && answerReferrers(url, response)) return;
      await pass(request, response);
    } catch {
      response.destroy();
    }
  });

  function answerReferrers(url: string, response: ServerResponse): boolean {
    const { pathname, searchParams } = new URL(url, 'http://proxy');
    if (!/\/referrers\/sha256:[0-9a-f]{64}$/.test(pathname)) return false;
    const all = referrers.get(pathname.replace('/referrers/', '/manifests/')) ?? [];
    const from = Number(searchParams.get('from') ?? 0);
    const next = from + pageSize;
    response.setHeader('Content-Type', INDEX_TYPE);
    if (next < all.length) response.setHeader('Link', `<${pathname}?from=${next}>; rel="next"`);
    const manifests = all.slice(from, next);
    response.end(JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests }));
    return true;
  }

  async function pass(request: IncomingMessage, response: ServerResponse) {
    const { method = '', url = '' } = request;
    const body =
      referrersApi && method === 'PUT' && url.includes('/manifests/')
        ? await bytesOf(request)
        : undefined;
    const upstream = forward(`http://${target}${url}`, { method, headers: request.headers });
    if (body) upstream.end(body);
    else request.pipe(upstream);
    upstream.on('error', () => response.destroy());
    const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
    const subject = body && answer.statusCode === 201 ? remember(url, body) : undefined;
    response.writeHead(answer.statusCode ?? 502, {
      ...answer.headers,
      ...(subject ? { 'OCI-Subject': subject } : {}),
    });
    answer.on('error', () => response.destroy());
    answer.pipe(response);
  }

  function remember(url: string, body: Buffer): string | undefined {
    const manifest = JSON.parse(body.toString()) as {
      mediaType: string;
      artifactType?: string;
      config?: { mediaType: string };
      subject?: { digest: string };
      annotations?: Record<string, string>;
    };
    if (!manifest.subject) return undefined;
    const key = url.replace(/[^/]+$/, manifest.subject.digest);
    const digest = digestOf(body);
    const others = (referrers.get(key) ?? []).filter((item) => item.digest !== digest);
    referrers.set(key, [
      ...others,
      {
        mediaType: manifest.mediaType,
        digest,
        size: body.byteLength,
        artifactType: manifest.artifactType ?? manifest.config?.mediaType ?? '',
        ...(manifest.annotations ? { annotations: manifest.annotations } : {}),
      },
    ]);
    return manifest.subject.digest;
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: RegistryProxy = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    interfere: () => false,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}
