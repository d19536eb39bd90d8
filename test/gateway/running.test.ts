import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openControl } from '../../gateway/control/client.ts';
import { findGateways } from '../../gateway/control/find-gateways.ts';
import type { GatewayEvent } from '../../gateway/control/watch.ts';
import {
  type BuiltCatalog,
  builtCatalog,
  changedRegistry,
  RUNNER,
  startHttpGateway,
} from '../support/built-gateway.ts';
import { runPortolan } from '../support/command-line.ts';
import { needs } from '../support/needs.ts';

describe.skipIf(needs('bwrap', 'npm').skip)('a gateway that runs', () => {
  let catalog: BuiltCatalog;
  let state = '';
  let client: Client;
  beforeAll(async () => {
    catalog = await builtCatalog(['everything', 'context7']);
    state = join(String(catalog.env.PORTOLAN_HOME), 'state');
    client = await startClient();
  });
  afterAll(async () => {
    await client.close();
    catalog.remove();
  });

  const startClient = async () => {
    const started = new Client({ name: 'test-client', version: '1.2.3' });
    await started.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [
          RUNNER,
          'run',
          ...catalog.source,
          '--servers',
          'everything,context7',
          '--isolation',
          'bubblewrap',
        ],
        env: catalog.env as Record<string, string>,
        stderr: 'ignore',
      }),
    );
    return started;
  };
  const portolan = (...args: string[]) => runPortolan(args, { env: catalog.env });
  const ps = async () => JSON.parse((await portolan('ps', '--json')).stdout);
  const announced = async (count = 1) => {
    await expect.poll(async () => (await findGateways(state)).length).toBe(count);
    return findGateways(state);
  };
  const echo = () => client.callTool({ name: 'echo', arguments: { message: 'hello' } });

  it('is listed with its client, its servers and their calls', async () => {
    await announced();
    expect((await portolan('ps')).stdout).toMatch(/everything +not started +0 calls/);
    await echo();
    const [gateway] = await ps();
    expect(gateway).toMatchObject({
      transport: 'stdio',
      catalogs: [{ number: 1 }],
      clients: [{ name: 'test-client', version: '1.2.3', principal: 'stdio' }],
      servers: [
        { name: 'everything', running: 1, calls: 0, total: 1, errors: 0 },
        { name: 'context7', running: 0, total: 0 },
      ],
    });
    const { stdout } = await portolan('ps');
    expect(stdout).toMatch(/stdio {2}test-client 1\.2\.3 {2}since/);
    expect(stdout).toMatch(/everything +running +1 calls +last \d+ s ago/);
  });

  it('tells of itself to nobody else', async () => {
    const [gateway] = await announced();
    if (!gateway) throw new Error('no gateway');
    expect(statSync(join(state, 'gateways')).mode & 0o777).toBe(0o700);
    expect(statSync(join(state, 'gateways', `${gateway.pid}.json`)).mode & 0o777).toBe(0o600);
    expect(statSync(gateway.socket).mode & 0o777).toBe(0o600);
    // Whoever opens the socket without the token is sent away.
    const stranger = createConnection(gateway.socket);
    stranger.write(`${JSON.stringify({ id: 1, token: 'guess', method: 'stop' })}\n`);
    const answer = await new Promise<string>((done) => {
      let text = '';
      stranger.on('data', (chunk) => (text += chunk)).on('close', () => done(text));
    });
    expect(answer).toBe('');
    expect(await ps()).toHaveLength(1);
  });

  it('streams what happens, without arguments', async () => {
    const [gateway] = await announced();
    if (!gateway) throw new Error('no gateway');
    const control = await openControl(gateway);
    const events: GatewayEvent[] = [];
    await control.events((event) => events.push(event));
    await client.callTool({ name: 'echo', arguments: { message: 'a private word' } });
    await expect.poll(() => events.some(({ event }) => event === 'call')).toBe(true);
    control.close();
    expect(events.find(({ event }) => event === 'call')).toMatchObject({
      server: 'everything',
      name: 'echo',
      verdict: 'ok',
      durationMs: expect.any(Number),
    });
    expect(JSON.stringify(events)).not.toContain('private');
  });

  it('keeps the words of its servers, and follows them', async () => {
    const { stdout } = await portolan('logs', 'everything');
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z .+/);
    expect(statSync(join(state, 'logs')).mode & 0o777).toBe(0o700);
    expect(statSync(join(state, 'logs', 'everything.log')).mode & 0o777).toBe(0o600);
    const all = await portolan('logs', '--json', '-n', '1000');
    const lines = all.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ server }) => server)).toContain('_gateway');
    expect(lines.map(({ text }) => text).join('\n')).toContain('ready with 2 servers');
    const times = lines.map(({ time }) => time);
    expect(times).toEqual([...times].sort());
    expect((await portolan('logs', 'everythin')).stderr).toContain('did you mean "everything"?');

    const following = spawn(process.execPath, [RUNNER, 'logs', 'everything', '-f', '-n', '1'], {
      env: catalog.env,
    });
    let text = '';
    following.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    await expect.poll(() => text).toMatch(/Z /);
    appendFileSync(
      join(state, 'logs', 'everything.log'),
      '2026-01-01T00:00:00.000Z 1 a new \u001b[31m line\n',
    );
    await expect.poll(() => text).toContain('a new <U+001B>[31m line');
    const ended = new Promise((done) => following.once('exit', done));
    following.kill('SIGINT');
    expect(await ended).toBe(0);
  });

  it('stops a server, whose next call starts it again', async () => {
    await echo();
    expect((await portolan('stop', 'everything')).stdout).toMatch(
      /everything is stopped in gateway \d+/,
    );
    expect((await ps())[0].servers[0]).toMatchObject({ name: 'everything', running: 0 });
    expect(await echo()).toMatchObject({ content: [{ text: 'Echo: hello' }] });
    expect((await ps())[0].servers[0]).toMatchObject({ running: 1 });
    const unknown = await portolan('stop', 'evrything');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('did you mean "everything"?');
  });

  it('is stopped by its process id, and leaves nothing', async () => {
    const second = await startClient();
    const [, newest] = await announced(2);
    const ambiguous = await portolan('stop');
    expect(ambiguous.code).toBe(2);
    expect(ambiguous.stderr).toContain('several gateways run');
    expect((await portolan('stop', String(newest?.pid))).stdout).toContain('is stopped');
    await announced(1);
    expect(existsSync(String(newest?.socket))).toBe(false);
    await second.close();
    expect((await portolan('stop', '1')).stderr).toContain('no gateway runs with process id 1');
  });

  it('that was killed is forgotten', async () => {
    const second = await startClient();
    const [, newest] = await announced(2);
    if (!newest) throw new Error('no gateway');
    process.kill(newest.pid, 'SIGKILL');
    // Its number may belong to another process by now.
    writeFileSync(
      join(state, 'gateways', '1.json'),
      JSON.stringify({ ...newest, pid: 1, started: '1' }),
      { mode: 0o600 },
    );
    writeFileSync(join(state, 'gateways', '2.json'), 'not JSON', { mode: 0o600 });
    await announced(1);
    expect(readdirSync(join(state, 'gateways')).sort()).toHaveLength(2);
    await second.close();
  });
});

describe.skipIf(needs('bwrap', 'npm').skip)('a server that does not start', () => {
  it('leaves its last words in the logs', async () => {
    const registry = changedRegistry(
      ['everything'],
      (text) => `${text}args: [no-such-transport]\n`,
    );
    const catalog = await builtCatalog(['everything'], registry);
    const gateway = await startHttpGateway(
      [...catalog.source, '--servers', 'everything', '--isolation', 'bubblewrap'],
      catalog.env,
    );
    const client = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: { Authorization: `Bearer ${gateway.token}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit }));
    const result = await client.callTool({ name: 'echo', arguments: { message: 'x' } });
    expect(JSON.stringify(result)).toContain('exit code 1');
    await client.close();
    await gateway.stop();
    const { stdout } = await runPortolan(['logs', 'everything'], { env: catalog.env });
    expect(stdout).toContain('Unknown transport: no-such-transport');
    expect(stdout).toContain('[portolan] a line on stdout is not JSON');
    catalog.remove();
    rmSync(registry, { recursive: true });
  });
});

describe('no gateway', () => {
  it('is said in words and as JSON', async () => {
    const catalog = await builtCatalog(['everything']);
    const portolan = (...args: string[]) => runPortolan(args, { env: catalog.env });
    expect((await portolan('ps')).stdout).toContain('No gateway runs');
    expect(JSON.parse((await portolan('ps', '--json')).stdout)).toEqual([]);
    expect(await portolan('stop')).toMatchObject({ code: 2 });
    expect((await portolan('logs')).stdout).toBe('');
    catalog.remove();
  });
});
