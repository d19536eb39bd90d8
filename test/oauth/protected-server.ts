import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toNodeHandler } from '@modelcontextprotocol/node';
import {
  createMcpHandler,
  fromJsonSchema,
  McpServer,
  OAuthError,
  OAuthErrorCode,
  requireBearerAuth,
} from '@modelcontextprotocol/server';
import {
  type AuthorizationServer,
  allowInsecureRequests,
  clockTolerance,
  validateJwtAccessToken,
} from 'oauth4webapi';

export interface ProtectedServerOptions {
  readonly issuer: string;
  /** What the metadata says `resource` is; the URL of the server when absent. */
  readonly resource?: string;
  /** Leaves the metadata's URL out of the challenge: clients must look in the well-known places. */
  readonly quietChallenge?: boolean;
  /** Serves the metadata at the root of the origin instead of the server's path. */
  readonly metadataAtRoot?: boolean;
  /** Serves no resource metadata at all. */
  readonly noMetadata?: boolean;
  /** Scopes that every call needs. */
  readonly requiredScopes?: readonly string[];
}

export interface ProtectedServer {
  readonly url: string;
  /** Statuses of the answers to requests for /mcp, oldest first. */
  readonly statuses: number[];
  /** Refuses, from now on, every token that it has seen: they have expired early. */
  expireAll(): void;
  /** Scopes that calls need from now on. */
  requireScopes(scopes: readonly string[]): void;
  close(): Promise<void>;
}

/** A real MCP server behind OAuth: JWT access tokens are validated against the issuer's keys. */
export async function startProtectedServer(
  options: ProtectedServerOptions,
): Promise<ProtectedServer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `${origin}/mcp`;
  const resource = options.resource ?? url;
  const wellKnown = '/.well-known/oauth-protected-resource';
  const metadataPath = options.metadataAtRoot ? wellKnown : `${wellKnown}/mcp`;
  const seen = new Set<string>();
  const expired = new Set<string>();
  const statuses: number[] = [];
  let requiredScopes = options.requiredScopes ?? [];
  let keys: AuthorizationServer | undefined;

  const verifyAccessToken = async (token: string) => {
    if (expired.has(token)) throw new OAuthError(OAuthErrorCode.InvalidToken, 'expired');
    keys ??= await fetch(`${options.issuer}/.well-known/openid-configuration`).then(
      (response) => response.json() as Promise<AuthorizationServer>,
    );
    const request = new Request(url, { headers: { authorization: `Bearer ${token}` } });
    const claims = await validateJwtAccessToken(keys as AuthorizationServer, request, resource, {
      [allowInsecureRequests]: true,
      [clockTolerance]: 0,
    }).catch(() => {
      throw new OAuthError(OAuthErrorCode.InvalidToken, 'not valid here');
    });
    seen.add(token);
    return {
      token,
      clientId: claims.client_id,
      scopes: String(claims.scope ?? '').split(' '),
      expiresAt: claims.exp,
    };
  };

  const mcp = createMcpHandler(() => {
    const tools = new McpServer({ name: 'protected', version: '1.0.0' });
    tools.registerTool(
      'whoami',
      { description: 'Says hello.', inputSchema: fromJsonSchema({ type: 'object' }) },
      async () => ({ content: [{ type: 'text', text: 'hello' }] }),
    );
    return tools;
  });
  const handleMcp = toNodeHandler(mcp);

  server.on('request', async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', origin);
    if (pathname === metadataPath && !options.noMetadata) {
      response.setHeader('content-type', 'application/json');
      const metadata = {
        resource,
        authorization_servers: [options.issuer],
        scopes_supported: ['mcp:read'],
      };
      response.end(JSON.stringify(metadata));
      return;
    }
    if (pathname !== '/mcp') {
      response.writeHead(404).end();
      return;
    }
    response.on('finish', () => statuses.push(response.statusCode));
    const { authorization = '' } = request.headers;
    const gate = requireBearerAuth({
      verifier: { verifyAccessToken },
      requiredScopes: [...requiredScopes],
      ...(!options.quietChallenge && { resourceMetadataUrl: origin + metadataPath }),
    });
    const verdict = await gate(new Request(url, { headers: { authorization } }));
    if (verdict instanceof Response) {
      response.writeHead(verdict.status, Object.fromEntries(verdict.headers));
      response.end(await verdict.text());
      return;
    }
    await handleMcp(request, response);
  });
  return {
    url,
    statuses,
    expireAll: () => {
      for (const token of seen) expired.add(token);
    },
    requireScopes: (scopes) => {
      requiredScopes = scopes;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
