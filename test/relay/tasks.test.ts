import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { describe, expect, it } from 'vitest';
import {
  everything,
  gatewayOf,
  httpOf,
  type Json,
  rawClient,
  upstream,
} from '../support/gateway.ts';

const TOOL = 'simulate-research-query';

describe('the reference server, through the gateway', () => {
  it('has its instructions and what its tools say of tasks', async () => {
    const client = rawClient(gatewayOf([upstream('everything', everything)]));
    await client.initialize({ tasks: { list: {}, cancel: {} } });
    const { result } = (await client.ask('tools/list')) as { result: { tools: Json[] } };
    const tool = result.tools.find(({ name }) => name === TOOL);
    expect(tool?.execution).toEqual({ taskSupport: expect.stringMatching(/required|optional/) });
    // Known once it ran, because nothing of it is signed here.
    const again = await client.initialize();
    expect(again.instructions).toContain('Everything');
  });

  it('runs a call as a task: started, asked for, fetched, listed to its own client only', async () => {
    const gateway = gatewayOf([upstream('everything', everything)]);
    const { url } = await httpOf(gateway);
    const connect = async () => {
      const client = new Client(
        { name: 'test', version: '1.0.0' },
        { capabilities: { tasks: { list: {}, cancel: {} } } },
      );
      await client.connect(new StreamableHTTPClientTransport(new URL(url)));
      return client;
    };
    const [one, other] = await Promise.all([connect(), connect()]);
    await one.listTools();
    const taskIds: string[] = [];
    let answer: unknown;
    const stream = one.experimental.tasks.callToolStream(
      { name: TOOL, arguments: { topic: 'harbours', ambiguous: false } },
      undefined,
      { task: { ttl: 60_000 } },
    );
    for await (const message of stream) {
      if (message.type === 'taskCreated') {
        taskIds.push(message.task.taskId);
        const { tasks } = await one.experimental.tasks.listTasks();
        expect(tasks.map(({ taskId }) => taskId)).toEqual(taskIds);
        expect((await other.experimental.tasks.listTasks()).tasks).toEqual([]);
      }
      if (message.type === 'result') answer = message.result;
    }
    expect(taskIds).toHaveLength(1);
    expect(JSON.stringify(answer)).toContain('harbours');
    const { tasks } = await one.experimental.tasks.listTasks();
    expect(tasks[0]).toMatchObject({ taskId: taskIds[0], status: 'completed' });
    await one.close();
    await other.close();
  });
});
