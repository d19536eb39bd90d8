import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { registerRun } from '../../gateway/cli/commands/run.ts';
import { quickRunOptions } from '../../gateway/cli/quick-run.ts';

/** What commander makes of the same arguments. */
function slowly(args: readonly string[]): unknown {
  const program = new Command();
  registerRun(program);
  const run = program.commands[0] as Command;
  let options: unknown;
  run.action((given) => {
    options = given;
  });
  program.parse(['run', ...args], { from: 'user' });
  return options;
}

describe('the options of a start', () => {
  test.each([
    [[]],
    [['--servers', 'everything, context7,']],
    [['--catalog', 'oci-layout:dist/catalog', '--key', 'a.pub', '--key=b.pub', '--all']],
    [['--catalog=mine', '--identity', 'x', '--issuer', 'https://y', '--trusted-root', 'root.json']],
    [['--servers', 'a', '--set', 'a.b=c=d', '--set', 'a.list=["x","y"]', '--discover']],
    [
      [
        '--isolation',
        'none',
        '--node-image',
        'x@sha256:0',
        '--allow-path',
        '/a',
        '--allow-path=/b',
      ],
    ],
    [['--tool-changes', 'warn', '--prefix=never', '--audit', 'off', '--transport', 'stdio']],
    [['--servers=', '--audit=--strange']],
    [['--profile', './portolan.yaml', '--frozen']],
  ])('%j are read as commander reads them', (args) => {
    const quick = quickRunOptions(args);
    expect(quick).toBeDefined();
    expect(quick).toEqual(slowly(args));
  });

  test.each([
    [['--help']],
    [['--transport', 'http']],
    [['--isolation', 'chroot']],
    [['--servers']],
    [['--servers', '--all']],
    [['everything']],
    [['--server', 'everything']],
    [['--all=yes']],
    [['--port', '1']],
    [['--constructor', 'x']],
    [['-h']],
  ])('%j are left to commander', (args) => {
    expect(quickRunOptions(args)).toBeUndefined();
  });
});
