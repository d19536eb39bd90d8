import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { needs } from '../support/needs.ts';

/** A port that nobody uses now. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

interface Started {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  output(): string;
}

function start(home: string, ...args: string[]): Started {
  const child = spawn(process.execPath, ['scripts/start.ts', ...args], {
    env: { ...process.env, PORTOLAN_HOME: home, ASTRO_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, exited, output: () => output };
}

describe('npm start', () => {
  let home: string;
  let started: Started;
  let sitePort: number;
  let gatewayPort: number;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'portolan-start-'));
    [sitePort, gatewayPort] = [await freePort(), await freePort()];
    started = start(home, '--site-port', `${sitePort}`, '--gateway-port', `${gatewayPort}`);
    await new Promise<void>((resolve, reject) => {
      const poll = setInterval(() => {
        if (started.output().includes('Ctrl-C stops everything')) {
          clearInterval(poll);
          resolve();
        }
      }, 100);
      started.exited.then((code) => {
        clearInterval(poll);
        reject(new Error(`npm start ended with ${code}:\n${started.output()}`));
      });
    });
  }, 600_000);
  afterAll(async () => {
    started?.child.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  });

  it('serves the site and the APIs', async () => {
    const base = `http://127.0.0.1:${sitePort}`;
    const page = await fetch(`${base}/servers/context7/`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('Context7');
    const list = (await (await fetch(`${base}/v0.1/servers`)).json()) as {
      servers: { server: { name: string } }[];
      metadata: { count: number };
    };
    expect(list.metadata.count).toBeGreaterThan(100);
    const name = list.servers[0]?.server.name ?? '';
    const record = await fetch(`${base}/v0.1/servers/${encodeURIComponent(name)}/versions/latest`);
    expect(await record.json()).toMatchObject({ server: { name } });
    expect((await fetch(`${base}/no-such-page`)).status).toBe(404);
  });

  it('serves verified tools, and a call in a box', async () => {
    const client = new Client({ name: 'test', version: '1.0.0' });
    const tokenFile = /bearer token in (\S+?)\)/.exec(started.output())?.[1] ?? '';
    const headers = { Authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` };
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${gatewayPort}/mcp`), {
        requestInit: { headers },
      }),
    );
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('sequentialthinking');
    if (!needs('bwrap').skip) {
      const result = await client.callTool({ name: 'echo', arguments: { message: 'ahoy' } });
      expect(JSON.stringify(result)).toContain('Echo: ahoy');
    }
    await client.close();
  });

  it('says which port is taken, and which option changes it', async () => {
    const other = `${await freePort()}`;
    const second = start(home, '--site-port', `${sitePort}`, '--gateway-port', other);
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(`port ${sitePort} on 127.0.0.1 is in use`);
    expect(second.output()).toContain('--site-port N');
    // Nothing changed since the first start, so nothing is built again.
    expect(second.output()).toContain('[3/3] Build the gateway: up to date');

    const third = start(home, '--site-port', other, '--gateway-port', `${gatewayPort}`);
    expect(await third.exited).toBe(1);
    expect(third.output()).toContain('--gateway-port N');
  });

  it('stops everything on Ctrl-C', async () => {
    started.child.kill('SIGINT');
    expect(await started.exited).toBe(0);
    for (const port of [sitePort, gatewayPort]) {
      await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    }
  });
});
