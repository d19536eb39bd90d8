import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Client } from '../../gateway/clients/client.ts';
import { configFile, findClient, isInstalled } from '../../gateway/clients/locate.ts';
import type { Machine } from '../../gateway/clients/machine.ts';
import { CLIENTS } from '../../gateway/clients/table.ts';

const linux: Machine = { platform: 'linux', env: {}, home: '/home/me' };
const mac: Machine = { platform: 'darwin', env: {}, home: '/Users/me' };
const windows: Machine = {
  platform: 'win32',
  env: {
    APPDATA: 'C:\\Users\\me\\AppData\\Roaming',
    LOCALAPPDATA: 'C:\\Users\\me\\AppData\\Local',
  },
  home: 'C:\\Users\\me',
};
const nowhere = () => false;

/** id, Linux, macOS, Windows, in a project; below the home folder except where a letter says else. */
const EXPECTED: readonly (readonly [string, string, string, string, string | undefined])[] = [
  [
    'vscode',
    '.config/Code/User/mcp.json',
    'Library/Application Support/Code/User/mcp.json',
    'AppData\\Roaming\\Code\\User\\mcp.json',
    '.vscode/mcp.json',
  ],
  ['cursor', '.cursor/mcp.json', '.cursor/mcp.json', '.cursor\\mcp.json', '.cursor/mcp.json'],
  ['claude-code', '.claude.json', '.claude.json', '.claude.json', '.mcp.json'],
  [
    'claude-desktop',
    '.config/Claude/claude_desktop_config.json',
    'Library/Application Support/Claude/claude_desktop_config.json',
    'AppData\\Roaming\\Claude\\claude_desktop_config.json',
    undefined,
  ],
  ['lmstudio', '.lmstudio/mcp.json', '.lmstudio/mcp.json', '.lmstudio\\mcp.json', undefined],
  [
    'goose',
    '.config/goose/config.yaml',
    '.config/goose/config.yaml',
    'AppData\\Roaming\\Block\\goose\\config\\config.yaml',
    undefined,
  ],
  [
    'gemini',
    '.gemini/settings.json',
    '.gemini/settings.json',
    '.gemini\\settings.json',
    '.gemini/settings.json',
  ],
  [
    'codex',
    '.codex/config.toml',
    '.codex/config.toml',
    '.codex\\config.toml',
    '.codex/config.toml',
  ],
  [
    'zed',
    '.config/zed/settings.json',
    '.config/zed/settings.json',
    'AppData\\Roaming\\Zed\\settings.json',
    '.zed/settings.json',
  ],
  [
    'windsurf',
    '.codeium/windsurf/mcp_config.json',
    '.codeium/windsurf/mcp_config.json',
    '.codeium\\windsurf\\mcp_config.json',
    undefined,
  ],
  [
    'continue',
    '.continue/config.yaml',
    '.continue/config.yaml',
    '.continue\\config.yaml',
    '.continue/mcpServers/portolan.yaml',
  ],
  [
    'cline',
    '.config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json',
    'Library/Application Support/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json',
    'AppData\\Roaming\\Code\\User\\globalStorage\\saoudrizwan.claude-dev\\settings\\cline_mcp_settings.json',
    undefined,
  ],
  [
    'cline-cli',
    '.cline/data/settings/cline_mcp_settings.json',
    '.cline/data/settings/cline_mcp_settings.json',
    '.cline\\data\\settings\\cline_mcp_settings.json',
    undefined,
  ],
  [
    'opencode',
    '.config/opencode/opencode.json',
    '.config/opencode/opencode.json',
    '.config\\opencode\\opencode.json',
    'opencode.json',
  ],
  [
    'kiro',
    '.kiro/settings/mcp.json',
    '.kiro/settings/mcp.json',
    '.kiro\\settings\\mcp.json',
    '.kiro/settings/mcp.json',
  ],
  [
    'crush',
    '.config/crush/crush.json',
    '.config/crush/crush.json',
    'AppData\\Local\\crush\\crush.json',
    '.crush.json',
  ],
  [
    'copilot-cli',
    '.copilot/mcp-config.json',
    '.copilot/mcp-config.json',
    '.copilot\\mcp-config.json',
    undefined,
  ],
  [
    'amp',
    '.config/amp/settings.json',
    '.config/amp/settings.json',
    '.config\\amp\\settings.json',
    '.amp/settings.json',
  ],
  [
    'sema4',
    '.sema4ai/sema4ai-studio/mcp_servers.json',
    '.sema4ai/sema4ai-studio/mcp_servers.json',
    'AppData\\Local\\sema4ai\\sema4ai-studio\\mcp_servers.json',
    undefined,
  ],
];

it('knows every client of the table', () => {
  expect(EXPECTED.map(([id]) => id)).toEqual(CLIENTS.map(({ id }) => id));
});

describe.each(EXPECTED)('%s', (id, onLinux, onMac, onWindows, inProject) => {
  const client: Client = findClient(id);

  it('has its file where the platform wants it', () => {
    expect(configFile(client, linux, undefined, nowhere)).toBe(`/home/me/${onLinux}`);
    expect(configFile(client, mac, undefined, nowhere)).toBe(`/Users/me/${onMac}`);
    expect(configFile(client, windows, undefined, nowhere)).toBe(`C:\\Users\\me\\${onWindows}`);
  });

  it('has its file of a project, or says that there is none', () => {
    if (inProject === undefined) {
      expect(() => configFile(client, linux, '/work', nowhere)).toThrow(/without --project/);
      return;
    }
    expect(configFile(client, linux, '/work', nowhere)).toBe(`/work/${inProject}`);
    expect(configFile(client, windows, 'D:\\work', nowhere)).toBe(
      `D:\\work\\${inProject.replaceAll('/', '\\')}`,
    );
  });

  it('counts as installed by what it leaves behind', () => {
    for (const machine of [linux, mac, windows]) {
      const file = configFile(client, machine, undefined, nowhere);
      expect(isInstalled(client, machine, nowhere)).toBe(false);
      expect(isInstalled(client, machine, (path) => file.startsWith(path))).toBe(true);
    }
  });
});

it('has a guide that names every client', () => {
  const guide = readFileSync('docs/guides/clients.md', 'utf8');
  for (const { id, title } of CLIENTS) expect(guide).toContain(`| \`${id}\` | ${title}`);
});

describe('places that variables name', () => {
  it.each([
    ['claude-code', { CLAUDE_CONFIG_DIR: '/cfg' }, '/cfg/.claude.json'],
    ['codex', { CODEX_HOME: '/cfg' }, '/cfg/config.toml'],
    ['copilot-cli', { COPILOT_HOME: '/cfg' }, '/cfg/mcp-config.json'],
    ['cline-cli', { CLINE_DIR: '/cfg' }, '/cfg/data/settings/cline_mcp_settings.json'],
    ['zed', { XDG_CONFIG_HOME: '/cfg' }, '/cfg/zed/settings.json'],
    ['zed', { XDG_CONFIG_HOME: '' }, '/home/me/.config/zed/settings.json'],
  ])('%s with %j', (id, env, path) => {
    expect(configFile(findClient(id), { ...linux, env }, undefined, nowhere)).toBe(path);
  });

  it('works on Windows without its variables', () => {
    expect(configFile(findClient('crush'), { ...windows, env: {} }, undefined, nowhere)).toBe(
      'C:\\Users\\me\\AppData\\Local\\crush\\crush.json',
    );
  });
});

describe('one of several files', () => {
  it('takes the one that exists', () => {
    const old = '/home/me/.cache/lm-studio/mcp.json';
    expect(configFile(findClient('lmstudio'), linux, undefined, (path) => path === old)).toBe(old);
    const jsonc = '/work/opencode.jsonc';
    expect(configFile(findClient('opencode'), linux, '/work', (path) => path === jsonc)).toBe(
      jsonc,
    );
  });

  it('takes the one whose folder exists', () => {
    const folder = '/home/me/.config/claude';
    expect(
      configFile(findClient('claude-desktop'), linux, undefined, (path) => path === folder),
    ).toBe(`${folder}/claude_desktop_config.json`);
  });
});

it('suggests the client that was meant', () => {
  expect(() => findClient('cusor')).toThrow(/did you mean "cursor"/);
});
