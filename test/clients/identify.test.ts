import { describe, expect, it } from 'vitest';
import { identify } from '../../gateway/clients/identify.ts';
import {
  type GatewayOption,
  gatewayArgsOf,
  type LaunchPlace,
  launchOf,
} from '../../gateway/clients/launch.ts';

describe('what an entry starts', () => {
  const line = (text: string) => {
    const [command, ...args] = text.split(' ');
    return { command, args };
  };
  it.each([
    [
      line('npx -y @modelcontextprotocol/server-github@2025.4.8'),
      'npm',
      '@modelcontextprotocol/server-github',
    ],
    [line('cmd /c npx -y mcp-sqlite /data/x.db'), 'npm', 'mcp-sqlite'],
    [line('C:\\nodejs\\npx.cmd --yes --package=tool-kit@1 serve'), 'npm', 'tool-kit'],
    [line('npx -p tool-kit serve --token hunter2'), 'npm', 'tool-kit'],
    [line('pnpm dlx firecrawl-mcp'), 'npm', 'firecrawl-mcp'],
    [line('npm exec --yes -- firecrawl-mcp'), 'npm', 'firecrawl-mcp'],
    [line('bunx tavily-mcp@latest'), 'npm', 'tavily-mcp'],
    [
      line('npx -y mcp-remote https://mcp.linear.app/sse/ --header X:hunter2'),
      'url',
      'https://mcp.linear.app/sse',
    ],
    [line('uvx --from git-tools==1 mcp-server-git'), 'pypi', 'git-tools'],
    [
      line('docker run -i --rm -e TOKEN=hunter2 --name x --network=none mcp/github:1 stdio'),
      'image',
      'docker.io/mcp/github',
    ],
    [line('podman run --init -i ghcr.io/acme/tool@sha256:00'), 'image', 'ghcr.io/acme/tool'],
    [line('docker mcp gateway run'), 'docker-toolkit', 'docker mcp gateway'],
    [line('npx -y portolan run --all'), 'portolan', 'portolan'],
    [line('node /opt/portolan.mjs run --all'), 'portolan', 'portolan'],
    [line('/usr/local/bin/my-server --key hunter2'), 'other', 'my-server'],
    [
      { url: 'https://user:hunter2@MCP.example.com/mcp/?token=hunter2' },
      'url',
      'https://mcp.example.com/mcp',
    ],
    [{ httpUrl: 'https://a.example/mcp' }, 'url', 'https://a.example/mcp'],
    [{ serverUrl: 'https://a.example/sse' }, 'url', 'https://a.example/sse'],
    [{ type: 'local', command: ['npx', 'x-mcp'] }, 'npm', 'x-mcp'],
    [{ cmd: 'uvx', args: ['y-mcp'] }, 'pypi', 'y-mcp'],
    [{ command: { path: 'npx', args: ['-y', 'z-mcp'] } }, 'npm', 'z-mcp'],
    [null, 'other', ''],
  ])('%j is %s %s', (entry, kind, name) => {
    expect(identify(entry)).toEqual({ kind, name });
  });
});

describe('the command that is written', () => {
  const linux: LaunchPlace = {
    platform: 'linux',
    env: {},
    home: '/home/me',
    cwd: '/work',
    node: '/usr/bin/node',
  };
  const windows: LaunchPlace = {
    ...linux,
    platform: 'win32',
    cwd: 'C:\\work',
    node: 'C:\\node.exe',
  };

  const option = (
    takes: GatewayOption['takes'],
    flag: string,
    ...values: string[]
  ): GatewayOption => ({ flag, takes, values });
  const servers = option('text', '--servers', 'x');

  it('has absolute paths and every option of the gateway', () => {
    const launch = launchOf(
      'portolan',
      [
        option('path', '--catalog', 'oci-layout:dist/catalog'),
        option('path', '--key', 'a.pub', '/b.pub'),
        option('text', '--servers', 'x,y@1.0.0'),
        option('text', '--set', 'x.list=["a b"]'),
        option('nothing', '--discover'),
      ],
      { ...linux, env: { PORTOLAN_HOME: 'home', SECRET_TOKEN: 'hunter2' } },
    );
    expect(launch).toEqual({
      name: 'portolan',
      command: 'npx',
      args: [
        ...['-y', 'portolan', 'run', '--catalog', 'oci-layout:/work/dist/catalog'],
        ...['--key', '/work/a.pub', '--key', '/b.pub'],
        ...['--servers', 'x,y@1.0.0', '--set', 'x.list=["a b"]', '--discover'],
      ],
      env: { PORTOLAN_HOME: '/work/home' },
    });
  });

  it('goes through cmd on Windows, which must not read the arguments as its own', () => {
    expect(
      launchOf('p', [option('path', '--key', 'k.pub'), option('nothing', '--all')], windows),
    ).toEqual({
      name: 'p',
      command: 'cmd',
      args: ['/c', 'npx', '-y', 'portolan', 'run', '--key', 'C:\\work\\k.pub', '--all'],
      env: {},
    });
    const unsafe = [servers, option('text', '--set', 'x.a=1&calc')];
    expect(() => launchOf('p', unsafe, windows)).toThrow(/--command PATH/);
    expect(launchOf('p', unsafe, windows, 'portolan.mjs')).toMatchObject({
      command: 'C:\\node.exe',
      args: ['C:\\work\\portolan.mjs', 'run', '--servers', 'x', '--set', 'x.a=1&calc'],
    });
  });

  it('refuses names that clients choke on', () => {
    for (const name of ['', 'a b', '-x', 'a.b', 'x'.repeat(65)]) {
      expect(() => launchOf(name, [], linux)).toThrow(/--name/);
    }
  });

  it('is recognized again', () => {
    for (const place of [linux, windows]) {
      for (const file of [undefined, 'dist/portolan.mjs']) {
        const { command, args } = launchOf('p', [servers], place, file);
        expect(gatewayArgsOf([command, ...args])).toEqual(['--servers', 'x']);
      }
    }
    expect(gatewayArgsOf(['npx', '-y', 'portolan@0.1.0', 'run'])).toEqual([]);
    expect(gatewayArgsOf(['portolan-chart', 'run'])).toBeUndefined();
    expect(gatewayArgsOf(['npx', 'portolan', 'search'])).toBeUndefined();
  });
});
