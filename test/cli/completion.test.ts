import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCatalog, builtCatalog, RUNNER } from '../support/built-gateway.ts';
import { runPortolan } from '../support/command-line.ts';
import { needs } from '../support/needs.ts';

let catalog: BuiltCatalog;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  catalog = await builtCatalog(['everything', 'context7']);
  const bin = join(catalog.folder, 'bin');
  mkdirSync(bin);
  symlinkSync(RUNNER, join(bin, 'portolan'));
  // The scripts call `portolan`, which asks for `node` by its first line.
  symlinkSync(process.execPath, join(bin, 'node'));
  env = { ...catalog.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const [, source = '', , key = ''] = catalog.source;
  await runPortolan(['catalog', 'add', source, '--key', key, '--name', 'mine'], { env });
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await runPortolan(['completion', shell], { env });
    writeFileSync(join(catalog.folder, `completion.${shell}`), stdout);
  }
});
afterAll(() => catalog.remove());

const run = (command: string, args: readonly string[]) => {
  const { stdout, stderr } = spawnSync(command, args, {
    env,
    encoding: 'utf8',
    cwd: catalog.folder,
  });
  return { words: stdout.split('\n').filter((word) => word !== ''), stderr };
};

const shells: Record<string, (line: string) => { words: string[]; stderr: string }> = {
  bash: (line) =>
    run('bash', [
      '--norc',
      '-c',
      `source completion.bash; COMP_LINE=$1; COMP_POINT=\${#1}; _portolan; printf '%s\\n' "\${COMPREPLY[@]}"`,
      'bash',
      line,
    ]),
  // What the completion function hands to zsh; the rest is zsh's own.
  zsh: (line) =>
    run('zsh', [
      '-f',
      '-c',
      `compdef() {}; source completion.zsh
       compadd() { shift 3; print -l -- \${(P)1} }
       _describe() { print -l -- \${\${(P)4}%%:*} }
       _files() { print -l -- *(N) }
       words=("\${(@s: :)1}"); CURRENT=$#words; _portolan`,
      'zsh',
      line,
    ]),
  fish: (line) => {
    const { words, stderr } = run('fish', [
      '--no-config',
      '-c',
      'source completion.fish; complete -C "$argv[1]"',
      line,
    ]);
    return { words: words.map((word) => word.split('\t')[0] ?? ''), stderr };
  },
};

describe.each(['bash', 'zsh', 'fish'] as const)('completion in %s', (shell) => {
  const complete = (line: string) => shells[shell]?.(line) ?? { words: [], stderr: 'no shell' };
  const skip = needs(shell).skip;

  it.skipIf(skip)('knows commands, options and their values', () => {
    expect(complete('portolan sea').words).toEqual(['search']);
    expect(complete('portolan tools c').words).toEqual(['call']);
    expect(complete('portolan search --cat').words.sort()).toEqual(['--catalog', '--category']);
    expect(complete('portolan run --isolation b').words).toEqual(['bubblewrap']);
    expect(complete('portolan completion ').words.sort()).toEqual(['bash', 'fish', 'zsh']);
  });

  it.skipIf(skip)('knows names of servers, tools, arguments, clients and catalogs', () => {
    expect(complete('portolan show ').words.sort()).toEqual(['context7', 'everything']);
    expect(complete('portolan tools call everything get-s').words.sort()).toContain('get-sum');
    // Bash splits words at `=`, and gets what is behind it only.
    const inputs = complete(
      'portolan tools call everything get-annotated-message messageType=',
    ).words;
    expect(inputs.map((word) => word.replace('messageType=', '')).sort()).toEqual([
      'debug',
      'error',
      'success',
    ]);
    expect(complete('portolan tools call everything get-sum ').words.sort()).toEqual(['a=', 'b=']);
    expect(complete('portolan client connect cur').words).toEqual(['cursor']);
    expect(complete('portolan catalog rm m').words).toEqual(['mine']);
  });

  it.skipIf(skip)('says nothing where there is nothing, and where something is wrong', () => {
    expect(complete('portolan show nothing-like-this')).toEqual({ words: [], stderr: '' });
    writeFileSync(join(String(env.PORTOLAN_HOME), 'config', 'catalogs.broken'), 'x');
    const broken = { ...env };
    env = { ...env, PORTOLAN_HOME: '/dev/null' };
    expect(complete('portolan show ev')).toEqual({ words: [], stderr: '' });
    env = broken;
  });
});

it.skipIf(needs('bash').skip)('takes less than 150 ms of a processor', () => {
  const times = Array.from({ length: 5 }, () => {
    const { stderr } = run('bash', [
      '-c',
      'TIMEFORMAT=\'%U %S\'; time node "$1" __complete -- show e > /dev/null',
      'bash',
      RUNNER,
    ]);
    return stderr
      .trim()
      .split(' ')
      .reduce((sum, seconds) => sum + Number(seconds) * 1000, 0);
  });
  // The best of five: other work on the machine only adds.
  expect(Math.min(...times)).toBeLessThan(150);
});
