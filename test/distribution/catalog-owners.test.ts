import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A repository of somebody who owns a catalog: a registry with one entry, under Git. */
let repository = '';
beforeAll(() => {
  repository = mkdtempSync(join(tmpdir(), 'portolan-owner-'));
  mkdirSync(join(repository, 'registry', 'servers'), { recursive: true });
  for (const part of ['catalog.yaml', 'servers/context7']) {
    cpSync(join('registry', part), join(repository, 'registry', part), { recursive: true });
  }
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: repository, stdio: 'ignore' });
  git('init', '--initial-branch', 'main');
  git('add', '.');
  git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-m', 'One entry');
});
afterAll(() => rmSync(repository, { recursive: true, force: true }));

const entry = () => join(repository, 'registry', 'servers', 'context7', 'server.yaml');
const run = (file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) =>
  spawnSync('bash', [resolve(file), ...args], {
    cwd: repository,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });

describe('the action for catalog owners', () => {
  const action = (inputs: Record<string, string>) =>
    run('scripts/ci/action.sh', [], { REGISTRY: 'registry', ARGUMENTS: '', ...inputs });

  it('hands its inputs to the script that it names', () => {
    const { runs, inputs } = load(readFileSync('action.yml', 'utf8')) as {
      runs: { using: string; steps: { run: string; env: Record<string, string> }[] };
      inputs: Record<string, { default?: string }>;
    };
    const [step] = runs.steps;
    expect(runs.using).toBe('composite');
    expect(existsSync(String(step?.run.match(/\$ACTION\/([^"]+)/)?.[1]))).toBe(true);
    // Never pasted into the script: an input may hold anything.
    expect(step?.run).not.toContain('${{');
    for (const name of Object.keys(inputs)) expect(step?.env[name.toUpperCase()]).toContain(name);
  });

  it('validates, and tells of a fault as an annotation', () => {
    expect(action({ COMMAND: 'validate' })).toMatchObject({ status: 0 });
    const good = readFileSync(entry(), 'utf8');
    writeFileSync(entry(), `${good}unknown: true\n`);
    const outcome = action({ COMMAND: 'validate', ARGUMENTS: '--format github' });
    writeFileSync(entry(), good);
    expect(outcome.status).toBe(1);
    expect(outcome.stdout).toMatch(/^::error file=.*unknown/m);
  });

  it('builds a signed layout beside the registry', () => {
    const outcome = action({ COMMAND: 'build' });
    expect(outcome.stdout).toContain('catalog 1 with 1 server,');
    expect(existsSync(join(repository, 'dist', 'catalog', 'oci-layout'))).toBe(true);
  });

  it('refuses what it does not know', () => {
    expect(action({ COMMAND: 'delete' })).toMatchObject({ status: 2 });
    expect(action({ COMMAND: 'validate', REGISTRY: 'none' }).stdout).toContain(
      '::error::none has no',
    );
  });
});

describe('the hooks before a commit', () => {
  it('name scripts that are there', () => {
    const hooks = load(readFileSync('.pre-commit-hooks.yaml', 'utf8')) as { entry: string }[];
    expect(hooks).toHaveLength(2);
    for (const hook of hooks) expect(existsSync(String(hook.entry.split(' ')[0]))).toBe(true);
  });

  it('refuse a fault, and format an entry', () => {
    expect(run('scripts/ci/hook.sh', ['validate']).status).toBe(0);
    const good = readFileSync(entry(), 'utf8');
    writeFileSync(
      entry(),
      good.replace(/^title: .*$/m, (line) => `${line}   `),
    );
    run('scripts/ci/hook.sh', ['format']);
    expect(readFileSync(entry(), 'utf8')).toBe(good);
    writeFileSync(entry(), `${good}unknown: true\n`);
    expect(run('scripts/ci/hook.sh', ['validate']).status).toBe(1);
    writeFileSync(entry(), good);
  });
});
