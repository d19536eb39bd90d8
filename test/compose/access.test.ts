import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessOf } from '../../gateway/compose/access.ts';
import { type HttpEndpoint, serveHttp } from '../../gateway/endpoint/http.ts';
import { tokenVerifier } from '../../gateway/endpoint/issued-tokens.ts';
import { createGateway } from '../../gateway/relay/gateway.ts';
import {
  startAuthorizationServer,
  type TestAuthorizationServer,
} from '../support/authorization-server.ts';
import { INITIALIZE } from '../support/initialize.ts';
import { needs } from '../support/needs.ts';

const folder = mkdtempSync(join(tmpdir(), 'portolan-access-'));
const file = (name: string) => join(folder, name);
const gateway = createGateway({ upstreams: [], info: { name: 'test' } });
const audience = 'https://gateway.example.com/mcp';
const post = (url: string, token?: string) =>
  fetch(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...(token && { Authorization: `Bearer ${token}` }),
    },
    body: INITIALIZE,
  });

afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('bearer tokens', () => {
  test('without options there is one token, which is made', async () => {
    const { tokens, notes } = await accessOf({ token: [] }, file('made'));
    expect(tokens).toEqual([{ name: 'default', token: readFileSync(file('made'), 'utf8').trim() }]);
    expect(notes).toEqual([`bearer token in ${file('made')}`]);
  });

  test('named tokens take its place', async () => {
    const { tokens } = await accessOf(
      { token: [`alice=${file('alice')}`, `bob=${file('bob')}`] },
      file('unused'),
    );
    expect(tokens.map(({ name }) => name)).toEqual(['alice', 'bob']);
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(2);
  });

  test.each([
    [['alice'], 'TOKEN_INVALID'],
    [[`alice=${file('alice')}`, `alice=${file('bob')}`], 'TOKEN_INVALID'],
    [[`alice=${file('alice')}`, `eve=${file('alice')}`], 'TOKEN_INVALID'],
    [[`weak=${file('weak')}`], 'TOKEN_WEAK'],
  ])('%j is refused: %s', async (token, code) => {
    writeFileSync(file('weak'), 'secret');
    await expect(accessOf({ token }, file('unused'))).rejects.toMatchObject({ code });
  });
});

describe.skipIf(needs('openssl').skip)('TLS', () => {
  beforeAll(() => {
    const args = ['-keyout', file('key.pem'), '-out', file('cert.pem'), '-subj', '/CN=localhost'];
    const alternative = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    execFileSync(
      'openssl',
      ['req', '-x509', '-nodes', '-days', '2', ...curve, ...args, ...alternative],
      { stdio: 'ignore' },
    );
  });

  test('the endpoint speaks https with the certificate', async () => {
    const { notes: _, ...access } = await accessOf(
      { token: [], tlsCert: file('cert.pem'), tlsKey: file('key.pem') },
      file('made'),
    );
    const http = await serveHttp(gateway, { port: 0, ...access });
    expect(http.url).toMatch(/^https:/);
    const status = await new Promise((resolve, reject) => {
      const call = request(
        new URL('/health', http.url),
        { ca: readFileSync(file('cert.pem')) },
        (response) => resolve(response.resume().statusCode),
      );
      call.once('error', reject).end();
    });
    expect(status).toBe(200);
    await http.close();
  });

  test('half of a pair, and what is no pair, are refused', async () => {
    const tlsCert = file('cert.pem');
    const refused = (options: object) => accessOf({ token: [], ...options }, file('made'));
    await expect(refused({ tlsCert })).rejects.toMatchObject({ code: 'TLS_INCOMPLETE' });
    await expect(refused({ tlsCert, tlsKey: tlsCert })).rejects.toMatchObject({
      code: 'TLS_MALFORMED',
    });
    await expect(refused({ tlsCert, tlsKey: file('gone') })).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    });
  });
});

describe('tokens of an authorization server', () => {
  let issuer: TestAuthorizationServer;
  let other: TestAuthorizationServer;
  let http: HttpEndpoint;
  const client = {
    client_id: 'agent',
    client_secret: 'agent-secret-for-tests',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  };

  beforeAll(async () => {
    issuer = await startAuthorizationServer({ clients: [client as never] });
    other = await startAuthorizationServer({ clients: [client as never] });
    const { notes: _, ...access } = await accessOf(
      {
        token: [],
        oauthIssuer: issuer.issuer,
        oauthAudience: audience,
        oauthScope: ['mcp:read'],
      },
      file('unused'),
    );
    expect(access.tokens).toEqual([]);
    http = await serveHttp(gateway, { port: 0, ...access });
  });
  afterAll(async () => {
    await http?.close();
    await issuer?.close();
    await other?.close();
  });

  const tokenOf = async (server: TestAuthorizationServer, resource: string, scope: string) => {
    const response = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        Authorization: `Basic ${Buffer.from('agent:agent-secret-for-tests').toString('base64')}`,
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope }),
    });
    const body = (await response.json()) as { access_token?: string };
    if (!body.access_token) throw new Error(JSON.stringify(body));
    return body.access_token;
  };

  test('the challenge leads to the metadata, which names the issuer', async () => {
    const refused = await post(http.url);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain(
      'resource_metadata="https://gateway.example.com/.well-known/oauth-protected-resource/mcp"',
    );
    const document = await fetch(new URL('/.well-known/oauth-protected-resource/mcp', http.url));
    expect(await document.json()).toEqual({
      resource: audience,
      authorization_servers: [issuer.issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: ['mcp:read'],
    });
  });

  test('a token of the issuer for this endpoint with the scope lets in', async () => {
    const token = await tokenOf(issuer, audience, 'mcp:read mcp:write');
    expect((await post(http.url, token)).status).toBe(200);
  });

  test('another audience, scope or issuer, and a token that was altered, do not', async () => {
    const good = await tokenOf(issuer, audience, 'mcp:read');
    const bad = {
      audience: await tokenOf(issuer, 'https://elsewhere.example.com/mcp', 'mcp:read'),
      scope: await tokenOf(issuer, audience, 'mcp:write'),
      issuer: await tokenOf(other, audience, 'mcp:read'),
      altered: `${good.slice(0, -10)}AAAAAAAAAA`,
      unsigned: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${good.split('.')[1]}.`,
    };
    for (const [what, token] of Object.entries(bad)) {
      expect([what, (await post(http.url, token)).status]).toEqual([what, 401]);
    }
  });

  test('a subject, or a claim, says the profile; a file is none', async () => {
    const paths = { config: file('config'), cache: file('cache'), state: file('state') };
    mkdirSync(file('config/profiles'), { recursive: true });
    for (const name of ['work', 'agent']) {
      writeFileSync(file(`config/profiles/${name}.yaml`), 'servers: {}\n');
    }
    const callerOf = async (options: object) => {
      const { verifyToken } = await accessOf(
        { token: [], oauthIssuer: issuer.issuer, oauthAudience: audience, ...options },
        file('unused'),
        paths,
      );
      return verifyToken?.(await tokenOf(issuer, audience, 'mcp:read'));
    };
    expect(await callerOf({})).toEqual({ principal: 'agent' });
    const byName = { callerProfile: ['agent=work'] };
    expect(await callerOf(byName)).toEqual({ principal: 'agent', profile: 'work' });
    const byClaim = { oauthProfileClaim: 'client_id' };
    expect(await callerOf(byClaim)).toEqual({ principal: 'agent', profile: 'agent' });
    expect(await callerOf({ ...byName, ...byClaim })).toMatchObject({ profile: 'work' });
    // The issuer is a URL, which is no name of a profile.
    expect(await callerOf({ oauthProfileClaim: 'iss' })).toMatchObject({ profile: null });
    expect(await callerOf({ oauthProfileClaim: 'none' })).toMatchObject({ profile: null });
    await expect(callerOf({ callerProfile: ['agent'] })).rejects.toMatchObject({
      code: 'CALLER_INVALID',
    });
    await expect(callerOf({ callerProfile: ['agent=gone'] })).rejects.toMatchObject({
      code: 'PROFILE_UNKNOWN',
    });
  });

  test('of several names in a claim, only those of profiles count, and one must be left', async () => {
    const sign = await signingIssuer();
    const verifierWith = (...profiles: string[]) =>
      tokenVerifier({
        issuer: sign.issuer,
        audience,
        scopes: [],
        profileClaim: 'groups',
        isProfile: async (name) => profiles.includes(name),
      });
    const callerOf = async (groups: unknown, ...profiles: string[]) =>
      verifierWith(...profiles).verifyToken(await sign.token({ groups }));
    expect(await callerOf('work')).toEqual({ principal: 'ada', profile: 'work' });
    expect(await callerOf(['work'])).toEqual({ principal: 'ada', profile: 'work' });
    const groups = ['everybody', 'work', '../etc/passwd', 7];
    expect(await callerOf(groups, 'work')).toEqual({ principal: 'ada', profile: 'work' });
    expect(await callerOf(groups)).toEqual({ principal: 'ada', profile: null });
    expect(await callerOf([])).toEqual({ principal: 'ada', profile: null });
    expect(await callerOf(groups, 'work', 'everybody')).toEqual({
      principal: 'ada',
      profile: null,
      refusal: 'its token names several profiles: everybody, work',
    });
    await sign.stop();
  });

  test('half of the options, and an issuer without encryption, are refused', async () => {
    const refused = (options: object) => accessOf({ token: [], ...options }, file('made'));
    await expect(refused({ oauthIssuer: 'https://i.example.com' })).rejects.toMatchObject({
      code: 'OAUTH_INCOMPLETE',
    });
    await expect(
      refused({ oauthIssuer: 'http://i.example.com', oauthAudience: audience }),
    ).rejects.toMatchObject({ code: 'OAUTH_INSECURE' });
  });
});

/** An authorization server that signs what it is asked to. */
async function signingIssuer() {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'one' };
  let issuer = '';
  const server = createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(
      JSON.stringify(
        request.url === '/keys' ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` },
      ),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    token: (claims: Record<string, unknown>) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject('ada')
        .setExpirationTime('5m')
        .sign(privateKey),
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}
