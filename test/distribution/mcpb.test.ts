import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getMcpConfigForManifest, unpackExtension, v0_3 } from '@anthropic-ai/mcpb';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCatalog, builtCatalog } from '../support/built-gateway.ts';
import { runPortolan } from '../support/command-line.ts';
import { runScript } from '../support/run-script.ts';

describe('the bundle for Claude Desktop', () => {
  let folder = '';
  let unpacked = '';
  let catalog: BuiltCatalog;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portolan-mcpb-'));
    catalog = await builtCatalog(['everything']);
    const [, source = '', ...key] = catalog.source;
    const { env } = catalog;
    expect(await runPortolan(['catalog', 'add', source, ...key], { env })).toMatchObject({
      code: 0,
    });
    const bundle = join(folder, 'portolan.mcpb');
    expect(await runScript('build-mcpb.ts', ['--out', bundle])).toMatchObject({ code: 0 });
    expect(statSync(bundle).size).toBeLessThan(2_000_000);
    unpacked = join(folder, 'unpacked');
    mkdirSync(unpacked);
    expect(await unpackExtension({ mcpbPath: bundle, outputDir: unpacked, silent: true })).toBe(
      true,
    );
  }, 240_000);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
    catalog?.remove();
  });

  const manifest = () =>
    v0_3.McpbManifestSchema.parse(
      JSON.parse(readFileSync(join(unpacked, 'manifest.json'), 'utf8')),
    );

  it('has a manifest that the format’s own schema accepts, of this version', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(manifest()).toMatchObject({ name: 'portolan', version, server: { type: 'node' } });
    expect(readdirSync(join(unpacked, 'dist')).sort()).toEqual(
      expect.arrayContaining(['LICENSES.txt', 'portolan.mjs', 'runner', 'runner.cjs']),
    );
    expect(
      readFileSync(join(unpacked, String(manifest().icon)))
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
  });

  /** Starts what Claude Desktop would start with these settings, and lists its tools. */
  async function toolsWith(userConfig: Record<string, string | boolean>): Promise<string[]> {
    const config = await getMcpConfigForManifest({
      manifest: manifest(),
      extensionPath: unpacked,
      systemDirs: {},
      userConfig,
      pathSeparator: '/',
    });
    if (!config) throw new Error('the manifest lacks required settings');
    const client = new Client({ name: 'claude-desktop', version: '1' });
    await client.connect(
      new StdioClientTransport({
        command: config.command === 'node' ? process.execPath : config.command,
        args: [...(config.args ?? [])],
        env: { ...(catalog.env as Record<string, string>), ...config.env },
        stderr: 'ignore',
      }),
    );
    try {
      return (await client.listTools()).tools.map(({ name }) => name);
    } finally {
      await client.close();
    }
  }

  it('works as it is installed: Claude finds servers and tools by itself', async () => {
    expect(await toolsWith({})).toEqual(expect.arrayContaining(['find_servers', 'call_tool']));
  });

  it('serves the profile that is named, with its own tools', async () => {
    const { env } = catalog;
    expect(await runPortolan(['add', 'everything', '--profile', 'desk'], { env })).toMatchObject({
      code: 0,
    });
    expect(await toolsWith({ profile: 'desk', discover: false })).toContain('get-sum');
    expect(await toolsWith({ profile: 'desk' })).not.toContain('get-sum');
  });
});
