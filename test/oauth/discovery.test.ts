import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { parseChallenge, scopeList } from '../../gateway/oauth/challenge.ts';
import { canonicalServer } from '../../gateway/oauth/discover.ts';
import { authorizationServer, call, person, protectedServer } from './support.ts';

describe('an authorization server is found', () => {
  test.each([
    ['from the challenge', {}],
    ['in the well-known place of the path', { quietChallenge: true }],
    ['in the well-known place of the origin', { quietChallenge: true, metadataAtRoot: true }],
  ])('%s', async (_, options) => {
    const as = await authorizationServer();
    const server = await protectedServer({ issuer: as.issuer, ...options });
    const { authorizer } = await person();
    await authorizer.login(server.url);
    expect(await call(authorizer, server.url)).toBe('hello');
  });

  test('below a path', async () => {
    const as = await authorizationServer({ path: '/tenant' });
    const server = await protectedServer({ issuer: as.issuer });
    const { authorizer } = await person();
    await authorizer.login(server.url);
    expect(await call(authorizer, server.url)).toBe('hello');
    expect(as.requests.filter((request) => request.includes('.well-known')).slice(0, 3)).toEqual([
      'GET /.well-known/oauth-authorization-server/tenant',
      'GET /.well-known/openid-configuration/tenant',
      'GET /tenant/.well-known/openid-configuration',
    ]);
  });

  test('for a whole origin, whose resource indicator is sent as it is written', async () => {
    const as = await authorizationServer();
    const server = await protectedServer({ issuer: as.issuer });
    const { origin } = new URL(server.url);
    await server.close();
    const plain = createServer((request, response) => {
      const isMetadata = request.url === '/.well-known/oauth-protected-resource';
      response.writeHead(isMetadata ? 200 : 404, { 'content-type': 'application/json' });
      const metadata = { resource: `${origin}/`, authorization_servers: [as.issuer] };
      response.end(JSON.stringify({ ...metadata, scopes_supported: ['mcp:read'] }));
    });
    await new Promise<void>((resolve) =>
      plain.listen(Number(new URL(origin).port), '127.0.0.1', resolve),
    );
    const { authorizer } = await person();
    const info = await authorizer.login(server.url).finally(() => plain.close());
    expect(info.resource).toBe(`${origin}/`);
    expect(as.tokenRequests[0]?.resource).toBe(`${origin}/`);
  });

  test('not where there is no metadata, and the error names the place', async () => {
    const as = await authorizationServer();
    const server = await protectedServer({ issuer: as.issuer, noMetadata: true });
    const { authorizer } = await person();
    await expect(authorizer.login(server.url)).rejects.toMatchObject({
      code: 'OAUTH_NO_METADATA',
      message: expect.stringContaining(new URL(server.url).origin),
    });
  });

  test('only among those that the server names', async () => {
    const as = await authorizationServer();
    const server = await protectedServer({ issuer: as.issuer });
    const { authorizer } = await person();
    const issuer = 'https://other.example';
    await expect(authorizer.login(server.url, { issuer })).rejects.toMatchObject({
      code: 'OAUTH_ISSUER_UNKNOWN',
    });
  });
});

describe('a challenge', () => {
  test.each([
    ['Bearer', {}],
    [
      'Bearer realm="x", error="invalid_token", resource_metadata="https://a.example/m"',
      { error: 'invalid_token', resourceMetadata: 'https://a.example/m' },
    ],
    [
      'Bearer error=insufficient_scope, scope="a b a"',
      { error: 'insufficient_scope', scopes: ['a', 'b'] },
    ],
    ['Basic realm="scope=\\"x\\"", Bearer scope="a"', { scopes: ['a'] }],
    ['Negotiate abc==, bearer SCOPE = "a"', { scopes: ['a'] }],
    ['DPoP scope="x", Basic realm="y"', {}],
    ['Bearer scope="a", Basic scope="b"', { scopes: ['a'] }],
    ['', {}],
    [undefined, {}],
    ['"', {}],
  ])('%s is read as %j', (header, expected) => {
    expect(parseChallenge(header)).toEqual(expected);
  });

  test('of a long header is read in linear time', () => {
    const header = `Bearer ${'a="'.repeat(100_000)}`;
    expect(parseChallenge(header)).toEqual({});
  });

  test('scopes with forbidden characters are dropped', () => {
    expect(scopeList('a "b" c\\d e')).toEqual(['a', 'e']);
  });
});

test.each([
  ['https://a.example/', 'https://a.example'],
  ['https://A.example/mcp#x', 'https://a.example/mcp'],
  ['https://a.example/mcp/?b=1', 'https://a.example/mcp/?b=1'],
])('%s is the server %s', (url, expected) => {
  expect(canonicalServer(new URL(url))).toBe(expected);
});
