import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect, it } from 'vitest';
import { builtCatalog, startHttpGateway } from '../support/built-gateway.ts';
import { needs } from '../support/needs.ts';

it.skipIf(needs('bwrap', 'npm').skip)(
  'a gateway whose files an update took away goes on, and says that it must be started again',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portolan-replaced-'));
    for (const part of ['portolan.mjs', 'runner', 'runner.cjs']) {
      cpSync(join('dist', part), join(folder, part), { recursive: true });
    }
    const catalog = await builtCatalog(['everything']);
    const gateway = await startHttpGateway(
      [...catalog.source, '--servers', 'everything'],
      catalog.env,
      join(folder, 'portolan.mjs'),
    );
    rmSync(join(folder, 'runner'), { recursive: true });
    const client = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: { Authorization: `Bearer ${gateway.token}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit }));
    // What is loaded already goes on; what is not says why it cannot.
    const result = await client.callTool({ name: 'echo', arguments: { message: 'ahoy' } });
    expect(JSON.stringify(result)).toContain('ahoy');
    await expect
      .poll(() => gateway.stderr())
      .toMatch(/files of Portolan were replaced or removed while it ran.*start it again/);
    await client.close();
    await gateway.stop();
    catalog.remove();
    rmSync(folder, { recursive: true });
  },
);
