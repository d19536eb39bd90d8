import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  startAuthorizationServer,
  type TestAuthorizationServer,
} from '../support/authorization-server.ts';
import {
  type BuiltCatalog,
  builtCatalog,
  changedRegistry,
  type HttpGateway,
  startHttpGateway,
} from '../support/built-gateway.ts';
import { needs } from '../support/needs.ts';
import { portolan, portolanOutput } from '../support/portolan.ts';

const { skip } = needs('bwrap', 'npm');
const SERVERS = ['everything', 'sequential-thinking'];

describe.skipIf(skip)('callers with profiles of their own', () => {
  let registry: string;
  let catalog: BuiltCatalog;
  let env: NodeJS.ProcessEnv;
  let http: HttpGateway;
  let issuer: TestAuthorizationServer;
  const clients: Client[] = [];
  const tokens: Record<string, string> = {};
  const audience = 'https://gateway.example.com/mcp';

  beforeAll(async () => {
    registry = changedRegistry(SERVERS, (text, server) =>
      server === 'everything'
        ? `${text}secrets: [{ name: mark, description: A mark of the test. }]\nenv: { MARK: '{mark}' }\n`
        : text,
    );
    catalog = await builtCatalog(SERVERS, registry);
    env = { ...catalog.env, PORTOLAN_PASSPHRASE: 'passphrase of tests' };
    const [, source = '', , key = ''] = catalog.source;
    await run('catalog', 'add', source, '--key', key, '--name', 'mine');
    // Shorter than what is looked for in results, so that the tool can show it.
    for (const [profile, mark] of [
      ['work', 'wwww'],
      ['home', 'hhhh'],
    ] as const) {
      await run('profile', 'create', profile);
      const set = ['secret', 'set', 'everything.mark', '--stdin', '--profile', profile];
      expect((await portolan(set, { env, stdin: mark })).code).toBe(0);
      await run('add', 'everything', '--profile', profile);
    }
    await run('tools', 'disable', 'everything', 'echo', '--profile', 'home');
    await run('profile', 'create', 'agent');
    await run('add', 'sequential-thinking', '--profile', 'agent');
    for (const [name, profile] of [
      ['alice', 'work'],
      ['anna', 'work'],
      ['bob', 'home'],
    ] as const) {
      tokens[name] = (await run('token', 'create', name, '--profile', profile)).trim();
    }
    issuer = await startAuthorizationServer({
      clients: [
        {
          client_id: 'agent',
          client_secret: 'agent-secret-for-tests',
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
        } as never,
      ],
    });
    http = await startHttpGateway(
      [
        ...['--isolation', 'bubblewrap', '--metrics-port', '0'],
        ...['--oauth-issuer', issuer.issuer, '--oauth-audience', audience],
        ...['--oauth-profile-claim', 'client_id'],
      ],
      env,
    );
  });
  afterAll(async () => {
    for (const client of clients) await client.close();
    await http?.stop();
    await issuer?.close();
    catalog?.remove();
    rmSync(registry, { recursive: true, force: true });
  });

  const run = (...args: string[]) => portolanOutput(args, { env });
  const connect = async (token: string) => {
    const client = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: { Authorization: `Bearer ${token}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(http.url), { requestInit }));
    clients.push(client);
    return client;
  };
  const names = async (client: Client) => (await client.listTools()).tools.map((one) => one.name);
  const call = async (client: Client, name: string, args: Record<string, unknown> = {}) => {
    const { content } = await client.callTool({ name, arguments: args });
    return (content as { text: string }[])[0]?.text ?? '';
  };
  const audit = () =>
    readFileSync(join(catalog.folder, 'home/state/audit.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const servers = async () => JSON.parse(await run('ps', '--json'))[0].servers;

  it('see the servers, tools and secrets of their profile, and no others', async () => {
    const alice = await connect(tokens.alice ?? '');
    const bob = await connect(tokens.bob ?? '');
    expect(await names(alice)).toContain('echo');
    expect(await names(bob)).not.toContain('echo');
    expect(await call(bob, 'echo', { message: 'x' })).toContain('switched off in the profile home');
    const [work, home] = await Promise.all([call(alice, 'get-env'), call(bob, 'get-env')]);
    expect(work).toContain('wwww');
    expect(work).not.toContain('hhhh');
    expect(home).toContain('hhhh');
    expect(home).not.toContain('wwww');
    // One server of the same entry for each profile: nothing is shared.
    expect(audit().filter(({ event }) => event === 'started')).toMatchObject([
      { profile: expect.stringMatching(/^(work|home)$/) },
      { profile: expect.stringMatching(/^(work|home)$/) },
    ]);
    expect(audit()).toContainEqual(
      expect.objectContaining({
        event: 'call',
        principal: 'alice',
        profile: 'work',
        name: 'get-env',
      }),
    );
  });

  it('share one relay for one profile, which ps, metrics and stop know', async () => {
    const anna = await connect(tokens.anna ?? '');
    await names(anna);
    const opened = http.stderr().match(/profile work: ready/g);
    expect(opened).toHaveLength(1);
    expect(await servers()).toMatchObject([
      { name: 'everything', profile: 'work', total: 1 },
      { name: 'everything', profile: 'home', total: 2, errors: 1 },
    ]);
    expect(await run('ps')).toMatch(/everything \(profile work\) +running +1 calls/);
    const metrics = /metrics at (\S+)/.exec(http.stderr())?.[1] ?? '';
    expect(await (await fetch(metrics)).text()).toMatch(
      /portolan_events_total\{[^}]*portolan_profile="home"/,
    );
    await run('stop', 'everything');
    await expect
      .poll(async () => (await servers()).map(({ running }: { running: number }) => running))
      .toEqual([0, 0]);
  });

  it('follow the changes of their own profile only', async () => {
    const alice = await connect(tokens.alice ?? '');
    const bob = await connect(tokens.bob ?? '');
    await run('add', 'sequential-thinking', '--profile', 'home');
    await expect.poll(() => names(bob)).toContain('sequentialthinking');
    expect(await names(alice)).not.toContain('sequentialthinking');
  });

  it('come with a token that was made, until it is revoked', async () => {
    const token = (await run('token', 'create', 'carol', '--profile', 'agent')).trim();
    await expect.poll(() => http.stderr()).toContain('tokens: alice, anna, bob, carol');
    const carol = await connect(token);
    expect(await names(carol)).toEqual(['sequentialthinking']);
    await run('token', 'revoke', 'carol');
    await expect.poll(() => names(carol).catch(() => 'refused')).toBe('refused');
    await expect(connect(token)).rejects.toThrow(/bearer token/);
  });

  it('do not keep a session when their token gets another profile', async () => {
    const first = (await run('token', 'create', 'dora', '--profile', 'home')).trim();
    await expect.poll(() => http.stderr()).toContain('bob, dora');
    const dora = await connect(first);
    expect(await names(dora)).toContain('sequentialthinking');
    await run('token', 'revoke', 'dora');
    const second = (await run('token', 'create', 'dora', '--profile', 'work')).trim();
    await expect.poll(() => connect(second).then(names)).not.toContain('sequentialthinking');
    await expect(dora.listTools()).rejects.toThrow();
  });

  it('are told apart by a claim of an authorization server', async () => {
    const response = await fetch(`${issuer.issuer}/token`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        Authorization: `Basic ${Buffer.from('agent:agent-secret-for-tests').toString('base64')}`,
      },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        resource: audience,
        scope: 'mcp:read',
      }),
    });
    const { access_token } = (await response.json()) as { access_token: string };
    expect(await names(await connect(access_token))).toEqual(['sequentialthinking']);
  });

  it('are served nothing when their profile is gone', async () => {
    await run('profile', 'create', 'gone');
    const token = (await run('token', 'create', 'eve', '--profile', 'gone')).trim();
    await run('profile', 'rm', 'gone', '--yes');
    await expect.poll(() => connect(token).catch(String)).toMatch(/eve has no profile here/);
  });

  it('lists and refuses', async () => {
    const list = JSON.parse(await run('token', 'ls', '--json'));
    expect(list).toContainEqual({
      name: 'alice',
      profile: 'work',
      createdAt: expect.stringMatching(/^\d{4}-/),
    });
    expect(JSON.stringify(list)).not.toMatch(/[0-9a-f]{64}/);
    const refused = async (...args: string[]) => (await portolan(args, { env })).stderr;
    expect(await refused('token', 'create', 'alice')).toContain('there is a token "alice"');
    expect(await refused('token', 'create', 'default')).toContain('choose another name');
    expect(await refused('token', 'create', 'x', '--profile', 'none')).toContain('none');
    expect(await refused('token', 'revoke', 'nobody')).toContain('there is no token "nobody"');
    const start = ['run', '--transport', 'http', '--port', '0', '--caller-profile'];
    expect(await refused(...start, 'zoe=work')).toContain('for whom there is no --token');
    expect(await refused(...start, 'default=none')).toContain('none');
  });
});
