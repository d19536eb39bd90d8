import { describe, expect, test } from 'vitest';
import { createAuthorizer } from '../../gateway/oauth/authorizer.ts';
import { openBrowser } from '../../gateway/oauth/browser.ts';
import { browse } from './browser-agent.ts';
import { authorizationServer, call, person, protectedServer } from './support.ts';

const isCallback = (url: URL) => url.pathname === '/callback';

describe('without a browser', () => {
  test('the redirect is pasted, from a browser on another machine', async () => {
    const as = await authorizationServer();
    const server = await protectedServer({ issuer: as.issuer });
    const asked: string[] = [];
    const { authorizer, visits } = await person({
      prompt: async ({ authorizationUrl }) => {
        const { url } = await browse(authorizationUrl, { stopAt: isCallback });
        return `  ${url}\n`;
      },
    });
    await authorizer.login(server.url, { headless: true, onUrl: (url) => asked.push(url) });
    expect(asked).toHaveLength(1);
    expect(visits).toEqual([]);
    expect(await call(authorizer, server.url)).toBe('hello');
  });

  test('the question ends when the browser comes back through a forwarded port', async () => {
    const as = await authorizationServer();
    const server = await protectedServer({ issuer: as.issuer });
    const ended = Promise.withResolvers<void>();
    const { authorizer } = await person({
      openBrowser: async () => false,
      prompt: ({ authorizationUrl }, signal) => {
        signal.addEventListener('abort', () => ended.resolve());
        void browse(authorizationUrl);
        return new Promise(() => {});
      },
    });
    await authorizer.login(server.url);
    await ended.promise;
    expect(await call(authorizer, server.url)).toBe('hello');
  });

  test.each([
    ['an address of another sign-in', 'http://127.0.0.1:1/callback?code=x&state=y', 'OAUTH_STATE'],
    ['a bare code', 'abcdef', 'OAUTH_PASTE'],
    ['an empty line', '', 'OAUTH_PASTE'],
  ])('%s is refused', async (_, text, code) => {
    const as = await authorizationServer();
    const server = await protectedServer({ issuer: as.issuer });
    const { authorizer } = await person({ prompt: async () => text });
    await expect(authorizer.login(server.url, { headless: true })).rejects.toMatchObject({ code });
    expect(as.tokenRequests).toEqual([]);
  });

  test('the system browser is not looked for where there is no screen, nor for other schemes', async () => {
    expect(await openBrowser('https://example.com', {}, 'linux')).toBe(false);
    expect(await openBrowser('file:///etc/passwd', { DISPLAY: ':0' }, 'linux')).toBe(false);
  });
});

test('a sign-in that nobody finishes ends by itself', async () => {
  const as = await authorizationServer();
  const server = await protectedServer({ issuer: as.issuer });
  const { authorizer } = await person({ openBrowser: async () => true });
  await expect(authorizer.login(server.url, { timeout: 50 })).rejects.toMatchObject({
    code: 'SIGN_IN_TIMEOUT',
  });
});

describe('from a running call', () => {
  test('eight calls wait for one sign-in and go on when it is done', async () => {
    const as = await authorizationServer();
    const server = await protectedServer({ issuer: as.issuer });
    let asked = 0;
    const { authorizer } = await person({
      onSignInNeeded: async ({ authorizationUrl }) => {
        asked += 1;
        await browse(authorizationUrl);
      },
    });
    const calls = Array.from({ length: 8 }, () => call(authorizer, server.url));
    expect(await Promise.all(calls)).toEqual(Array(8).fill('hello'));
    expect(asked).toBe(1);
    expect(as.tokenRequests).toHaveLength(1);
  });

  test('a client that declines ends the call, not the gateway', async () => {
    const as = await authorizationServer();
    const server = await protectedServer({ issuer: as.issuer });
    const { authorizer } = await person({
      onSignInNeeded: async () => {
        throw new Error('declined');
      },
    });
    await expect(call(authorizer, server.url)).rejects.toThrow(/declined/);
    await expect(call(authorizer, server.url)).rejects.toThrow(/declined/);
  });
});

describe('more scopes', () => {
  test('are asked for together with those of before, and the call goes on', async () => {
    const as = await authorizationServer();
    const server = await protectedServer({ issuer: as.issuer });
    const { authorizer, vault } = await person();
    await authorizer.login(server.url);
    server.requireScopes(['mcp:read', 'mcp:write']);
    const alone = call(authorizer, server.url);
    await expect(alone).rejects.toThrow(/--scope "mcp:read offline_access mcp:write"/);

    const urls: string[] = [];
    const asking = createAuthorizer({
      vault,
      onSignInNeeded: async ({ authorizationUrl }) => {
        urls.push(authorizationUrl);
        await browse(authorizationUrl);
      },
    });
    expect(await call(asking, server.url)).toBe('hello');
    expect(new URL(urls[0] ?? '').searchParams.get('scope')).toBe(
      'mcp:read offline_access mcp:write',
    );
    const [info] = await asking.list();
    expect(info?.scopes).toEqual(['mcp:read', 'mcp:write']);
  });

  test('are not asked for twice', async () => {
    const as = await authorizationServer();
    const server = await protectedServer({ issuer: as.issuer });
    const { authorizer } = await person();
    await authorizer.login(server.url);
    const { authorization } = await authorizer.authorize(server.url);
    const wwwAuthenticate = 'Bearer error="insufficient_scope", scope="mcp:read"';
    await expect(
      authorizer.authorize(server.url, { status: 403, wwwAuthenticate, authorization }),
    ).rejects.toMatchObject({ code: 'SCOPE_REFUSED' });
  });
});

describe('signing out', () => {
  test('revokes both tokens and forgets them', async () => {
    const as = await authorizationServer();
    const server = await protectedServer({ issuer: as.issuer });
    const { authorizer, vault } = await person();
    await authorizer.login(server.url);
    const { authorization = '' } = await authorizer.authorize(server.url);
    const [name = ''] = (await vault.records.names()).filter((one) => one.startsWith('sign-in-'));
    const { refreshToken, client } = JSON.parse((await vault.records.get(name)) ?? '{}');

    expect(await authorizer.logout(server.url)).toEqual({ found: true, revoked: true });
    expect(as.revoked).toEqual([refreshToken, authorization.replace('Bearer ', '')]);
    expect(await authorizer.authorize(server.url)).toEqual({});
    expect(await authorizer.list()).toEqual([]);
    expect(await authorizer.logout(server.url)).toEqual({ found: false, revoked: false });
    const response = await fetch(`${as.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        client_id: client.clientId,
      }),
    });
    expect(await response.json()).toMatchObject({ error: 'invalid_grant' });
  });

  test('forgets the tokens also when the authorization server is away, and says so', async () => {
    const as = await authorizationServer();
    const server = await protectedServer({ issuer: as.issuer });
    const { authorizer } = await person();
    await authorizer.login(server.url);
    await as.close();
    expect(await authorizer.logout(server.url)).toEqual({ found: true, revoked: false });
    expect(await authorizer.list()).toEqual([]);
  });
});
