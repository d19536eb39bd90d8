import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { onTestFinished } from 'vitest';
import {
  type Authorizer,
  type AuthorizerOptions,
  createAuthorizer,
} from '../../gateway/oauth/authorizer.ts';
import { openVault, type Vault } from '../../gateway/vault/vault.ts';
import {
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from '../support/authorization-server.ts';
import { addKeychain, keychainIn } from '../vault/support.ts';
import { type BrowserAgentOptions, browse, type Visit } from './browser-agent.ts';
import { type ProtectedServerOptions, startProtectedServer } from './protected-server.ts';

export async function authorizationServer(options: AuthorizationServerOptions = {}) {
  const server = await startAuthorizationServer(options);
  onTestFinished(() => server.close());
  return server;
}

export async function protectedServer(options: ProtectedServerOptions) {
  const server = await startProtectedServer(options);
  onTestFinished(() => server.close());
  return server;
}

async function home(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-oauth-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await addKeychain(folder);
  return folder;
}

export function vaultAt(folder: string): Vault {
  return openVault({ home: folder, ...keychainIn(folder) });
}

/** An authorizer whose browser is the agent; `visits` holds where it ended each time. */
export async function person(
  options: Partial<AuthorizerOptions> = {},
  agent: BrowserAgentOptions = {},
): Promise<{ authorizer: Authorizer; vault: Vault; folder: string; visits: Promise<Visit>[] }> {
  const folder = await home();
  const vault = vaultAt(folder);
  const visits: Promise<Visit>[] = [];
  const openBrowser = async (url: string) => {
    visits.push(browse(url, agent));
    return true;
  };
  return {
    authorizer: createAuthorizer({ vault, openBrowser, ...options }),
    vault,
    folder,
    visits,
  };
}

/** A fetch that asks the authorizer for headers, and once more after a refusal, as the relay does. */
export function authorizedFetch(authorizer: Authorizer, server: string): typeof fetch {
  return async (input, init) => {
    const attempt = async (authorization: Readonly<Record<string, string>>) => {
      const headers = new Headers(init?.headers);
      for (const [name, value] of Object.entries(authorization)) headers.set(name, value);
      return fetch(input, { ...init, headers });
    };
    const first = await authorizer.authorize(server);
    const response = await attempt(first);
    if (response.status !== 401 && response.status !== 403) return response;
    await response.body?.cancel();
    const challenge = {
      status: response.status as 401 | 403,
      wwwAuthenticate: response.headers.get('www-authenticate') ?? undefined,
      authorization: first.authorization,
    };
    return attempt(await authorizer.authorize(server, challenge));
  };
}

/** Connects a real MCP client through the authorizer and calls the tool. */
export async function call(authorizer: Authorizer, server: string): Promise<string> {
  const client = new Client({ name: 'tests', version: '1.0.0' });
  const transport = new StreamableHTTPClientTransport(new URL(server), {
    fetch: authorizedFetch(authorizer, server),
  });
  await client.connect(transport);
  const result = await client.callTool({ name: 'whoami', arguments: {} });
  await client.close();
  const [content] = result.content as { text?: string }[];
  return content?.text ?? '';
}
