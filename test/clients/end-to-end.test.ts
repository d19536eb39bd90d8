import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCatalog, builtCatalog, RUNNER } from '../support/built-gateway.ts';

let built: BuiltCatalog;
let home: string;
beforeAll(async () => {
  built = await builtCatalog(['everything', 'filesystem', 'brave-search']);
  home = join(built.folder, 'user');
});
afterAll(() => built.remove());

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built `portolan client` as a user with a home of their own. */
function client(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [RUNNER, ...(args[0] === '--' ? args.slice(1) : ['client', ...args])],
      { env: environment(), cwd: built.folder },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: home, PORTOLAN_HOME: join(built.folder, 'home') };
}

/** The tools that a client gets which starts what its file says. */
async function toolsOf({
  command,
  args,
  env,
}: {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
}): Promise<readonly string[]> {
  const transport = new StdioClientTransport({
    command,
    args,
    env: { HOME: home, PATH: process.env.PATH ?? '', ...env },
    cwd: '/',
    stderr: 'ignore',
  });
  const mcp = new Client({ name: 'test', version: '1.0.0' });
  await mcp.connect(transport);
  const names = (await mcp.listTools()).tools.map(({ name }) => name);
  await mcp.close();
  return names;
}

function put(file: string, content: string): string {
  const path = join(home, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

describe.skipIf(process.platform !== 'linux')('portolan client', () => {
  it('connects what is installed, and the command that it writes serves tools', async () => {
    const cursor = put('.cursor/mcp.json', '{\n  // mine\n}\n');
    const codex = put('.codex/config.toml', 'model = "x" # fast\n');
    const connected = await client(
      ...['connect', '--all', ...built.source, '--servers', 'everything,filesystem'],
      ...['--set', `filesystem.directories=["${home}"]`, '--command', RUNNER],
    );
    expect(connected).toMatchObject({ code: 0, stderr: '' });
    expect(connected.stdout).toContain(`Cursor: added in ${cursor}`);
    expect(connected.stdout).toContain(`Codex CLI: added in ${codex}`);

    const written = JSON.parse(readFileSync(cursor, 'utf8').replace('// mine', ''));
    expect(written.mcpServers.portolan.env).toEqual({ PORTOLAN_HOME: join(built.folder, 'home') });
    expect(await toolsOf(written.mcpServers.portolan)).toEqual(
      expect.arrayContaining(['echo', 'read_text_file']),
    );

    const listed = JSON.parse((await client('ls', '--json')).stdout);
    expect(listed).toEqual([
      expect.objectContaining({
        id: 'cursor',
        connections: [expect.objectContaining({ name: 'portolan' })],
      }),
      expect.objectContaining({
        id: 'codex',
        connections: [expect.objectContaining({ name: 'portolan' })],
      }),
    ]);
    expect((await client('disconnect', '--all')).code).toBe(0);
    expect(readFileSync(cursor, 'utf8')).toBe('{\n  // mine\n}\n');
    expect(readFileSync(codex, 'utf8')).toBe('model = "x" # fast\n');
    expect((await client('undo', 'codex')).code).toBe(0);
    expect(readFileSync(codex, 'utf8')).toContain('[mcp_servers.portolan]');
    expect((await client('undo', 'codex')).code).toBe(0);
    expect(readFileSync(codex, 'utf8')).toBe('model = "x" # fast\n');
  });

  it('connects a project, and shows a diff first', async () => {
    const args = [
      ...['connect', 'claude-code', '--project', 'shop', '--servers', 'everything'],
      ...['--allow-path', 'data', '--audit', 'off', '--prefix', 'always', '--discover'],
    ];
    const file = join(built.folder, 'shop', '.mcp.json');
    const dry = await client(...args, ...built.source, '--dry-run');
    expect(dry.stdout).toContain(`+++ ${file}`);
    expect(() => readFileSync(file)).toThrow(/ENOENT/);
    expect((await client(...args, ...built.source)).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      mcpServers: {
        portolan: {
          type: 'stdio',
          command: 'npx',
          args: [
            ...['-y', 'portolan', 'run', ...built.source, '--servers', 'everything'],
            ...['--allow-path', join(built.folder, 'data'), '--prefix', 'always'],
            ...['--discover', '--audit', 'off'],
          ],
          env: { PORTOLAN_HOME: join(built.folder, 'home') },
        },
      },
    });
  });

  it('refuses what a client could not start', async () => {
    const connect = (...args: string[]) => client('connect', 'kiro', ...built.source, ...args);
    expect(await connect()).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('SERVERS_MISSING'),
    });
    expect(await connect('--servers', 'everythin')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean "everything"'),
    });
    expect(await connect('--servers', 'filesystem', '--set', 'filesystem.folder=/x')).toMatchObject(
      {
        code: 2,
        stderr: expect.stringContaining('no parameter "folder"'),
      },
    );
    const secret = await connect(
      '--servers',
      'brave-search',
      '--set',
      'brave-search.api_key=hunter2',
    );
    expect(secret).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('SECRET_IN_ARGUMENT'),
    });
    expect(secret.stderr).not.toContain('hunter2');
    expect(() => readFileSync(join(home, '.kiro/settings/mcp.json'))).toThrow(/ENOENT/);
  });

  it('proposes entries for the servers that a client has, without their credentials', async () => {
    put(
      '.gemini/settings.json',
      `{ "mcpServers": {
        "files": { "command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem@1", "/home/me"] },
        "search": { "command": "npx", "args": ["-y", "@brave/brave-search-mcp-server", "--key", "hunter2"], "env": { "K": "hunter2" } },
        "mine": { "command": "/opt/mine", "args": ["--token=hunter2"] }
      } }`,
    );
    const { code, stdout, stderr } = await client('import', 'gemini', ...built.source);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/files +npm @modelcontextprotocol\/server-filesystem +-> filesystem/);
    expect(stdout).toMatch(/search +npm @brave\/brave-search-mcp-server +-> brave-search/);
    expect(stdout).toMatch(/mine +other mine +in no catalog/);
    expect(stdout).toContain('portolan client connect gemini --servers filesystem,brave-search');
    expect(stdout).not.toContain('hunter2');
  });

  it('says which of several clients failed, and connects the others', async () => {
    const broken = put('.cursor/mcp.json', '{ oops');
    const outcome = await client('connect', 'cursor', 'amp', '--all-servers', ...built.source);
    expect(outcome.code).toBe(3);
    expect(outcome.stderr).toContain(`${broken}:1:3: `);
    expect(outcome.stdout).toContain('Amp: added');
    expect(readFileSync(broken, 'utf8')).toBe('{ oops');
    const listed = await client('ls');
    expect(listed.stdout).toMatch(/cursor +Cursor +installed +.*mcp\.json:1:3/);
    expect(listed.stdout).toMatch(/amp +Amp +connected +portolan: every server of the catalog/);
  });

  it('gives each client a profile, and shows which', async () => {
    home = join(built.folder, 'team');
    const portolan = (...args: string[]) => client('--', ...args);
    const [, source = '', ...trust] = built.source;
    expect(await portolan('catalog', 'add', source, ...trust)).toMatchObject({ code: 0 });
    await portolan('add', 'everything', '--profile', 'work');
    await portolan('add', 'everything', '--profile', './shop/portolan.yaml');
    for (const id of ['cursor', 'codex', 'goose', 'zed']) {
      const args = ['connect', id, '--profile', 'work', '--command', RUNNER];
      expect(await client(...args)).toMatchObject({ code: 0 });
    }
    await client('connect', 'gemini', '--profile', './shop/portolan.yaml');
    await client('connect', 'kiro', '--profile', 'work', '--servers', 'everything');
    expect(await client('connect', 'vscode', '--profile', 'wrok')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('PROFILE_UNKNOWN'),
    });
    await portolan('profile', 'use', 'work');
    await client('connect', 'amp');
    const project = join(built.folder, 'shop', 'portolan.yaml');
    const rows = JSON.parse((await client('ls', '--all', '--json')).stdout) as {
      id: string;
      connections: { profile?: string; servers?: string[] }[];
    }[];
    const used = Object.fromEntries(
      rows.flatMap(({ id, connections: [one] }) => (one ? [[id, one.profile]] : [])),
    );
    expect(used).toEqual({
      ...{ cursor: 'work', codex: 'work', goose: 'work', zed: 'work', kiro: 'work' },
      ...{ gemini: project, amp: undefined },
    });
    const { stdout } = await client('ls', '--all');
    expect(stdout).toMatch(/cursor +Cursor +connected +portolan: profile work/);
    expect(stdout).toMatch(/gemini .*portolan: profile .*shop\/portolan\.yaml/);
    expect(stdout).toMatch(/kiro .*portolan: everything of profile work/);
    expect(stdout).toMatch(/amp .*portolan: the current profile \(work\)/);
    // The commands that were written serve what the profile holds.
    const cursor = JSON.parse(readFileSync(join(home, '.cursor/mcp.json'), 'utf8'));
    expect(await toolsOf(cursor.mcpServers.portolan)).toContain('echo');
    const zed = JSON.parse(readFileSync(join(home, '.config/zed/settings.json'), 'utf8'));
    expect(await toolsOf(zed.context_servers.portolan)).toContain('echo');
    expect((await client('disconnect', '--all')).code).toBe(0);
  });
});
