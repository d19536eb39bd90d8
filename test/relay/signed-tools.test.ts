import { describe, expect, it } from 'vitest';
import { compareTools, isSame } from '../../gateway/relay/compare.ts';
import type { ToolChange } from '../../gateway/relay/relay.ts';
import { renderToolDiff } from '../../gateway/relay/render-diff.ts';
import {
  captured,
  fixture,
  gatewayOf,
  type Json,
  rawClient,
  upstream,
} from '../support/gateway.ts';

const scripted = (...args: string[]) => fixture('scripted.ts', ...args);

/** What the scripted server really lists. */
async function truth(): Promise<Json[]> {
  const client = rawClient(gatewayOf([upstream('live', scripted())]));
  await client.initialize();
  const { result } = (await client.ask('tools/list')) as { result: { tools: Json[] } };
  return result.tools;
}

describe('signed tools', () => {
  it('are listed without a start, for 20 servers, in one order', async () => {
    const upstreams = Array.from({ length: 20 }, (_, index) =>
      upstream(`server-${index}`, scripted(), {
        signed: captured([
          { name: `tool-${index}`, inputSchema: { type: 'object' } },
          { name: 'common', inputSchema: { type: 'object' } },
        ]),
      }),
    );
    const client = rawClient(gatewayOf(upstreams));
    await client.initialize();
    const first = (await client.ask('tools/list')) as { result: { tools: Json[] } };
    const second = (await client.ask('tools/list')) as { result: { tools: Json[] } };
    await client.ask('prompts/list');
    await client.ask('resources/list');
    expect(second.result).toEqual(first.result);
    const names = first.result.tools.map(({ name }) => name);
    expect(names).toHaveLength(40);
    expect(names.slice(0, 4)).toEqual(['tool-0', 'server-0__common', 'tool-1', 'server-1__common']);
    expect(upstreams.flatMap(({ channels }) => channels)).toEqual([]);
  });

  it('pass when the server offers what was signed', async () => {
    const changes: ToolChange[] = [];
    const tools = await truth();
    const server = upstream('same', scripted(), { signed: captured(tools) });
    const client = rawClient(gatewayOf([server], { onToolChange: (one) => changes.push(one) }));
    await client.initialize();
    const { result } = await client.ask('tools/call', { name: 'echo', arguments: { a: 1 } });
    expect(result).toEqual({ content: [{ type: 'text', text: '{"a":1}' }] });
    expect(changes).toEqual([]);
  });

  const swapped = async () => {
    const tools = await truth();
    return {
      signed: captured([
        ...tools.map((tool) =>
          tool.name === 'slow' ? { ...tool, description: 'Does slow\u200b' } : tool,
        ),
        { name: 'gone', inputSchema: { type: 'object' } },
      ]),
      command: scripted('--tools', '[{"name":"new","inputSchema":{"type":"object"}}]'),
    };
  };

  it('are withheld when they are changed, new or gone, and everybody is told', async () => {
    const { signed, command } = await swapped();
    const changes: ToolChange[] = [];
    const events: string[] = [];
    const gateway = gatewayOf([upstream('swap', command, { signed })], {
      onToolChange: (one) => changes.push(one),
      audit: ({ event, verdict, name }) => events.push([event, name, verdict].join(' ')),
    });
    const client = rawClient(gateway);
    await client.initialize();
    const changed = await client.ask('tools/call', { name: 'slow', arguments: {} });
    expect(changed.result).toMatchObject({
      isError: true,
      content: [
        { text: expect.stringMatching(/swap: slow is withheld.*signed.*portolan diff swap/) },
      ],
    });
    for (const name of ['gone', 'new']) {
      const answer = await client.ask('tools/call', { name, arguments: {} });
      expect(JSON.stringify(answer)).toMatch(
        name === 'gone' ? /no longer offers it/ : /Unknown tool/,
      );
    }
    expect(await client.ask('tools/call', { name: 'echo', arguments: {} })).toHaveProperty(
      'result',
    );
    await client.until(({ method }) => method === 'notifications/tools/list_changed');
    const { result } = (await client.ask('tools/list')) as { result: { tools: Json[] } };
    const names = result.tools.map(({ name }) => name);
    expect(names).toContain('echo');
    for (const name of ['slow', 'gone', 'new']) expect(names).not.toContain(name);
    expect(changes).toHaveLength(1);
    expect(changes[0]?.diff.added.map(({ name }) => name)).toEqual(['new']);
    expect(events).toContain('call slow withheld');
    expect(events.some((event) => event.startsWith('tools-differ'))).toBe(true);
    expect(gateway.lines.join()).toContain('portolan diff swap');
  });

  it('are passed on as they are, and reported, with toolChanges: warn', async () => {
    const { signed, command } = await swapped();
    const changes: ToolChange[] = [];
    const gateway = gatewayOf([upstream('swap', command, { signed })], {
      toolChanges: 'warn',
      onToolChange: (one) => changes.push(one),
    });
    const client = rawClient(gateway);
    await client.initialize();
    await client.ask('tools/call', { name: 'echo', arguments: {} });
    const answer = await client.ask('tools/call', { name: 'new', arguments: {} });
    expect(JSON.stringify(answer)).toContain('called new');
    expect(changes[0]?.withheld).toBe(false);
  });
});

describe('signed prompts', () => {
  const clientOf = async (signed: Json) => {
    const prompts = { capabilities: { tools: {}, prompts: {} }, prompts: [signed] };
    const server = upstream('one', scripted('--prompt', 'greet'), {
      signed: captured(await truth(), prompts),
    });
    const client = rawClient(gatewayOf([server]));
    await client.initialize();
    return { client, server };
  };

  it('are compared before the first of them is used, also while the server runs already', async () => {
    for (const before of [false, true]) {
      const { client, server } = await clientOf({ name: 'greet', description: 'Another one.' });
      if (before) await client.ask('tools/call', { name: 'echo', arguments: {} });
      const { error } = (await client.ask('prompts/get', { name: 'greet' })) as { error: Json };
      expect(error.message).toMatch(/^one: greet is withheld/);
      expect(server.channels).toHaveLength(1);
    }
  });

  it('pass when they are what was signed', async () => {
    const { client } = await clientOf({ name: 'greet' });
    for (let round = 0; round < 2; round += 1) {
      expect(await client.ask('prompts/get', { name: 'greet' })).toHaveProperty('result');
    }
  });
});

describe('the comparison', () => {
  const tool = { name: 'a', description: 'one', inputSchema: { type: 'object', required: ['x'] } };

  it('looks at values, not at the way of writing them', () => {
    const other = {
      inputSchema: { required: ['x'], type: 'object' },
      description: 'one',
      name: 'a',
    };
    expect(isSame(compareTools([tool], [other]))).toBe(true);
    expect(isSame(compareTools([tool], [{ ...tool, description: 'one ' }]))).toBe(false);
  });

  it('does not take a second definition of a signed name', () => {
    const evil = { ...tool, description: 'one' };
    expect(compareTools([tool], [tool, evil]).added).toEqual([evil]);
  });

  it('shows text and schema, and what cannot be seen', () => {
    const live = {
      ...tool,
      description: 'one\u200b\u{e0041}\u001b[2K',
      inputSchema: { type: 'object', required: ['x', 'y'] },
    };
    const shown = renderToolDiff(
      compareTools([tool], [live, { name: 'b\u202e', inputSchema: {} }]),
    );
    expect(shown).toContain('- description: one\n');
    expect(shown).toContain('+ description: one<U+200B><U+E0041><U+001B>[2K');
    expect(shown).toContain('inputSchema.required');
    expect(shown).toContain('new tool b<U+202E>');
    for (const unseen of ['\u200b', '\u202e', '\u001b']) expect(shown).not.toContain(unseen);
  });
});
