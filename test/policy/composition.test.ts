import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardChannel } from '../../gateway/policy/guarded-channel.ts';
import { knownSecrets } from '../../gateway/policy/known-secrets.ts';
import {
  type BuiltCatalog,
  builtCatalog,
  type HttpGateway,
  RUNNER,
  startHttpGateway,
} from '../support/built-gateway.ts';
import { needs } from '../support/needs.ts';
import { openPlainChannel } from '../support/plain-channel.ts';

const run = promisify(execFile);
const { skip } = needs('bwrap', 'npm');
const aliceToken = 'the-token-of-alice-for-this-test';

describe.skipIf(skip)('the built runner within a policy', () => {
  let catalog: BuiltCatalog;
  let http: HttpGateway;
  let policyFile = '';
  const audit = () =>
    readFileSync(join(catalog.folder, 'home/state/audit.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  beforeAll(async () => {
    catalog = await builtCatalog(['everything', 'sequential-thinking']);
    mkdirSync(join(catalog.folder, 'home/config'), { recursive: true });
    policyFile = join(catalog.folder, 'home/config/policy.yaml');
    const interceptor = join(catalog.folder, 'no-seven.mjs');
    writeFileSync(
      interceptor,
      `import { text } from 'node:stream/consumers';
       const { call, phase } = JSON.parse(await text(process.stdin));
       const { a, b } = call.arguments;
       console.log(JSON.stringify(
         a === 7 ? { decision: 'refuse', reason: 'no sevens' }
         : { decision: 'change', arguments: { a, b: b * 100 } }));`,
    );
    writeFileSync(
      policyFile,
      JSON.stringify({
        servers: { deny: ['sequential-*'] },
        tools: { everything: { deny: ['get-env'] } },
        limits: { network: [], resources: { memory: '256m' } },
        isolationNone: { servers: [] },
        interceptors: [
          {
            name: 'no-seven',
            when: 'before',
            tools: ['get-sum'],
            exec: { command: [process.execPath, interceptor] },
            timeoutSeconds: 60,
          },
        ],
      }),
    );
    const alice = join(catalog.folder, 'alice.token');
    writeFileSync(alice, aliceToken);
    http = await startHttpGateway(
      [...catalog.source, '--all', '--isolation', 'bubblewrap', '--token', `alice=${alice}`],
      catalog.env,
    );
  });
  afterAll(async () => {
    await http?.stop();
    catalog?.remove();
  });

  const connect = async (token: string) => {
    const client = new Client({ name: 'test', version: '1.0.0' });
    const requestInit = { headers: { Authorization: `Bearer ${token}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(http.url), { requestInit }));
    return client;
  };
  const portolan = (...args: string[]) =>
    run(process.execPath, [RUNNER, ...args], { env: catalog.env }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );

  test('refused servers and tools are not there, and the log says why', async () => {
    const client = await connect(http.token);
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toContain('echo');
    expect(names).not.toContain('get-env');
    expect(names).not.toContain('sequentialthinking');
    await expect(client.callTool({ name: 'get-env', arguments: {} })).rejects.toThrow('get-env');
    expect(http.stderr()).toContain('sequential-thinking is left out: the user');
    await client.close();
  });

  test('interceptors refuse and change calls; the audit log has who, what and the verdict', async () => {
    const client = await connect(aliceToken);
    const sum = (a: number) => client.callTool({ name: 'get-sum', arguments: { a, b: 1 } });
    expect(JSON.stringify(await sum(2))).toContain('102');
    expect(await sum(7)).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('no sevens') }],
    });
    await client.close();
    await expect
      .poll(() => audit().filter(({ name }) => name === 'get-sum'))
      .toMatchObject([
        {
          event: 'call',
          principal: 'alice',
          server: 'everything',
          digest: expect.stringMatching(/^sha256:/),
          verdict: 'ok',
          arguments: { a: 'number', b: 'number' },
        },
        { principal: 'alice', verdict: 'refused', detail: expect.stringContaining('no sevens') },
      ]);
    expect(audit()[0]).toMatchObject({ event: 'server-refused', server: 'sequential-thinking' });
  });

  test('what looks like a credential is redacted on the way in, and told in the log', async () => {
    const client = await connect(http.token);
    const key = `AKIA${'QZ7WX3RT'.repeat(2)}`;
    const result = await client.callTool({ name: 'echo', arguments: { message: `use ${key}` } });
    expect(JSON.stringify(result)).toContain('use [redacted: an AWS access key id]');
    await client.close();
    await expect.poll(() => audit().some(({ event }) => event === 'secret-found')).toBe(true);
    expect(JSON.stringify(audit())).not.toContain(key);
  });

  test('tools call, tools list and policy test follow the same rules', async () => {
    const source = [...catalog.source, '--isolation', 'bubblewrap'];
    const call = await portolan('tools', 'call', 'everything', 'get-env', ...source);
    expect(call.code).toBe(7);
    expect(call.stderr).toContain('tools "everything" deny "get-env"');
    const sum = await portolan('tools', 'call', 'everything', 'get-sum', 'a=7', 'b=1', ...source);
    expect([sum.code, sum.stderr]).toEqual([7, expect.stringContaining('no sevens')]);
    const list = await portolan('tools', 'ls', 'everything', ...source);
    expect(list.stdout).toContain('get-sum');
    expect(list.stdout).not.toContain('get-env');

    const test = (...what: string[]) => portolan('policy', 'test', ...what, ...catalog.source);
    expect((await test('everything', 'echo')).stdout).toContain('allowed: echo of everything');
    const tool = await test('everything', 'get-env');
    expect([tool.code, tool.stdout]).toEqual([7, expect.stringContaining(policyFile)]);
    const bare = await test('everything', '--isolation', 'none');
    expect([bare.code, bare.stdout]).toEqual([7, expect.stringContaining('isolationNone.servers')]);
    expect((await test()).stdout).toMatch(/refused +sequential-thinking/);
  });

  test('a mistake in the policy, also in a second file, stops everything', async () => {
    const broken = join(catalog.folder, 'organisation.yaml');
    writeFileSync(broken, 'servers:\n  alow: [x]\n');
    const env = { ...catalog.env, PORTOLAN_POLICY: broken };
    for (const args of [
      ['run', '--servers', 'everything', ...catalog.source],
      ['tools', 'ls', 'everything', ...catalog.source],
      ['policy', 'show'],
    ]) {
      const result = await run(process.execPath, [RUNNER, ...args], { env }).catch((e) => e);
      expect(result).toMatchObject({ code: 3, stderr: expect.stringContaining(`${broken}:2`) });
    }
  });

  test('no isolation, and no audit log, where the policy forbids it', async () => {
    const bare = await portolan(
      'run',
      '--servers',
      'everything',
      '--isolation',
      'none',
      ...catalog.source,
    );
    expect([bare.code, bare.stderr]).toEqual([7, expect.stringContaining('without isolation')]);
    const file = join(catalog.folder, 'required.yaml');
    writeFileSync(file, 'audit: {required: true}');
    const env = { ...catalog.env, PORTOLAN_POLICY: file };
    const args = ['run', '--servers', 'everything', '--audit', 'off', ...catalog.source];
    await expect(run(process.execPath, [RUNNER, ...args], { env })).rejects.toMatchObject({
      code: 7,
      stderr: expect.stringContaining('AUDIT_REQUIRED'),
    });
  });
});

test('a server cannot send back the secrets that it was given', async () => {
  const secrets = knownSecrets();
  secrets.add(['very-secret-value']);
  const program = resolve('node_modules/@modelcontextprotocol/server-everything/dist/index.js');
  let leaks = 0;
  const channel = guardChannel(
    openPlainChannel([process.execPath, program, 'stdio'], { API_KEY: 'very-secret-value' }),
    secrets,
    () => {
      leaks += 1;
    },
  );
  const answers = new Map<unknown, string>();
  let came = () => {};
  channel.onMessage = (message) => {
    answers.set(message.id, JSON.stringify(message));
    came();
  };
  const ask = async (id: number, method: string, params: Record<string, unknown>) => {
    const answer = new Promise<void>((done) => {
      came = () => answers.has(id) && done();
    });
    await channel.send({ jsonrpc: '2.0', id, method, params });
    await answer;
    return answers.get(id) as string;
  };
  await ask(1, 'initialize', {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  });
  await channel.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  const env = await ask(2, 'tools/call', { name: 'get-env', arguments: {} });
  expect(env).toContain('API_KEY');
  expect(env).not.toContain('very-secret-value');
  const error = await ask(3, 'prompts/get', { name: 'very-secret-value' });
  expect(error).toContain('error');
  expect(error).not.toContain('very-secret-value');
  expect(leaks).toBe(2);
  await channel.close();
});
