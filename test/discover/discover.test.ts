import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildIndex, wordsOf } from '../../gateway/discover/rank.ts';
import {
  type BuiltCatalog,
  builtCatalog,
  type HttpGateway,
  startHttpGateway,
} from '../support/built-gateway.ts';
import { needs } from '../support/needs.ts';

describe('ranking', () => {
  const texts = [
    'createIssue: opens an issue in a repository',
    'list_issues: lists issues of a repository, with filters for state, label and more words',
    'get_weather: the weather of a city',
  ];
  const best = (query: string) =>
    buildIndex(texts, (text) => [[text, 1]])
      .search(query, 10)
      .map(({ item }) => texts.indexOf(item));

  test('rare words count more, short texts more, plurals and camel case are words', () => {
    expect(best('weather')).toEqual([2]);
    expect(best('create issues')[0]).toBe(0);
    expect(best('repository')).toEqual([0, 1]);
    expect(best('weather repository')[0]).toBe(2);
    expect(best('nothing fits this')).toEqual([]);
    expect(wordsOf('createIssues_v2 über-Class')).toEqual([
      'create',
      'issue',
      'v2',
      'über',
      'class',
    ]);
  });
});

const { skip } = needs('bwrap', 'npm');

describe.skipIf(skip)('run --discover', () => {
  let catalog: BuiltCatalog;
  let http: HttpGateway;

  beforeAll(async () => {
    catalog = await builtCatalog(['everything', 'sequential-thinking', 'memory', 'filesystem']);
    mkdirSync(join(catalog.folder, 'home/config'), { recursive: true });
    writeFileSync(
      join(catalog.folder, 'home/config/policy.yaml'),
      'servers: {deny: [memory]}\ntools: {everything: {deny: [get-env]}}\n',
    );
    http = await startHttpGateway(
      [...catalog.source, '--servers', 'everything', '--discover', '--isolation', 'bubblewrap'],
      catalog.env,
    );
  });
  afterAll(async () => {
    await http?.stop();
    catalog?.remove();
  });

  const info = { name: 'test', version: '1.0.0' };
  const requestInit = () => ({ headers: { Authorization: `Bearer ${http.token}` } });
  const modern = async () => {
    const client = new ModernClient(info);
    await client.connect(
      new StreamableHTTPClientTransport(new URL(http.url), { requestInit: requestInit() }),
    );
    return client;
  };
  const legacy = async () => {
    const client = new LegacyClient(info, { capabilities: { sampling: {} } });
    const transport = new LegacyHttp(new URL(http.url), { requestInit: requestInit() });
    await client.connect(transport as never);
    return client;
  };
  type Caller = Pick<ModernClient, 'listTools' | 'callTool' | 'close'>;
  const clients: Record<string, () => Promise<Caller>> = {
    'SDK 2': modern,
    'SDK 1': legacy as unknown as () => Promise<Caller>,
  };

  test.each(Object.keys(clients))('%s finds, describes and calls tools', async (name) => {
    const client = await (clients[name] as () => Promise<Caller>)();
    const ask = async (tool: string, values: Record<string, unknown>) => {
      const { content, isError } = await client.callTool({ name: tool, arguments: values });
      return { text: (content as { text: string }[])[0]?.text ?? '', isError };
    };
    expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual([
      'find_tools',
      'describe_tool',
      'call_tool',
      'find_servers',
      'add_server',
      'remove_server',
    ]);
    const found = JSON.parse(
      (await ask('find_tools', { query: 'add two numbers', limit: 3 })).text,
    );
    expect(found[0].name).toBe('get-sum');
    const described = JSON.parse((await ask('describe_tool', { name: 'get-sum' })).text);
    expect(described.inputSchema.required).toEqual(['a', 'b']);
    const sum = { name: 'get-sum', arguments: { a: 2, b: 3 } };
    expect((await ask('call_tool', sum)).text).toContain('5');
    expect((await ask('find_tools', { query: 'environment variables' })).text).not.toContain(
      'get-env',
    );
    expect(await ask('describe_tool', { name: 'get-env' })).toMatchObject({ isError: true });
    await expect(ask('call_tool', { name: 'get-env' })).rejects.toThrow('get-env');
    expect(await ask('find_tools', {})).toMatchObject({ isError: true });
    await client.close();
  });

  test('a call through call_tool keeps progress and questions to the client', async () => {
    const client = await legacy();
    client.setRequestHandler(CreateMessageRequestSchema, async () => ({
      model: 'test',
      role: 'assistant',
      content: { type: 'text', text: 'an answer of the model' },
    }));
    const sampled = await client.callTool({
      name: 'call_tool',
      arguments: { name: 'trigger-sampling-request', arguments: { prompt: 'hello' } },
    });
    expect(JSON.stringify(sampled)).toContain('an answer of the model');
    const steps: number[] = [];
    await client.callTool(
      {
        name: 'call_tool',
        arguments: {
          name: 'trigger-long-running-operation',
          arguments: { duration: 0.2, steps: 2 },
        },
      },
      undefined,
      { onprogress: ({ progress }) => steps.push(progress) },
    );
    expect(steps).toEqual([1, 2]);
    await client.close();
  });

  test('servers are found and added within the policy, without settings by the model', async () => {
    const client = await modern();
    const ask = async (tool: string, values: Record<string, unknown>) => {
      const { content, isError } = await client.callTool({ name: tool, arguments: values });
      return { text: (content as { text: string }[])[0]?.text ?? '', isError };
    };
    const find = async (query: string) => (await ask('find_servers', { query })).text;
    expect(JSON.parse(await find('step by step thinking'))[0]).toMatchObject({
      name: 'sequential-thinking',
      connected: false,
    });
    expect(await find('knowledge graph memory')).not.toContain('"memory"');
    expect(await ask('add_server', { name: 'memory' })).toMatchObject({
      isError: true,
      text: expect.stringContaining('servers deny "memory"'),
    });
    expect(await ask('add_server', { name: 'filesystem' })).toMatchObject({
      isError: true,
      text: expect.stringContaining('directories'),
    });
    expect(await ask('add_server', { name: 'nowhere' })).toMatchObject({ isError: true });
    expect((await ask('add_server', { name: 'sequential-thinking' })).text).toContain('1 tool;');
    expect((await ask('find_tools', { query: 'thinking' })).text).toContain('sequentialthinking');
    expect((await ask('remove_server', { name: 'sequential-thinking' })).isError).toBeUndefined();
    expect((await ask('find_tools', { query: 'thinking' })).text).not.toContain(
      'sequentialthinking',
    );
    await client.close();
    const log = join(catalog.folder, 'home/state/audit.jsonl');
    await expect.poll(() => readFileSync(log, 'utf8')).toContain('"server-removed"');
  });

  test('the log says what it saves', () => {
    const [, tools, before, after] =
      /--discover: (\d+) tools of about (\d+) tokens give way to 6 tools of about (\d+)/.exec(
        http.stderr(),
      ) ?? [];
    expect(Number(tools)).toBeGreaterThan(10);
    expect(Number(before)).toBeGreaterThan(Number(after));
  });
});
