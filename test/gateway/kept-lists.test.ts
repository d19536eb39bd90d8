import { readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BuiltCatalog,
  builtCatalog,
  changedRegistry,
  RUNNER,
} from '../support/built-gateway.ts';
import { runPortolan } from '../support/command-line.ts';
import { needs } from '../support/needs.ts';

describe.skipIf(needs('bwrap', 'npm').skip)('a server of the catalog whose tools are live', () => {
  let catalog: BuiltCatalog;
  let registry: string;
  beforeAll(async () => {
    registry = changedRegistry(['sequential-thinking'], (text) =>
      text.replace('tools: static', 'tools: { dynamic: A test lists them live. }'),
    );
    rmSync(join(registry, 'servers', 'sequential-thinking', 'tools.json'));
    catalog = await builtCatalog(['sequential-thinking'], registry);
  });
  afterAll(() => {
    catalog?.remove();
    rmSync(registry, { recursive: true, force: true });
  });

  /** The tools that a client is given, which stays until it has them. */
  async function list(): Promise<readonly string[]> {
    const client = new Client({ name: 'test', version: '1.0.0' });
    const args = ['--servers', 'sequential-thinking', '--isolation', 'bubblewrap'];
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [RUNNER, 'run', ...catalog.source, ...args],
        env: catalog.env as Record<string, string>,
        stderr: 'ignore',
      }),
    );
    const names = async () => (await client.listTools()).tools.map(({ name }) => name);
    const first = await names();
    // What has to be installed first takes longer than a list waits.
    await expect.poll(names, { timeout: 60_000 }).not.toEqual([]);
    const last = await names();
    await client.close();
    return first.length > 0 ? first : last;
  }
  const portolan = (...args: string[]) => runPortolan(args, { env: catalog.env });
  const audited = async () => {
    const path = join(catalog.env.PORTOLAN_HOME as string, 'state', 'audit.jsonl');
    const text = await readFile(path, 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line.includes('"started"')).length;
  };

  it('is started for the first list only, and again when its list was forgotten', async () => {
    expect(await list()).toEqual(['sequentialthinking']);
    expect(await audited()).toBe(1);
    expect(readdirSync(join(catalog.env.PORTOLAN_HOME as string, 'state', 'lists'))).toHaveLength(
      2,
    );
    expect(await list()).toEqual(['sequentialthinking']);
    expect(await audited()).toBe(1);
    expect((await portolan('tools', 'forget', 'sequential-thinking')).stdout).toContain('1 server');
    expect((await portolan('tools', 'forget', '--json')).stdout).toContain('"forgotten": 0');
    await list();
    expect(await audited()).toBe(2);
  });
});
