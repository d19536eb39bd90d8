import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { generateKeyPem } from '../../core/trust/keys.ts';
import { addSource } from '../../gateway/catalog/sources.ts';
import { helpOf } from '../../gateway/cli/help.ts';
import { table } from '../../gateway/cli/print.ts';
import { createProgram } from '../../gateway/cli/program.ts';
import { renderResult } from '../../gateway/cli/render-result.ts';
import { styleFor } from '../../gateway/cli/style.ts';
import { RUNNER } from '../support/built-gateway.ts';
import { runPortolan } from '../support/command-line.ts';
import { needs } from '../support/needs.ts';
import { openTerminal } from '../support/terminal.ts';

/** Every command that does something, with its words. */
function leaves(command: Command, words: readonly string[] = []): [string, Command][] {
  const own = [...words, command.name()];
  if (command.commands.length === 0) return [[own.slice(1).join(' '), command]];
  return command.commands.flatMap((one) => leaves(one, own));
}
const commands = leaves(createProgram());
/** These run until they are told to stop, or print something that is no data. */
const WITHOUT_JSON = ['run', 'serve-registry', 'completion', 'console'];

let home = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'portolan-cli-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));
const env = () => ({ ...process.env, PORTOLAN_HOME: home, PORTOLAN_DEFAULT_CATALOG: 'none' });
const portolan = (...args: string[]) => runPortolan(args, { env: env() });

describe('every command', () => {
  it.each(commands)('%s explains itself, with examples that it would take', (words, command) => {
    expect(command.description().length).toBeGreaterThan(10);
    const examples = helpOf(command)?.examples ?? [];
    expect(examples.length).toBeGreaterThan(0);
    for (const [, line] of examples) expect(line).toContain(`portolan ${words}`);
    for (const option of command.options) expect(option.description).not.toBe('');
  });

  it.each(commands.filter(([words]) => !WITHOUT_JSON.includes(words)))(
    '%s prints JSON',
    (_, command) => {
      expect(command.options.map(({ long }) => long)).toContain('--json');
    },
  );

  it('tells of a mistake as JSON when JSON was asked for, with the same exit code', async () => {
    for (const args of [
      ['show', 'nothing'],
      ['serch', 'x'],
      ['stop', '--json=1'],
      ['client', 'undo', 'cusor'],
    ]) {
      const plain = await portolan(...args);
      const outcome = await portolan(...args, '--json');
      const { error } = JSON.parse(outcome.stdout);
      expect(error.exitCode).toBe(outcome.code);
      expect(outcome.code).toBe(plain.code);
      expect(plain).toMatchObject({ stdout: '', stderr: expect.stringContaining('portolan: ') });
    }
  });

  it('suggests commands, options and names', async () => {
    expect((await portolan('serch')).stderr).toContain('Did you mean search?');
    expect((await portolan('tools', 'cal')).stderr).toContain('Did you mean call?');
    expect((await portolan('search', '--limt', '3')).stderr).toContain('Did you mean --limit?');
    expect((await portolan('client', 'undo', 'cusor')).stderr).toContain('did you mean "cursor"?');
  });
});

describe('what is shown', () => {
  it('has colours on terminals only, and none with NO_COLOR', () => {
    expect(styleFor({ isTTY: true }, {}).bad('x')).toBe('\u001b[31mx\u001b[39m');
    expect(styleFor({ isTTY: true }, { NO_COLOR: '1' }).bad('x')).toBe('x');
    expect(styleFor({ isTTY: true }, { TERM: 'dumb' }).bad('x')).toBe('x');
    expect(styleFor({}, {}).bad('x')).toBe('x');
  });

  it.skipIf(needs('script').skip)('is coloured at a real terminal', async () => {
    const command = [process.execPath, RUNNER, 'show', 'nothing'];
    const coloured = openTerminal(command, { env: env() });
    await coloured.exited;
    expect(coloured.text()).toContain('\u001b[31mportolan:\u001b[39m');
    const plain = openTerminal(command, { env: { ...env(), NO_COLOR: '1' } });
    await plain.exited;
    expect(plain.text()).not.toContain('\u001b[');
  });

  it('is aligned whether it is coloured or not', () => {
    const { bold } = styleFor({ isTTY: true }, {});
    const rows = [
      [bold('a'), 'x'],
      ['long', 'y'],
    ];
    expect(table(rows)).toBe(`${bold('a')}     x\nlong  y`);
    expect(table([[bold('abcdefgh')]], 4)).toBe('abc…');
  });

  it('is a table for a list of records, and cannot steer the terminal', () => {
    const records = [
      { name: 'one', size: 1 },
      { name: 't\u001b[2Jwo', size: null },
    ];
    const expected = 'name            size\none             1\nt<U+001B>[2Jwo';
    expect(renderResult({ structuredContent: { result: records } })).toBe(expected);
    expect(renderResult({ content: [{ type: 'text', text: JSON.stringify(records) }] })).toBe(
      expected,
    );
    expect(renderResult({ content: [{ type: 'text', text: '[{broken' }] })).toBe('[{broken');
    expect(renderResult({ structuredContent: { a: { b: [1] } } })).toContain('"b"');
  });
});

describe('portolan doctor', () => {
  const doctor = async () => JSON.parse((await portolan('doctor', '--json')).stdout);

  it('looks at everything, and has a remedy for each fault', async () => {
    const checks = await doctor();
    const names = checks.map(({ name }: { name: string }) => name.trim());
    for (const wanted of ['Portolan', 'Folders', 'Policies', 'Isolation', 'podman', 'npm']) {
      expect(names).toContain(wanted);
    }
    for (const wanted of ['Network', 'Clock', 'Catalogs', 'Secrets', 'Clients']) {
      expect(names.join()).toMatch(new RegExp(wanted.slice(0, -1)));
    }
    for (const { ok, remedy } of checks) expect(ok || remedy).toBeTruthy();
  });

  it('notices a clock that is wrong, and a registry that is not there', async () => {
    const registry = createServer((_, response) => {
      response.setHeader('Date', new Date(Date.now() + 3_600_000).toUTCString());
      response.writeHead(200).end('{}');
    });
    await new Promise<void>((done) => registry.listen(0, '127.0.0.1', done));
    onTestFinished(() => void registry.close());
    const { port } = registry.address() as AddressInfo;
    const signers = [{ publicKey: generateKeyPem().publicPem }];
    const source = `oci://127.0.0.1:${port}/catalog`;
    await addSource(join(home, 'config'), { name: 'late', source, signers });
    await addSource(join(home, 'config'), {
      name: 'gone',
      source: 'oci://127.0.0.1:1/catalog',
      signers,
    });
    const checks = await doctor();
    const faults = checks.filter(({ ok }: { ok: boolean }) => !ok);
    expect(faults).toContainEqual(
      expect.objectContaining({
        name: 'Clock',
        text: expect.stringContaining('60 minutes behind'),
      }),
    );
    expect(faults).toContainEqual(expect.objectContaining({ name: 'Network 127.0.0.1:1' }));
    expect((await portolan('doctor')).code).toBe(1);
  });

  it('notices a policy that nobody can read', async () => {
    writeFileSync(join(home, 'config', 'policy.yaml'), 'servers: [');
    const checks = await doctor();
    rmSync(join(home, 'config', 'policy.yaml'));
    expect(checks).toContainEqual(expect.objectContaining({ name: 'Policies', ok: false }));
  });
});
