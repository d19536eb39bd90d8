import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createAuthorizer } from '../../gateway/oauth/authorizer.ts';
import { authorizationServer, call, person, protectedServer, vaultAt } from './support.ts';

test('a refused call, a sign-in, a call, expiry, a renewal, a call', async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer, visits, vault, folder } = await person();

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

  const { authorization = '' } = await authorizer.authorize(server.url);
  const token = authorization.replace('Bearer ', '');
  expect(token.length).toBeGreaterThan(100);
  expect(JSON.stringify(await authorizer.list())).not.toContain(token);
  const file = await readFile(join(folder, 'vault/secrets.json'), 'utf8');
  expect(file).not.toContain(token);
  expect(await vault.list()).toEqual([]);
});

test('tokens that live two seconds are renewed when they have really expired', async () => {
  const as = await authorizationServer({ accessTokenLife: 2 });
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer } = await person();
  await authorizer.login(server.url);
  expect(await call(authorizer, server.url)).toBe('hello');
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  expect(await call(authorizer, server.url)).toBe('hello');
  expect(as.tokenRequests.filter(({ grant }) => grant === 'refresh_token').length).toBeGreaterThan(
    0,
  );
  expect(as.tokenRequests.every(({ status }) => status === 200)).toBe(true);
});

test('a token is renewed before it expires, so that no call is refused', async () => {
  let shift = 0;
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer } = await person({ clock: () => Date.now() + shift });
  await authorizer.login(server.url);
  server.statuses.length = 0;
  shift = (3600 - 61) * 1000;
  await call(authorizer, server.url);
  expect(as.tokenRequests).toHaveLength(1);
  shift = (3600 - 59) * 1000;
  await call(authorizer, server.url);
  expect(as.tokenRequests).toHaveLength(2);
  expect(server.statuses).not.toContain(401);
});

test('every renewal presents the refresh token of the one before, across restarts', async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer, folder } = await person();
  await authorizer.login(server.url);
  const seen = new Set<string>();
  for (let round = 0; round < 4; round += 1) {
    // A new process: nothing is remembered but what is stored.
    const restarted = createAuthorizer({ vault: vaultAt(folder) });
    expect(await call(restarted, server.url)).toBe('hello');
    const [name = ''] = (await vaultAt(folder).records.names()).filter((one) =>
      one.startsWith('sign-in-'),
    );
    seen.add(JSON.parse((await vaultAt(folder).records.get(name)) ?? '{}').refreshToken);
    server.expireAll();
  }
  expect(seen.size).toBe(4);
  expect(as.tokenRequests.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
});

test('a sign-in that the authorization server has ended asks for a new one and is forgotten', async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer, vault } = await person();
  await authorizer.login(server.url);
  await call(authorizer, server.url);
  const [name = ''] = (await vault.records.names()).filter((one) => one.startsWith('sign-in-'));
  const { refreshToken, client } = JSON.parse((await vault.records.get(name)) ?? '{}');
  await fetch(`${as.issuer}/token/revocation`, {
    method: 'POST',
    body: new URLSearchParams({ token: refreshToken, client_id: client.clientId }),
  });
  server.expireAll();
  const error = await call(authorizer, server.url).catch((thrown: Error) => thrown);
  expect(String(error)).toMatch(/portolan auth login/);
  expect(String((error as Error).stack)).not.toContain(refreshToken);
  expect(await authorizer.list()).toEqual([]);
  await authorizer.login(server.url);
  expect(await call(authorizer, server.url)).toBe('hello');
  // The client itself was still good: it was not registered again.
  expect(as.requests.filter((request) => request === 'POST /reg')).toHaveLength(1);
});

test('tokens that are refused although they were renewed end the attempts', async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer } = await person();
  await authorizer.login(server.url);
  const refused = async () => {
    const { authorization } = await authorizer.authorize(server.url);
    return authorizer.authorize(server.url, { status: 401, authorization });
  };
  for (let attempt = 0; attempt < 3; attempt += 1) await refused();
  await expect(refused()).rejects.toMatchObject({ code: 'TOKEN_REFUSED' });
  expect(as.tokenRequests).toHaveLength(4);
});

test('an authorization server that is away ends no sign-in', async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer } = await person();
  await authorizer.login(server.url);
  const { authorization } = await authorizer.authorize(server.url);
  await as.close();
  await expect(
    authorizer.authorize(server.url, { status: 401, authorization }),
  ).rejects.toMatchObject({ kind: 'unreachable', code: 'OAUTH_UNREACHABLE' });
  expect(await authorizer.list()).toHaveLength(1);
});
