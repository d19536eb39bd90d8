import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { TEST_PASSWORD, TEST_USER } from './registry.ts';

/** A small token server as the distribution spec demands; the registry checks what it signs. */
export interface TokenServer {
  /** The `auth.token` part of the registry's configuration. */
  readonly config: Readonly<Record<string, string>>;
  /** Every request so far: its method, the scopes asked for, and how the client proved itself. */
  readonly log: TokenRequestLog[];
  /** Refresh tokens that are accepted, as docker's `identitytoken`. */
  readonly refreshTokens: Set<string>;
  /** Life of the tokens to come, in seconds. */
  lifetime: number;
  stop(): Promise<void>;
}

export interface TokenRequestLog {
  readonly method: string;
  readonly scopes: readonly string[];
  readonly proof: 'none' | 'password' | 'refresh';
}

const ISSUER = 'portolan-test-issuer';
const SERVICE = 'portolan-test-registry';

/**
 * Rules: anybody may pull from `public/`; the test user (by password or refresh token) may pull and
 * push everywhere; a wrong password is 401.
 */
export async function startTokenServer(folder: string): Promise<TokenServer> {
  const certificate = join(folder, 'token.crt');
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      join(folder, 'token.key'),
      '-out',
      certificate,
      '-subj',
      '/CN=token',
      '-days',
      '2',
    ],
    { stdio: 'ignore' },
  );
  const key = readFileSync(join(folder, 'token.key'));
  const kid = libtrustId(readFileSync(certificate));
  const log: TokenRequestLog[] = [];
  const refreshTokens = new Set<string>();
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      response.writeHead(500).end(String(error));
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const form = request.method === 'POST' ? new URLSearchParams(await text(request)) : undefined;
    const asked = form ? (form.get('scope') ?? '').split(' ') : url.searchParams.getAll('scope');
    const { authorization } = request.headers;
    const right = `Basic ${Buffer.from(`${TEST_USER}:${TEST_PASSWORD}`).toString('base64')}`;
    const proof = form ? 'refresh' : authorization ? 'password' : 'none';
    log.push({ method: request.method ?? '', scopes: asked, proof });
    const refused =
      (proof === 'password' && authorization !== right) ||
      (form && !refreshTokens.has(form.get('refresh_token') ?? '')) ||
      (form ?? url.searchParams).get('service') !== SERVICE;
    if (refused) return void response.writeHead(401).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    const access = asked.filter(Boolean).map((scope) => {
      const [type = '', ...rest] = scope.split(':');
      const actions = rest.pop()?.split(',') ?? [];
      const name = rest.join(':');
      const allowed = actions.filter(
        (action) => proof !== 'none' || (action === 'pull' && name.startsWith('public/')),
      );
      return { type, name, actions: allowed };
    });
    const token = makeToken(access);
    response.setHeader('Content-Type', 'application/json');
    response.end(
      JSON.stringify({
        [form ? 'access_token' : 'token']: token,
        expires_in: tokens.lifetime,
        issued_at: new Date().toISOString(),
      }),
    );
  }

  function makeToken(access: unknown): string {
    const now = Math.floor(Date.now() / 1000);
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const head = part({ typ: 'JWT', alg: 'RS256', kid });
    const body = part({
      iss: ISSUER,
      sub: TEST_USER,
      aud: SERVICE,
      exp: now + tokens.lifetime,
      nbf: now - 60,
      iat: now,
      jti: randomUUID(),
      access,
    });
    const signature = sign('sha256', Buffer.from(`${head}.${body}`), key).toString('base64url');
    return `${head}.${body}.${signature}`;
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const tokens: TokenServer = {
    config: {
      realm: `http://127.0.0.1:${port}/token`,
      service: SERVICE,
      issuer: ISSUER,
      rootcertbundle: certificate,
    },
    log,
    refreshTokens,
    lifetime: 300,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return tokens;
}

/** Key id that docker-registry 2 derives from the certificate (libtrust): 12 groups of base32. */
function libtrustId(certificate: Buffer): string {
  const der = createPublicKey(certificate).export({ type: 'spki', format: 'der' });
  const hash = createHash('sha256').update(der).digest().subarray(0, 30);
  let bits = '';
  for (const byte of hash) bits += byte.toString(2).padStart(8, '0');
  const letters = bits.match(/.{5}/g)?.map((five) => BASE32[Number.parseInt(five, 2)]) ?? [];
  return letters.join('').match(/.{4}/g)?.join(':') ?? '';
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

async function text(request: IncomingMessage): Promise<string> {
  let all = '';
  for await (const piece of request) all += piece;
  return all;
}
