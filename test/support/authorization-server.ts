import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type Configuration } from 'oidc-provider';

export interface AuthorizationServerOptions {
  /** Path of the issuer below its origin, e.g. `/tenant`. */
  readonly path?: string;
  /** Seconds that access tokens live; an hour when absent. */
  readonly accessTokenLife?: number;
  /** Whether clients may register (RFC 7591); yes when absent. */
  readonly registration?: boolean;
  /** Client id metadata documents by URL; the server takes such when there are any. */
  readonly clientDocuments?: Readonly<Record<string, unknown>>;
  /** Clients that were registered by hand. */
  readonly clients?: Configuration['clients'];
  /** Changes the metadata before it is sent. */
  readonly changeMetadata?: (metadata: Record<string, unknown>) => Record<string, unknown>;
}

/** A request to the token endpoint, as it was answered. */
export interface TokenRequest {
  readonly grant: string;
  readonly status: number;
  readonly resource: string | undefined;
}

export interface TestAuthorizationServer {
  readonly issuer: string;
  readonly origin: string;
  readonly provider: Provider;
  /** Every answered request to the token endpoint, oldest first. */
  readonly tokenRequests: TokenRequest[];
  /** Every request as `METHOD path`, oldest first. */
  readonly requests: string[];
  /** Tokens of requests to the revocation endpoint. */
  readonly revoked: string[];
  close(): Promise<void>;
}

export const SCOPES = ['mcp:read', 'mcp:write'];

/**
 * A real authorization server on 127.0.0.1: oidc-provider with its login and consent pages, PKCE,
 * RFC 8707 resources with JWT access tokens, rotating refresh tokens, revocation, and, by option,
 * dynamic registration and client id metadata documents. Any user name and password will do.
 */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions = {},
): Promise<TestAuthorizationServer> {
  const { path = '', accessTokenLife = 3600, registration = true, clientDocuments } = options;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = origin + path;
  // It warns that its pages and memory are for development, which is what this is.
  const warn = console.warn;
  console.warn = () => {};
  const provider = new Provider(issuer, {
    clients: options.clients,
    scopes: ['openid', 'offline_access', ...SCOPES],
    findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    cookies: { keys: ['only for tests'] },
    ttl: {
      AccessToken: accessTokenLife,
      AuthorizationCode: 60,
      Grant: 86_400,
      Interaction: 3600,
      RefreshToken: 86_400,
      Session: 86_400,
    },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      registration: { enabled: registration },
      revocation: {
        enabled: true,
        allowedPolicy: async (_, client, token) => token.clientId === client.clientId,
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: async (_, resource) => ({
          scope: SCOPES.join(' '),
          audience: resource,
          accessTokenTTL: accessTokenLife,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
      ...(clientDocuments && {
        clientIdMetadataDocument: {
          enabled: true,
          ack: 'draft-02',
          allowFetch: async (_: unknown, id: string) => Object.hasOwn(clientDocuments, id),
        },
      }),
    },
    fetch: async (url: string | URL | Request) => Response.json(clientDocuments?.[String(url)]),
  } as Configuration);
  console.warn = warn;

  const tokenRequests: TokenRequest[] = [];
  const requests: string[] = [];
  const revoked: string[] = [];
  provider.use(async (context, next) => {
    await next();
    const { route, params = {}, body = {} } = context.oidc ?? {};
    if (route === 'discovery' && options.changeMetadata) {
      context.body = options.changeMetadata(context.body as Record<string, unknown>);
    } else if (route === 'token') {
      const { grant_type: grant, resource } = { ...body, ...params } as Record<string, string>;
      tokenRequests.push({ grant: String(grant), status: context.status, resource });
    } else if (route === 'revocation') {
      revoked.push(String((params as Record<string, unknown>).token));
    }
  });
  const handle = provider.callback();
  server.on('request', (request, response) => {
    const url = new URL(request.url ?? '/', origin);
    requests.push(`${request.method} ${url.pathname}`);
    if (path && !url.pathname.startsWith(path)) {
      response.writeHead(404).end();
      return;
    }
    mount(request, path);
    handle(request, response);
  });
  return {
    issuer,
    origin,
    provider,
    tokenRequests,
    requests,
    revoked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** oidc-provider below a path: it learns the full path from `originalUrl`, as under express. */
function mount(request: IncomingMessage, path: string): void {
  if (path === '' || !request.url?.startsWith(path)) return;
  (request as { originalUrl?: string }).originalUrl = request.url;
  request.url = request.url.slice(path.length);
}
