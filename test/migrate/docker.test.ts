import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BuiltCatalog, builtCatalog } from '../support/built-gateway.ts';
import { type Outcome, portolan } from '../support/portolan.ts';
import { WORK, writeDatabase, writeToolkit } from './toolkit.ts';

let built: BuiltCatalog;
let home: string;
beforeAll(async () => {
  built = await builtCatalog([
    'github',
    'github-remote',
    'duckduckgo',
    'filesystem',
    'linear',
    'context7',
  ]);
});
afterAll(() => built.remove());
beforeEach(() => {
  home = mkdtempSync(join(built.folder, 'user-'));
});

/** Runs the built `portolan migrate docker` as a user with a home of their own. */
function migrate(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return command(['migrate', 'docker', ...args, ...built.source], env);
}

function command(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return portolan(args, {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, PORTOLAN_HOME: join(home, 'portolan'), ...env },
  });
}

const plan = async (args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) =>
  JSON.parse((await migrate([...args, '--json'], env)).stdout);
const docker = () => join(home, '.docker');
const profileFile = (name: string) =>
  readFileSync(join(home, 'portolan', 'config', 'profiles', `${name}.yaml`), 'utf8');
const profiles = () => {
  try {
    return readdirSync(join(home, 'portolan', 'config', 'profiles'));
  } catch {
    return [];
  }
};

function put(file: string, text: string): string {
  const path = join(home, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

describe.skipIf(process.platform === 'win32')('portolan migrate docker', () => {
  it('plans what was switched on, and writes nothing', async () => {
    writeToolkit(docker());
    const { code, stdout, stderr } = await migrate();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('+ github-official is github');
    expect(stdout).toContain('exact: the same image ghcr.io/github/github-mcp-server');
    expect(stdout).toMatch(/\+ duckduckgo is duckduckgo .*exact: the same image docker.io\/mcp\//);
    expect(stdout).toContain('exact: the same name and source github.com/modelcontextprotocol');
    // As `add` shows it: what a server may touch, and what it lacks.
    expect(stdout).toContain('+ may reach api.github.com:443');
    expect(stdout).toContain('portolan secret set github.token --profile docker');
    expect(stdout).toContain('! the secret token is github.personal_access_token there');
    expect(stdout).toContain('Settings: directories = ["/home/me/work"]');
    expect(stdout).toContain('! paths is called directories here');
    expect(stdout).toContain('! the setting nested.host has no counterpart here');
    expect(stdout).toContain('! it has no tool no_such_tool here');
    expect(stdout).toContain('! every tool is switched off, as it was');
    expect(stdout).toContain('- ffmpeg: in none of your catalogs');
    expect(stdout).toContain('npm run import -- docker');
    expect(stdout).toContain('Nothing was written. --apply writes docker.');
    expect(profiles()).toEqual([]);
  });

  it('leaves out what the policy refuses, and takes the rest', async () => {
    writeToolkit(docker());
    put('portolan/config/policy.yaml', 'servers: {deny: [duckduckgo]}\n');
    const applied = await migrate(['--apply']);
    expect(applied).toMatchObject({ code: 0, stderr: '' });
    expect(applied.stdout).toContain('- duckduckgo: left out');
    expect(applied.stdout).toMatch(/! the user's policy refuses .*duckduckgo/);
    expect(profileFile('docker')).toContain('github:');
    expect(profileFile('docker')).not.toContain('duckduckgo');
  });

  it('writes a profile that is locked and that other commands read', async () => {
    writeToolkit(docker());
    const applied = await migrate(['--apply']);
    expect(applied).toMatchObject({ code: 0, stderr: '' });
    expect(applied.stdout).toContain('Written: the profile docker.');
    const shown = JSON.parse((await command(['profile', 'show', 'docker', '--json'])).stdout);
    expect(shown.profile.servers).toEqual({
      github: {
        parameters: { read_only: true, toolsets: ['repos'] },
        tools: { enable: ['get_me', 'search_code'] },
      },
      duckduckgo: { tools: { disable: ['*'] } },
      filesystem: {
        parameters: { directories: ['/home/me/work'] },
        tools: { enable: ['read_text_file', 'no_such_tool'] },
      },
      linear: {},
    });
    expect(Object.keys(shown.lock.servers).sort()).toEqual(
      Object.keys(shown.profile.servers).sort(),
    );
    const frozen = await command(['update', '--profile', 'docker', '--frozen']);
    expect(frozen).toMatchObject({ code: 0 });
    // A second time needs a word, and changes nothing without it.
    const before = profileFile('docker');
    const again = await migrate(['--apply']);
    expect(again).toMatchObject({ code: 2, stdout: '' });
    expect(again.stderr).toContain('PROFILE_EXISTS');
    expect(profileFile('docker')).toBe(before);
    // The same again asks for nothing; other folders do.
    expect(await migrate(['--apply', '--replace'])).toMatchObject({ code: 0 });
    expect(profileFile('docker')).toBe(before);
    writeToolkit(docker(), { 'config.yaml': 'filesystem: {paths: [/]}\n' });
    const wider = await migrate(['--apply', '--replace']);
    expect(wider).toMatchObject({ code: 7 });
    expect(wider.stderr).toContain('CONSENT_NEEDED');
    expect(wider.stdout).toContain('! directories: ["/home/me/work"] -> ["/"]');
    expect(profileFile('docker')).toBe(before);
    expect(await migrate(['--apply', '--replace', '--yes'])).toMatchObject({ code: 0 });
    expect(profileFile('docker')).not.toBe(before);
  });

  it('carries nothing over that does not fit or is a secret here', async () => {
    writeToolkit(docker(), {
      'registry.yaml': 'registry: {github-official: {}, filesystem: {}}\n',
      'config.yaml':
        'github-official: {token: ghp_hush, read_only: perhaps, toolsets: [hush]}\nfilesystem: {a: [x], b: [y]}\n',
    });
    const { stdout, stderr } = await migrate();
    expect(`${stdout}${stderr}`).not.toContain('hush');
    expect(stdout).toContain('token is a secret here and was not carried over');
    expect(stdout).toContain('the setting read_only does not fit read_only, which must be of');
    expect(stdout).toContain('the setting toolsets does not fit toolsets, which may hold actions');
    // Two lists for one place: nothing is guessed about folders.
    expect(stdout).toContain('the setting a has no counterpart here; left out');
    expect(stdout).toContain('the setting b has no counterpart here; left out');
    const [{ servers }] = (await plan()).profiles;
    expect(servers[0].value).toEqual({
      tools: { enable: ['get_me', 'search_code'] },
    });
    expect(servers[1].value.parameters).toBeUndefined();
  });

  it('takes a likely match only when told', async () => {
    writeToolkit(docker(), {
      'registry.yaml': 'registry: {context7: {ref: ""}, git-hub-mcp: {ref: ""}}\n',
      'config.yaml': '',
      'tools.yaml': '',
    });
    const { profiles: before } = await plan();
    expect(before[0].servers[0]).toMatchObject({
      docker: 'context7',
      matches: [{ entry: 'context7', sure: 'likely', by: 'name', why: 'the same name' }],
    });
    expect(before[0].servers[0].server).toBeUndefined();
    expect((await migrate()).stdout).toContain(
      'likely context7 (the same name); take it with --map context7=context7, or --likely',
    );
    // Nothing fits for sure: that is told, and no empty profile is written.
    expect(await migrate(['--apply'])).toMatchObject({ code: 1 });
    expect(profiles()).toEqual([]);
    const [taken] = (await plan(['--likely', '--map', 'git-hub-mcp=github'])).profiles;
    expect(taken.servers.map((server: { server?: string }) => server.server)).toEqual([
      'context7',
      'github',
    ]);
    const stray = await migrate(['--map', 'gitlab=github']);
    expect(stray).toMatchObject({ code: 2 });
    expect(stray.stderr).toContain('MAP_UNKNOWN');
    expect((await migrate(['--map', 'context7=nowhere'])).stderr).toContain('SERVER_UNKNOWN');
    expect((await migrate(['--map', 'context7'])).stderr).toContain('MAP_MALFORMED');
  });

  it('reads the profiles of the database', async () => {
    writeDatabase(docker(), [WORK, { ...WORK, id: 'default', name: 'Default Profile' }]);
    const { files, catalogs, profiles: plans } = await plan(['--apply']);
    expect(files).toEqual(['mcp-toolkit.db']);
    expect(catalogs).toEqual([{ name: 'Docker MCP Catalog', servers: 0 }]);
    expect(plans.map(({ docker: from, name }: Record<string, string>) => [from, name])).toEqual([
      ['default', 'docker'],
      ['work', 'work'],
    ]);
    expect(plans[1].servers.map((one: Record<string, unknown>) => one.server)).toEqual([
      'duckduckgo',
      'linear',
      undefined,
    ]);
    expect(plans[1].servers[1]).toMatchObject({
      match: { sure: 'exact', why: 'the same address https://mcp.linear.app/mcp' },
      missing: { signIn: true },
    });
    expect(profiles().filter((file) => file.endsWith('.yaml'))).toEqual([
      'docker.yaml',
      'work.yaml',
    ]);
    const one = await plan(['--only', 'work', '--profile', './team.yaml', '--apply']);
    expect(one.profiles).toEqual([expect.objectContaining({ written: true })]);
    expect(readFileSync(join(home, 'team.yaml'), 'utf8')).toContain('linear');
    expect((await migrate(['--profile', 'x'])).stderr).toContain('PROFILE_AMBIGUOUS');
    expect((await migrate(['--only', 'wrk'])).stderr).toContain('DOCKER_PROFILE_UNKNOWN');
    // The database is as it was, without a journal beside it.
    expect(readdirSync(join(docker(), 'mcp'))).toEqual(['mcp-toolkit.db']);
  });

  it('says how to go on where Node.js has no SQLite, and reads exported profiles', async () => {
    writeDatabase(docker(), [WORK]);
    writeToolkit(docker());
    const without = await migrate([], { NODE_OPTIONS: '--no-experimental-sqlite' });
    expect(without).toMatchObject({ code: 1 });
    expect(without.stderr).toContain('mcp-toolkit.db needs SQLite');
    expect(without.stderr).toContain('docker mcp profile export PROFILE profile.json');
    // The rest is planned all the same.
    expect(without.stdout).toContain('+ duckduckgo is duckduckgo');
    put('profile.json', JSON.stringify({ version: 1, ...WORK }));
    const { profiles: plans } = await plan(['--export', 'profile.json', '--apply']);
    expect(plans).toEqual([expect.objectContaining({ docker: 'work', written: true })]);
    expect(profileFile('work')).toContain('duckduckgo');
  });

  it('tells what is broken with file and field, and takes over the rest', async () => {
    writeToolkit(docker(), {
      'config.yaml': 'filesystem: [1]\ngithub-official: {toolsets: {a: 1}}\n',
      'tools.yaml': 'github-official: all\n',
      'catalogs/mine.yaml': 'registry:\n  a: [\n',
      'working-sets/old.json': '{}',
    });
    const { code, stderr, stdout } = await migrate();
    expect(code).toBe(1);
    expect(stderr).toContain('config.yaml: filesystem is not a map of settings');
    expect(stderr).toContain('tools.yaml: github-official is not a list of names of tools');
    expect(stderr).toMatch(/catalogs\/mine\.yaml:\d+: .*mend the line/);
    expect(stdout).toContain('+ filesystem is filesystem');
    expect(stdout).toContain('parameter directories');
    writeFileSync(join(docker(), 'mcp', 'mcp-toolkit.db'), 'no database');
    const { problems } = await plan();
    expect(problems.map(({ error }: { error: { code: string } }) => error.code)).toContain(
      'DOCKER_DATABASE',
    );
    writeDatabase(join(home, 'other'), [
      { ...WORK, servers: { a: 1 } as never },
      { ...WORK, id: 'b', servers: [7, { type: 'image' }, WORK.servers[0]] as never },
    ]);
    const other = await migrate(['--from', join(home, 'other')]);
    expect(other.stderr).toContain('profile work: servers is not a list of servers');
    expect(other.stderr).toContain('profile b: servers[0] is not a map');
    expect(other.stderr).toContain('profile b: servers[1] is not a server with an image');
    expect(other.stdout).toContain('b -> profile b: 1 of 1 server');
  });

  it('finds the folder by --from, DOCKER_CONFIG or home', async () => {
    expect(await migrate()).toMatchObject({ code: 2 });
    expect((await migrate()).stderr).toContain('DOCKER_NOT_FOUND');
    writeToolkit(join(home, 'elsewhere'));
    const places = [
      plan(['--from', 'elsewhere']),
      plan(['--from', join('elsewhere', 'mcp')]),
      plan([], { DOCKER_CONFIG: join(home, 'elsewhere') }),
    ];
    for (const { folder } of await Promise.all(places)) {
      expect(folder).toBe(join(home, 'elsewhere', 'mcp'));
    }
    writeDatabase(docker(), [WORK]);
    // The toolkit keeps its files in the home whatever DOCKER_CONFIG says.
    const { folder } = await plan([], { DOCKER_CONFIG: join(home, 'empty') });
    expect(folder).toBe(join(docker(), 'mcp'));
  });

  it('names the clients that start it, and commands that work', async () => {
    writeDatabase(docker(), [WORK]);
    const cursor = put(
      '.cursor/mcp.json',
      '{\n  // mine\n  "mcpServers": {\n    "MCP_DOCKER": { "command": "docker", "args": ["mcp", "gateway", "run", "--profile", "work"] },\n    "other": { "command": "node", "args": ["x.js"] }\n  }\n}\n',
    );
    put(
      '.vscode/mcp.json',
      '{"servers":{"MCP_DOCKER":{"type":"stdio","command":"docker","args":["--context","desktop-linux","mcp","gateway","run"]}}}',
    );
    put('.gemini/settings.json', '{ broken');
    const { clients, problems } = await plan(['--apply']);
    expect(clients).toEqual([
      expect.objectContaining({
        id: 'cursor',
        profile: 'work',
        connect: 'portolan client connect cursor --profile work',
        disconnect: 'portolan client disconnect cursor --name MCP_DOCKER --force',
      }),
      expect.objectContaining({
        id: 'vscode',
        project: true,
        connect: 'portolan client connect vscode --project --profile work',
      }),
    ]);
    expect(problems).toEqual([
      { error: expect.objectContaining({ code: 'CLIENT_CONFIG_MALFORMED' }) },
    ]);
    const [, source = '', ...trust] = built.source;
    expect(await command(['catalog', 'add', source, ...trust])).toMatchObject({ code: 0 });
    for (const line of [clients[0].connect, clients[0].disconnect]) {
      const [, ...words] = line.split(' ');
      expect(await command(words)).toMatchObject({ code: 0, stderr: '' });
    }
    const text = readFileSync(cursor, 'utf8');
    expect(text).toContain('// mine');
    expect(text).not.toContain('MCP_DOCKER');
    expect(text).toMatch(/"--profile",\s*"work"/);
    expect(text).toContain('"other"');
  });
});
