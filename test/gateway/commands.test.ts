import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltCatalog, builtCatalog } from '../support/built-gateway.ts';
import { type Outcome, runPortolan } from '../support/command-line.ts';
import { needs } from '../support/needs.ts';

let catalog: BuiltCatalog;
beforeAll(async () => {
  catalog = await builtCatalog(['everything', 'context7', 'tavily', 'deepwiki']);
});
afterAll(() => catalog.remove());

/** Runs the built command with a home of its own. */
function portolan(args: readonly string[], stdin = '', env = {}): Promise<Outcome> {
  return runPortolan(args, {
    stdin,
    env: { ...catalog.env, PORTOLAN_PASSPHRASE: 'passphrase of tests', ...env },
  });
}

const json = (outcome: Outcome) => JSON.parse(outcome.stdout);

describe('a catalog that was added', () => {
  it('is pinned to its signer, and then known by name', async () => {
    expect((await portolan(['search'])).stderr).toContain('no catalog is set up');
    const [, source = '', , key = ''] = catalog.source;
    const stranger = await portolan(['catalog', 'add', source]);
    expect(stranger).toMatchObject({ code: 2 });
    expect(stranger.stderr).toContain('say whose signature counts');
    const added = await portolan(['catalog', 'add', source, '--key', key, '--name', 'mine']);
    expect(added).toMatchObject({ code: 0 });
    expect(added.stdout).toContain('mine: catalog 1 with 4 servers');
    const again = await portolan(['catalog', 'add', source, '--key', key, '--name', 'mine']);
    expect(again.stderr).toContain('(usage: CATALOG_EXISTS)');
    expect(json(await portolan(['catalog', 'ls', '--json']))).toMatchObject([
      { name: 'mine', source, signers: [{ publicKey: expect.stringContaining('PUBLIC KEY') }] },
    ]);
  });

  it('explains its state in words', async () => {
    const { stdout, code } = await portolan(['catalog', 'status', 'mine']);
    expect(code).toBe(0);
    expect(stdout).toContain('Verified: catalog 1 with 4 servers, signed by the key SHA256:');
    expect(stdout).toContain('has no freshness statement');
    expect((await portolan(['catalog', 'status', 'yours'])).stderr).toContain('there are: mine');
  });

  it('is searched by names, tags and tools, best first', async () => {
    const names = async (...words: string[]) =>
      json(await portolan(['search', ...words, '--json'])).map(
        (item: { name: string }) => item.name,
      );
    expect(await names('context7')).toEqual(['context7']);
    expect(await names('echo')).toEqual(['everything']);
    expect((await names()).sort()).toEqual(['context7', 'deepwiki', 'everything', 'tavily']);
    expect((await portolan(['search', 'xylophone'])).stdout).toContain('No server matches');
  });

  it('shows a server with what it may touch and who signed it', async () => {
    const { stdout } = await portolan(['show', 'context7']);
    expect(stdout).toMatch(/Network +context7\.com:443/);
    expect(stdout).toMatch(/Signed by +the key SHA256:/);
    expect(stdout).toContain('resolve-library-id');
    const value = json(await portolan(['show', 'deepwiki', '--json']));
    expect(value.entry.remote.url).toMatch(/^https:/);
    expect((await portolan(['show', 'contex7'])).stderr).toContain('did you mean "context7"?');
  });

  it('verifies everything that it lists', async () => {
    const { stdout, code } = await portolan(['verify']);
    expect(code).toBe(0);
    expect(stdout).toContain('4 of 4 hold');
  });
});

describe('secrets', () => {
  it('are set from stdin, listed without values, checked and removed', async () => {
    expect(await portolan(['secret', 'check', 'tavily'])).toMatchObject({ code: 1 });
    const set = await portolan(['secret', 'set', 'tavily.api_key', '--stdin'], 'tvly-a-value\n');
    expect(set).toMatchObject({ code: 0 });
    const listed = await portolan(['secret', 'ls', '--json']);
    expect(json(listed)).toMatchObject([{ address: { server: 'tavily', name: 'api_key' } }]);
    expect(listed.stdout + set.stdout + set.stderr).not.toContain('tvly-a-value');
    expect(await portolan(['secret', 'check', 'tavily', '--fetch'])).toMatchObject({ code: 0 });
    const wrong = await portolan(['secret', 'check', 'tavily', '--fetch'], '', {
      PORTOLAN_PASSPHRASE: 'a wrong one',
    });
    expect(wrong.code).not.toBe(0);
    expect(await portolan(['secret', 'rm', 'tavily.api_key'])).toMatchObject({ code: 0 });
    expect(json(await portolan(['secret', 'ls', '--json']))).toEqual([]);
  });

  it('are only those that the entry declares', async () => {
    const outcome = await portolan(['secret', 'set', 'tavily.other', '--stdin'], 'x');
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain('tavily declares no secret "other"; it declares api_key');
  });

  it('are missed before a client finds out', async () => {
    const outcome = await portolan(['run', '--servers', 'tavily']);
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain('tavily needs the secret "api_key"');
  });
});

describe.skipIf(needs('bwrap', 'npm').skip)('one server in its box', () => {
  const box = ['--isolation', 'bubblewrap'];

  it('answers a call with typed arguments', async () => {
    const call = (...args: string[]) => portolan(['tools', 'call', 'everything', ...args, ...box]);
    expect(await call('get-sum', 'a=1', 'b=2')).toMatchObject({
      code: 0,
      stdout: 'The sum of 1 and 2 is 3.\n',
    });
    expect(await call('get-sum', '{"a":2,"b":2}')).toMatchObject({
      stdout: 'The sum of 2 and 2 is 4.\n',
    });
    const wrong = await call('get-sum', 'a=one', 'b=2');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('a=one: a is of type number');
    const unknown = await call('get-some');
    expect(unknown.stderr).toContain('did you mean "get-sum"?');
  });

  it('has the signed tools', async () => {
    const outcome = await portolan(['diff', 'everything', ...box]);
    expect(outcome.stdout).toMatch(/all \d+ live tools are the signed ones/);
    expect(outcome.code).toBe(0);
  });

  it('is inspected without a start', async () => {
    const { command, grants } = json(await portolan(['inspect', 'context7', '--json', ...box]));
    expect(command.join(' ')).toContain('--cap-drop ALL');
    expect(grants).toContainEqual({
      kind: 'network',
      field: 'permissions.network.allow[0]',
      detail: 'context7.com:443',
    });
    expect(command.join(' ')).toContain('CONTEXT7_API_KEY <secret>');
  });
});

describe('portolan doctor', () => {
  it('says what there is', async () => {
    const checks = json(await portolan(['doctor', '--json']));
    expect(checks.map(({ name }: { name: string }) => name.trim())).toEqual(
      expect.arrayContaining(['Portolan', 'Isolation', 'bubblewrap', 'Catalog mine']),
    );
  });
});
