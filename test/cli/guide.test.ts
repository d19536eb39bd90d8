import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BuiltCatalog, builtCatalog, RUNNER } from '../support/built-gateway.ts';
import { runPortolan } from '../support/command-line.ts';
import { needs } from '../support/needs.ts';
import { KEYS, openTerminal, type Terminal } from '../support/terminal.ts';

const SECRET = 'tvly-a-key-that-is-never-shown';

describe.skipIf(needs('script').skip)('portolan without a command', () => {
  let catalog: BuiltCatalog;
  let home = '';
  let env: NodeJS.ProcessEnv = {};
  beforeAll(async () => {
    catalog = await builtCatalog(['everything', 'filesystem', 'tavily']);
  });
  afterAll(() => catalog.remove());
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'portolan-guide-'));
    mkdirSync(join(home, '.cursor'));
    env = {
      PATH: process.env.PATH,
      HOME: home,
      PORTOLAN_HOME: join(home, 'portolan'),
      PORTOLAN_DEFAULT_CATALOG: 'none',
      PORTOLAN_PASSPHRASE: 'passphrase of tests',
    };
    const [, source = '', ...key] = catalog.source;
    expect(await portolan('catalog', 'add', source, ...key)).toMatchObject({ code: 0 });
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const portolan = (...args: string[]) => runPortolan(args, { env, cwd: home });
  const start = () => openTerminal([process.execPath, RUNNER], { env, cwd: home });

  /** Waits for each question, then presses what answers it. */
  async function answer(terminal: Terminal, steps: readonly (readonly [string, string])[]) {
    for (const [question, keys] of steps) {
      await expect.poll(terminal.text, { timeout: 20_000 }).toContain(question);
      terminal.press(keys);
    }
  }

  it('leads from nothing to a connected client, and never shows a secret', async () => {
    const terminal = start();
    await answer(terminal, [
      ['Which client', KEYS.enter],
      ['Which server?', 'tavily'],
      ['tavily█', KEYS.enter],
      ['api_key:', `${SECRET}${KEYS.enter}`],
      ['Add tavily and connect Cursor?', KEYS.enter],
    ]);
    expect(await terminal.exited).toBe(0);
    const shown = terminal.text();
    expect(shown).toContain('It asks for:');
    expect(shown).toMatch(/\+ .*api\.tavily\.com:443/);
    expect(shown).toContain('mcpServers');
    expect(shown).toContain('portolan client undo cursor');
    expect(shown).not.toContain(SECRET);

    const config = JSON.parse(readFileSync(join(home, '.cursor', 'mcp.json'), 'utf8'));
    expect(config.mcpServers.portolan.args).toEqual(['-y', 'portolan', 'run']);
    expect((await portolan('secret', 'check')).code).toBe(0);
    const profile = JSON.parse((await portolan('profile', 'show', '--json')).stdout);
    expect(Object.keys(profile.profile.servers)).toEqual(['tavily']);
    // Nothing is left to do for the same server.
    const again = start();
    await answer(again, [
      ['Which client', KEYS.enter],
      ['Which server?', 'tavily'],
      ['in your profile', KEYS.enter],
    ]);
    expect(await again.exited).toBe(0);
    expect(again.text()).toContain('Nothing is to be done');
  });

  it('asks for parameters until they fit, and takes no for an answer', async () => {
    const terminal = start();
    await answer(terminal, [
      ['Which client', `${KEYS.down}${KEYS.enter}`],
      ['Which server?', 'filesystem'],
      ['filesystem█', KEYS.enter],
      ['directories:', KEYS.enter],
      ['It needs a value.', `${home}${KEYS.enter}`],
      ['Add filesystem?', KEYS.enter],
    ]);
    expect(await terminal.exited).toBe(0);
    expect((await portolan('profile', 'show', '--json')).stdout).toContain(home);
    expect(readdirSync(join(home, '.cursor'))).toEqual([]);
    expect(terminal.text()).toContain('portolan client connect CLIENT');
  });

  const steps = [
    ['Which client', KEYS.enter],
    ['Which server?', 'tavily'],
    ['tavily█', KEYS.enter],
    ['api_key:', `${SECRET}${KEYS.enter}`],
    ['Add tavily and connect Cursor?', KEYS.ctrlC],
  ] as const;
  for (const count of [1, 2, 4, 5]) {
    it(`changes nothing when it is cancelled at question ${count}`, async () => {
      const before = filesBelow(home);
      const terminal = start();
      await answer(terminal, steps.slice(0, count - 1));
      await answer(terminal, [[steps[count - 1]?.[0] ?? '', KEYS.ctrlC]]);
      expect(await terminal.exited).toBe(7);
      expect(terminal.text()).toContain('nothing was changed');
      expect(filesBelow(home)).toEqual(before);
    });
  }

  it('takes everything back when the last step fails', async () => {
    const terminal = start();
    await answer(terminal, steps.slice(0, 4));
    await expect
      .poll(terminal.text, { timeout: 20_000 })
      .toContain('Add tavily and connect Cursor?');
    // The client's file turns into something that cannot be edited.
    mkdirSync(join(home, '.cursor', 'mcp.json'));
    const before = filesBelow(join(home, 'portolan', 'config'));
    terminal.press(KEYS.enter);
    expect(await terminal.exited).not.toBe(0);
    const left = filesBelow(join(home, 'portolan', 'config')).filter(
      (path) => !before.includes(path),
    );
    expect(left.filter((path) => path.includes('profiles'))).toEqual([]);
    expect((await portolan('secret', 'ls')).stdout).toContain('Nothing is stored');
  });

  it('prints its help where nobody can be asked', async () => {
    const { code, stdout, stderr } = await portolan();
    expect(code).toBe(2);
    expect(stdout + stderr).toContain('Usage: portolan');
    const terminal = openTerminal([process.execPath, RUNNER], { env: { ...env, CI: 'true' } });
    await terminal.exited;
    expect(terminal.text()).toContain('Usage: portolan');
    expect(terminal.text()).not.toContain('Which client');
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();
}
