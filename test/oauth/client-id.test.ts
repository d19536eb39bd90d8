import { expect, test } from 'vitest';
import { clientMetadataDocument } from '../../gateway/oauth/client-id.ts';
import { authorizationServer, call, person, protectedServer } from './support.ts';

const DOCUMENT = 'https://catalog.example/oauth/client.json';

function registrations(requests: readonly string[]): number {
  return requests.filter((request) => request === 'POST /reg').length;
}

test('a client is registered once for each authorization server', async () => {
  const as = await authorizationServer();
  const first = await protectedServer({ issuer: as.issuer });
  const second = await protectedServer({ issuer: as.issuer });
  const { authorizer } = await person();
  const one = await authorizer.login(first.url);
  const two = await authorizer.login(second.url);
  expect(one.clientId).toBe(two.clientId);
  expect(registrations(as.requests)).toBe(1);
  expect(await call(authorizer, first.url)).toBe('hello');
  expect(await call(authorizer, second.url)).toBe('hello');
});

test('a registration whose port is taken is made anew', async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer } = await person();
  const waiting = await authorizer.start(server.url);
  await authorizer.login(server.url);
  waiting.cancel();
  expect(registrations(as.requests)).toBe(2);
});

test('a metadata document is used where the server takes such, and nothing is registered', async () => {
  const as = await authorizationServer({
    clientDocuments: { [DOCUMENT]: clientMetadataDocument(DOCUMENT) },
  });
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer } = await person({ clientMetadataUrl: DOCUMENT });
  const info = await authorizer.login(server.url);
  expect(info.clientId).toBe(DOCUMENT);
  expect(registrations(as.requests)).toBe(0);
  expect(await call(authorizer, server.url)).toBe('hello');
  server.expireAll();
  expect(await call(authorizer, server.url)).toBe('hello');
});

test('a metadata document is left aside where the server does not take it', async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer } = await person({ clientMetadataUrl: DOCUMENT });
  expect((await authorizer.login(server.url)).clientId).not.toBe(DOCUMENT);
});

test.each([
  ['without a secret', undefined, 'none'],
  ['with a secret', 'a secret that is long enough for a client', 'client_secret_basic'],
] as const)("the user's own client %s", async (_, secret, method) => {
  const as = await authorizationServer({
    registration: false,
    clients: [
      {
        client_id: 'my-client',
        ...(secret !== undefined && { client_secret: secret }),
        token_endpoint_auth_method: method,
        redirect_uris: ['http://127.0.0.1/callback'],
        application_type: 'native',
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
  });
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer } = await person();
  const info = await authorizer.login(server.url, { client: { id: 'my-client', secret } });
  expect(info.clientId).toBe('my-client');
  expect(await call(authorizer, server.url)).toBe('hello');
  server.expireAll();
  expect(await call(authorizer, server.url)).toBe('hello');
  expect(await authorizer.logout(server.url)).toEqual({ found: true, revoked: true });
});

test('without any way to a client id the error says what to register', async () => {
  const as = await authorizationServer({ registration: false });
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer, visits } = await person();
  await expect(authorizer.login(server.url)).rejects.toMatchObject({
    code: 'OAUTH_CLIENT_NEEDED',
    message: expect.stringContaining('--client-id'),
  });
  expect(visits).toEqual([]);
});

test('a client that the server has forgotten is registered again at the next sign-in', async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer } = await person();
  const { clientId } = await authorizer.login(server.url);
  await call(authorizer, server.url);
  const client = await as.provider.Client.find(clientId);
  await (
    client as unknown as { constructor: { adapter: { destroy(id: string): unknown } } }
  ).constructor.adapter.destroy(clientId);
  server.expireAll();
  await expect(call(authorizer, server.url)).rejects.toThrow(/portolan auth login/);
  expect((await authorizer.login(server.url)).clientId).not.toBe(clientId);
  expect(await call(authorizer, server.url)).toBe('hello');
});
