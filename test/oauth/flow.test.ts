import { expect, test } from 'vitest';
import { authorizationServer, call, person, protectedServer } from './support.ts';

test('a refused call, a sign-in, a call, expiry, a renewal, a call', async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer, visits, folder } = await person();

  await expect(call(authorizer, server.url)).rejects.toThrow(/portolan auth login/);
  const info = await authorizer.login(server.url);
  expect(info).toMatchObject({
    server: server.url,
    issuer: as.issuer,
    resource: server.url,
    scopes: ['mcp:read'],
    renewable: true,
  });
  const [visit] = await Promise.all(visits);
  expect(visit).toMatchObject({ status: 200, text: expect.stringContaining('Signed in') });
  expect(await call(authorizer, server.url)).toBe('hello');
  expect(as.tokenRequests).toEqual([
    { grant: 'authorization_code', status: 200, resource: server.url },
  ]);

  server.expireAll();
  expect(await call(authorizer, server.url)).toBe('hello');
  expect(as.tokenRequests.slice(1)).toEqual([
    { grant: 'refresh_token', status: 200, resource: server.url },
  ]);
  expect(folder).toBeTruthy();
});
