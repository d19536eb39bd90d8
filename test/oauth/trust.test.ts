import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createAuthorizer } from '../../gateway/oauth/authorizer.ts';
import { oauthHttp } from '../../gateway/oauth/http.ts';
import { browse } from './browser-agent.ts';
import { authorizationServer, call, person, protectedServer } from './support.ts';

const isCallback = (url: URL) => url.pathname === '/callback';

/** A sign-in whose browser stopped just before it came back; `callback` is where it would go. */
async function almostSignedIn() {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer, vault } = await person();
  const pending = await authorizer.start(server.url);
  onTestFinished(() => pending.cancel());
  const { url } = await browse(pending.authorizationUrl, { stopAt: isCallback });
  return { as, server, authorizer, vault, pending, callback: new URL(url) };
}

function changed(url: URL, parameters: Record<string, string | undefined>): URL {
  const copy = new URL(url);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) copy.searchParams.delete(name);
    else copy.searchParams.set(name, value);
  }
  return copy;
}

test('the callback carries a code, the state and the issuer, and the request asks for S256', async () => {
  const { as, server, pending, callback } = await almostSignedIn();
  expect([...callback.searchParams.keys()].sort()).toEqual(['code', 'iss', 'state']);
  expect(callback.searchParams.get('iss')).toBe(as.issuer);
  const request = new URL(pending.authorizationUrl).searchParams;
  expect(request.get('code_challenge_method')).toBe('S256');
  expect(request.get('code_challenge')).toMatch(/^[\w-]{43}$/);
  expect(request.get('state')).toMatch(/^[\w-]{43}$/);
  expect(request.get('resource')).toBe(server.url);
  expect(request.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
});

test('a callback of another issuer (mix-up) ends the sign-in before the code is given to anybody', async () => {
  const { as, authorizer, pending, callback } = await almostSignedIn();
  const response = await fetch(changed(callback, { iss: 'https://evil.example' }));
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('Not signed in');
  await expect(pending.done).rejects.toMatchObject({
    kind: 'untrusted',
    message: expect.stringContaining('iss'),
  });
  expect(as.tokenRequests).toEqual([]);
  expect(await authorizer.list()).toEqual([]);
});

test('a callback without issuer is refused when the server announced one', async () => {
  const { as, pending, callback } = await almostSignedIn();
  await fetch(changed(callback, { iss: undefined }));
  await expect(pending.done).rejects.toMatchObject({ kind: 'untrusted' });
  expect(as.tokenRequests).toEqual([]);
});

test('a callback with a wrong state changes nothing; the real one still signs in', async () => {
  const { as, authorizer, pending, callback } = await almostSignedIn();
  for (const state of ['wrong', undefined]) {
    const response = await fetch(changed(callback, { state }));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('Not this sign-in');
  }
  expect(as.tokenRequests).toEqual([]);
  expect((await fetch(callback)).status).toBe(200);
  await pending.done;
  expect(await authorizer.list()).toHaveLength(1);
});

test('a replayed callback makes no second token request', async () => {
  const { as, pending, callback } = await almostSignedIn();
  const [first, second] = await Promise.all([fetch(callback), fetch(callback)]);
  expect([first.status, second.status].sort()).toEqual([200, 410]);
  await pending.done;
  await expect(pending.complete(callback.href)).rejects.toMatchObject({ code: 'OAUTH_REPLAY' });
  await expect(fetch(callback)).rejects.toThrow();
  expect(as.tokenRequests).toHaveLength(1);
});

test('the state of one sign-in is worth nothing in another one', async () => {
  const first = await almostSignedIn();
  const second = await almostSignedIn();
  const state = first.callback.searchParams.get('state') ?? '';
  expect((await fetch(changed(second.callback, { state }))).status).toBe(400);
  expect(second.as.tokenRequests).toEqual([]);
});

test('a code of another sign-in is refused, because its verifier is elsewhere', async () => {
  const { as, pending, authorizer, server, callback } = await almostSignedIn();
  const other = await authorizer.start(server.url);
  onTestFinished(() => other.cancel());
  const stolen = new URL(other.authorizationUrl).searchParams.get('state') ?? '';
  await fetch(
    changed(new URL(other.redirectUri), {
      code: callback.searchParams.get('code') ?? '',
      iss: as.issuer,
      state: stolen,
    }),
  );
  await expect(other.done).rejects.toMatchObject({ code: 'OAUTH_REFUSED' });
  const error = await other.done.catch((thrown: Error) => thrown);
  expect(String((error as Error).stack)).not.toContain(callback.searchParams.get('code'));
  pending.cancel();
});

test('the callback answers only to its own name', async () => {
  const { callback } = await almostSignedIn();
  const answers = await Promise.all([
    fetch(new URL('/', callback)),
    fetch(callback, { method: 'POST' }),
    rawStatus(Number(callback.port), `${callback.pathname}${callback.search}`, 'evil.example'),
  ]);
  expect(answers.map((answer) => (typeof answer === 'number' ? answer : answer.status))).toEqual([
    404, 404, 404,
  ]);
});

function rawStatus(port: number, path: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', reject);
  });
}

test('a person who says no is told so, and nothing is kept', async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer, visits } = await person({}, { deny: true });
  await expect(authorizer.login(server.url)).rejects.toMatchObject({
    kind: 'forbidden',
    code: 'OAUTH_DENIED',
  });
  expect((await visits[0])?.text).toContain('Not signed in');
  expect(await authorizer.list()).toEqual([]);
  expect(as.tokenRequests).toEqual([]);
});

test('an error callback with markup and control characters reaches no page or terminal as such', async () => {
  const { as, pending, callback } = await almostSignedIn();
  const evil = changed(callback, {
    code: undefined,
    error: 'server_error',
    error_description: '<script>alert(1)</script>\u001b[2J',
    iss: as.issuer,
  });
  const text = await (await fetch(evil)).text();
  expect(text).not.toContain('<script>');
  expect(text).toContain('&#60;script&#62;');
  const error = await pending.done.catch((thrown: Error) => thrown);
  expect((error as Error).message).not.toContain('\u001b');
  expect(error).toMatchObject({ code: 'OAUTH_REFUSED' });
});

test('metadata that claims another issuer is refused before anything is sent', async () => {
  const as = await authorizationServer({
    changeMetadata: (metadata) => ({ ...metadata, issuer: 'https://bank.example' }),
  });
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer, visits } = await person();
  await expect(authorizer.login(server.url)).rejects.toMatchObject({
    kind: 'untrusted',
    code: 'OAUTH_ISSUER_MISMATCH',
  });
  expect(visits).toEqual([]);
  expect(as.requests.every((request) => request.includes('/.well-known/'))).toBe(true);
});

test.each([
  ['plain PKCE only', { code_challenge_methods_supported: ['plain'] }, 'OAUTH_NO_PKCE'],
  ['no PKCE', { code_challenge_methods_supported: undefined }, 'OAUTH_NO_PKCE'],
  [
    'a token endpoint without TLS',
    { token_endpoint: 'http://example.com/token' },
    'OAUTH_INSECURE',
  ],
  [
    'a sign-in page that is a script',
    { authorization_endpoint: 'javascript:alert(1)' },
    'OAUTH_INSECURE',
  ],
  ['no token endpoint', { token_endpoint: undefined }, 'OAUTH_MALFORMED'],
])('an authorization server with %s is refused', async (_, change, code) => {
  const as = await authorizationServer({
    changeMetadata: (metadata) => ({ ...metadata, ...change }),
  });
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer, visits } = await person();
  await expect(authorizer.login(server.url)).rejects.toMatchObject({ code });
  expect(visits).toEqual([]);
});

test.each(['https://bank.example/mcp', 'http://127.0.0.1:1/mcp'])(
  'a server that asks for tokens of the resource %s is refused',
  async (resource) => {
    const as = await authorizationServer();
    const server = await protectedServer({ issuer: as.issuer, resource });
    const { authorizer } = await person();
    await expect(authorizer.login(server.url)).rejects.toMatchObject({
      kind: 'untrusted',
      code: 'OAUTH_RESOURCE_MISMATCH',
    });
    expect(as.requests).toEqual([]);
  },
);

test('a server elsewhere cannot send Portolan to this machine, and nobody can without TLS', async () => {
  const reached: string[] = [];
  const record = async (input: string | URL | Request) => {
    reached.push(String(input));
    return Response.json({});
  };
  const remote = oauthHttp(new URL('https://mcp.example/mcp'), record);
  for (const url of [
    'http://127.0.0.1:8080/x',
    'https://localhost/x',
    'http://auth.example/x',
    'https://user:pass@auth.example/x',
    'file:///etc/passwd',
  ]) {
    await expect(remote.get(new URL(url))).rejects.toMatchObject({ code: 'OAUTH_INSECURE' });
  }
  const local = oauthHttp(new URL('http://127.0.0.1:3000/mcp'), record);
  await expect(local.get(new URL('http://127.evil.example/x'))).rejects.toMatchObject({
    code: 'OAUTH_INSECURE',
  });
  expect(reached).toEqual([]);
  await local.get(new URL('http://127.0.0.1:8080/x'));
  await remote.get(new URL('https://auth.example/x'));
  expect(reached).toHaveLength(2);
});

test('a server without TLS is not signed in to', async () => {
  const { authorizer } = await person({ fetch: () => Promise.reject(new Error('was asked')) });
  await expect(authorizer.login('http://mcp.example/mcp')).rejects.toMatchObject({
    code: 'OAUTH_INSECURE',
  });
});

test('a redirect of the token endpoint is not followed, and a flood of bytes is cut off', async () => {
  const flood = createServer((request, response) => {
    if (request.url === '/redirect') response.writeHead(307, { location: '/reached' }).end();
    else if (request.url === '/reached') response.end('reached');
    else {
      const chunk = Buffer.alloc(64 * 1024);
      const pour = () => {
        while (response.write(chunk));
      };
      response.on('drain', pour);
      pour();
    }
  });
  await new Promise<void>((resolve) => flood.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    flood.close();
    flood.closeAllConnections();
  });
  const origin = `http://127.0.0.1:${(flood.address() as AddressInfo).port}`;
  const http = oauthHttp(new URL(origin), fetch);
  expect((await http.get(new URL('/redirect', origin))).status).toBe(307);
  await expect(http.get(new URL('/flood', origin))).rejects.toThrow(/larger than 1 MiB/);
});

test('a token goes to the server that it is for and to no other one', async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const other = await protectedServer({ issuer: as.issuer });
  const { authorizer, vault } = await person();
  await authorizer.login(server.url);
  expect(await authorizer.authorize(other.url)).toEqual({});
  const again = createAuthorizer({ vault });
  expect(await again.authorize(`${server.url}/below`)).toEqual({});
  // Even if it were sent there, the audience would not fit.
  const { authorization = '' } = await authorizer.authorize(server.url);
  const response = await fetch(other.url, { method: 'POST', headers: { authorization } });
  expect(response.status).toBe(401);
  expect(await call(authorizer, server.url)).toBe('hello');
});
