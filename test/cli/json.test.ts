import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPem } from '../../core/trust/keys.ts';
import { createProgram } from '../../gateway/cli/program.ts';
import { writeToolkit } from '../migrate/toolkit.ts';
import { authorizationServer, person, protectedServer } from '../oauth/support.ts';
import { type BuiltCatalog, builtCatalog, RUNNER } from '../support/built-gateway.ts';
import { needs } from '../support/needs.ts';
import { portolan } from '../support/portolan.ts';
import { readJsonPage } from './json-page.ts';

const page = readJsonPage();
/** Many commands one after the other, some with packages to fetch, on a busy machine. */
const PATIENCE = 240_000;

describe('the page about --json', () => {
  it('has every command that takes it, and no other', () => {
    const commands = (command: Command, path: string[]): string[] => [
      ...(command.options.some(({ long }) => long === '--json') ? [path.join(' ')] : []),
      ...command.commands.flatMap((one) => commands(one, [...path, one.name()])),
    ];
    expect([...page.types.keys()].sort()).toEqual(commands(createProgram(), []).sort());
  });

  it('finds what is missing, of another type or too much', () => {
    const faults = (json: string) => page.faults([{ type: 'ProfileUse', json }]).join('\n');
    expect(faults('{"name": "a", "path": "/a", "current": true}')).toBe('');
    expect(faults('{"name": "a", "path": "/a"}')).toContain("'current' is missing");
    expect(faults('{"name": 1, "path": "/a", "current": true}')).toContain("'number'");
    expect(faults('{"name": "a", "path": "/a", "current": true, "x": 1}')).toContain('"x"');
    const nested =
      '[{"server": "a", "secrets": [{"name": "b", "description": "", "required": 1}]}]';
    expect(page.faults([{ type: 'SecretCheck', json: nested }]).join()).toContain("'number'");
  });
});

describe.skipIf(process.platform === 'win32' || needs('bwrap', 'npm').skip)(
  'what --json prints',
  () => {
    let built: BuiltCatalog;
    let home: string;
    const outputs: { command: string; type: string; json: string }[] = [];
    beforeAll(async () => {
      built = await builtCatalog(['everything', 'context7', 'filesystem', 'linear', 'github']);
      home = join(built.folder, 'user');
      mkdirSync(home);
      await record('catalog add', ...['catalog', 'add'], ...sourceOf(built), '--name', 'mine');
    });
    afterAll(() => built.remove());

    // npm finds its settings in the real home; clients and Docker's files have one of their own.
    let ownHome = true;
    const environment = (): NodeJS.ProcessEnv => ({
      ...built.env,
      PORTOLAN_PASSPHRASE: 'passphrase of tests',
      ...(ownHome && { HOME: home }),
    });
    const sourceOf = ({ source: [, source = '', ...trust] }: BuiltCatalog) => [source, ...trust];

    /** Runs a command, and keeps what it printed for the page. */
    async function record(command: string, ...args: string[]): Promise<unknown> {
      const { stdout, stderr } = await portolan([...args, '--json'], {
        env: environment(),
        cwd: home,
        stdin: 'a value of tests',
      });
      const type = page.types.get(command) ?? command;
      try {
        const value = JSON.parse(stdout);
        outputs.push({ command, type, json: stdout });
        return value;
      } catch {
        throw new Error(`${args.join(' ')} printed no JSON: ${stdout}${stderr}`);
      }
    }
    const put = (file: string, text: string) => {
      mkdirSync(dirname(join(home, file)), { recursive: true });
      writeFileSync(join(home, file), text);
    };
    /** Runs `record` with the words of a command that are its name as well. */
    const run = (name: string, ...args: string[]) => record(name, ...name.split(' '), ...args);

    it(
      'by catalogs',
      async () => {
        await run('catalog ls');
        await run('catalog update');
        await run('catalog status');
        cpSync(built.layout, join(built.folder, 'copy'), { recursive: true });
        const [, ...trust] = sourceOf(built);
        const copy = `oci-layout:${join(built.folder, 'copy')}`;
        await run('catalog add', copy, ...trust, '--name', 'copy');
        rmSync(join(built.folder, 'copy'), { recursive: true });
        await run('catalog status');
        await run('catalog rm', 'copy');
        await run('catalog reset', copy);
        await run('search', 'library', 'documentation');
        await run('search');
        for (const server of ['everything', 'linear', 'github']) await run('show', server);
        await run('verify', 'everything');
        await record('ErrorReport', 'show', 'nowhere');
      },
      PATIENCE,
    );

    it(
      'by profiles',
      async () => {
        await run('profile create', 'work', '--description', 'Work', '--use');
        await run('profile use', 'work');
        await run('add', 'filesystem', 'linear', 'github');
        await run('set', 'filesystem.directories=/srv', '--isolation', 'filesystem=bubblewrap');
        await run('tools disable', 'filesystem', 'write_file');
        await run('profile show');
        await run('profile ls');
        await run('profile export', 'work', '--output', join(home, 'work.yaml'));
        await run('tools enable', 'filesystem', 'write_file');
        await run('profile import', join(home, 'work.yaml'), 'other');
        put('wider.yaml', readFileSync(join(home, 'work.yaml'), 'utf8').replace('/srv', '/'));
        await run('profile import', join(home, 'wider.yaml'), 'other', '--replace', '--yes');
        const { privatePem, publicPem } = generateKeyPem();
        put('team.key', privatePem);
        put('team.pub', publicPem);
        const target = `oci-layout:${join(built.folder, 'pushed')}`;
        await run('profile push', 'work', target, '--signing-key', join(home, 'team.key'));
        await run('profile pull', target, 'pulled', '--key', join(home, 'team.pub'));
        put('unlocked.yaml', 'servers: { context7: {} }\n');
        await run('update', '--profile', join(home, 'unlocked.yaml'), '--dry-run');
        await run('update', '--frozen');
        await run('remove', 'github');
        await run('profile rm', 'other', '--yes');
        writeToolkit(join(home, '.docker'), { 'tools.yaml': 'github-official: 7\n' });
        put(
          '.cursor/mcp.json',
          '{"mcpServers":{"D":{"command":"docker","args":["mcp","gateway","run"]}}}',
        );
        await run('migrate docker', '--apply');
      },
      PATIENCE,
    );

    it(
      'by secrets, sign-ins and policies',
      async () => {
        await run('secret set', 'context7.api_key', '--stdin');
        await run('secret set', 'github.token', '--reference', 'op://Work/GitHub/token');
        await run('secret ls');
        await run('secret check', 'context7', 'github');
        await run('secret rm', 'context7.api_key');
        await run('token create', 'alice', '--profile', 'work');
        await run('token create', 'bob');
        await run('token ls');
        await run('token revoke', 'alice');
        await run('auth ls');
        await run('auth logout', 'linear');
        put('../home/config/policy.yaml', 'servers: { deny: [github] }\n');
        await run('policy show');
        await run('policy test');
        await run('policy test', 'github');
        await run('policy test', 'filesystem', 'read_file', '--set', 'filesystem.directories=/srv');
        rmSync(join(home, '../home/config/policy.yaml'));
        // A sign-in needs a server that runs over https; the operation prints what it returns.
        const { issuer } = await authorizationServer();
        const server = await protectedServer({ issuer });
        const { authorizer } = await person();
        const login = await authorizer.login(server.url);
        outputs.push({ command: 'auth login', type: 'AuthLogin', json: JSON.stringify(login) });
        const all = await authorizer.list();
        outputs.push({ command: 'auth ls', type: 'AuthLs', json: JSON.stringify(all) });
      },
      PATIENCE,
    );

    it(
      'by clients',
      async () => {
        put('.gemini/settings.json', '{ broken');
        await run('client connect', 'cursor', 'gemini', '--servers', 'everything');
        await run('client connect', 'codex', '--dry-run');
        await run('client ls', '--all');
        await run('client import', 'cursor');
        await run('client undo', 'cursor', '--list');
        await run('client undo', 'cursor');
        await run('client disconnect', 'cursor', 'codex');
      },
      PATIENCE,
    );

    it(
      'by servers',
      async () => {
        ownHome = false;
        const here = ['--isolation', 'bubblewrap'];
        await run('tools ls', 'everything');
        await run('tools show', 'everything', 'echo');
        await run('tools call', 'everything', 'echo', 'message=hello', ...here);
        await run('tools forget', 'everything');
        await run('prompts ls', 'everything');
        await run('prompts get', 'everything', 'simple-prompt', ...here);
        const { resources } = (await run('resources ls', 'everything', ...here)) as {
          resources: { uri: string }[];
        };
        await run('resources read', 'everything', resources[0]?.uri ?? '', ...here);
        await run('diff', 'everything', ...here);
        await run('inspect', 'everything', ...here);
        await run('inspect', 'linear');
        await run('doctor');
      },
      PATIENCE,
    );

    it(
      'by gateways that run',
      async () => {
        await run('ps');
        const client = new Client({ name: 'test-client', version: '1.2.3' });
        await client.connect(
          new StdioClientTransport({
            command: process.execPath,
            args: [RUNNER, 'run', '--servers', 'everything', '--isolation', 'bubblewrap'],
            env: environment() as Record<string, string>,
            stderr: 'ignore',
          }),
        );
        await client.callTool({ name: 'echo', arguments: { message: 'hello' } });
        await expect.poll(async () => ((await run('ps')) as unknown[]).length).toBe(1);
        const { stdout } = await portolan(['logs', '--json'], { env: environment(), cwd: home });
        const lines = stdout.trim().split('\n');
        for (const json of lines) outputs.push({ command: 'logs', type: 'Logs', json });
        await run('stop');
        await client.close();
      },
      PATIENCE,
    );

    it('is what the page says, for every command', () => {
      const recorded = new Set(outputs.map(({ command }) => command));
      recorded.delete('ErrorReport');
      expect(page.faults(outputs)).toEqual([]);
      expect([...recorded].sort()).toEqual([...page.types.keys()].sort());
    });
  },
);
