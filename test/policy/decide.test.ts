import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type ResolvedEntry, resolveEntry } from '../../core/entry/resolve.ts';
import type { Policy, ServerEntry } from '../../core/entry/types.generated.ts';
import { generateKeyPem, parsePublicKey } from '../../core/trust/keys.ts';
import {
  mayHaveSecret,
  refusalOfCandidate,
  refusalOfServer,
  refusalOfTool,
} from '../../gateway/policy/decide.ts';
import { fits } from '../../gateway/policy/globs.ts';
import { loadPolicies, type Policies } from '../../gateway/policy/load-policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'portolan-policy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const entry = {
  name: 'files',
  version: '1.0.0',
  title: 'Files',
  npm: { package: 'files', version: '1.0.0', integrity: 'sha512-x' },
  parameters: {
    type: 'object',
    properties: { directory: { type: 'string', description: 'A folder.' } },
  },
  secrets: [{ name: 'token', description: 'A token.', required: false }],
  permissions: {
    network: { allow: ['api.example.com:443', '*.cdn.example.com:443'] },
    volumes: [{ path: '{directory}', access: 'read-write' }],
  },
} as unknown as ServerEntry;

function layers(...policies: Policy[]): Policies {
  return policies.map((policy, index) => ({
    owner: index === 0 ? 'organisation' : 'user',
    path: `/policy-${index}.yaml`,
    policy,
  }));
}

async function ruleAgainst(
  policies: Policies,
  more: Partial<Parameters<typeof refusalOfCandidate>[1]> = {},
  directory?: string,
): Promise<string | undefined> {
  const parameters: Record<string, string> = directory === undefined ? {} : { directory };
  const refusal = await refusalOfCandidate(policies, {
    entry,
    resolved: resolveEntry(entry, { parameters, secrets: {} }),
    source: 'oci://ghcr.io/example/catalog',
    bare: false,
    user: 'alice',
    ...more,
  });
  return refusal?.rule;
}

describe('servers and tools', () => {
  test('without a policy everything is allowed', async () => {
    expect(await ruleAgainst([], { bare: true })).toBeUndefined();
    expect(refusalOfTool([], 'files', 'delete')).toBeUndefined();
  });

  test('the stricter of two files wins, whichever it is', () => {
    const lax = { servers: { allow: ['*'] } };
    const strict = { servers: { deny: ['fi*'] } };
    const origin = { source: 'oci://ghcr.io/example/catalog' };
    const owner = (policies: Policies) => refusalOfServer(policies, 'files', origin)?.layer.owner;
    expect(owner(layers(lax, strict))).toBe('user');
    expect(owner(layers(strict, lax))).toBe('organisation');
    expect(owner(layers(lax, lax))).toBeUndefined();
  });

  test('deny beats allow, and what an allow list does not name is refused', () => {
    const policies = layers({
      tools: {
        'fi*': { allow: ['read_*', 'list'], deny: ['read_secret'] },
        other: { deny: ['*'] },
      },
    });
    const rule = (tool: string) => refusalOfTool(policies, 'files', tool)?.rule;
    expect(rule('read_file')).toBeUndefined();
    expect(rule('list')).toBeUndefined();
    expect(rule('read_secret')).toBe('tools "fi*" deny "read_secret"');
    expect(rule('delete')).toBe('tools "fi*" allow');
  });

  test('a pattern is no regular expression and matches from end to end', () => {
    expect(fits('a.c', 'abc')).toBe(false);
    expect(fits('read*', 'unread')).toBe(false);
    expect(fits('*', '')).toBe(true);
    expect(fits('a*b*c', 'a\nb/c')).toBe(true);
    expect(fits('(a+)+*x', `${'a'.repeat(40)}`)).toBe(false);
  });

  test('secrets that are optional are withheld, required ones refuse the server', async () => {
    const policies = layers({ secrets: { deny: ['files/*'] } });
    expect(mayHaveSecret(policies, 'files', 'token')).toBe(false);
    expect(mayHaveSecret(policies, 'github', 'token')).toBe(true);
    expect(await ruleAgainst(policies)).toBeUndefined();
    const required = { ...entry, secrets: [{ name: 'token', description: 'A token.' }] };
    expect(await ruleAgainst(policies, { entry: required as ServerEntry })).toBe(
      'secrets deny "files/*"',
    );
  });
});

describe('catalogs and signers', () => {
  test('a catalog that is not listed, and a signer that is not the named one', async () => {
    const [mine, other] = [generateKeyPem(), generateKeyPem()];
    const signer = { kind: 'key', key: parsePublicKey(mine.publicPem, 'test') } as const;
    const listed = (publicKey: string) =>
      layers({ catalogs: [{ source: 'oci://ghcr.io/example/*', signers: [{ publicKey }] }] });
    expect(await ruleAgainst(listed(mine.publicPem), { signer })).toBeUndefined();
    expect(await ruleAgainst(listed(other.publicPem), { signer })).toBe('catalogs signers');
    expect(
      await ruleAgainst(listed(mine.publicPem), { source: 'oci://evil.example/x', signer }),
    ).toBe('catalogs');
    const identity = { kind: 'identity', identity: 'https://x', issuer: 'https://i' } as const;
    expect(await ruleAgainst(listed(mine.publicPem), { signer: identity })).toBe(
      'catalogs signers',
    );
    expect(await ruleAgainst(layers({ catalogs: [] }))).toBe('catalogs');
  });
});

describe('ceilings', () => {
  test('network: exact, wildcard and port', async () => {
    const rule = (...network: string[]) => ruleAgainst(layers({ limits: { network } }));
    expect(await rule('*.example.com:443')).toBeUndefined();
    expect(await rule('*:443')).toBeUndefined();
    expect(await rule('api.example.com:443')).toBe('limits.network');
    expect(await rule('api.example.com:443', 'cdn.example.com:443')).toBe('limits.network');
    expect(await rule('*.example.com:80')).toBe('limits.network');
    expect(await rule()).toBe('limits.network');
    const local = { ...resolvedWith({ network: [{ host: '169.254.169.254', port: 80 }] }) };
    expect(await ruleAgainst(layers({ limits: { network: ['*:*'] } }), { resolved: local })).toBe(
      'limits.network',
    );
  });

  test('a remote server counts by its URL', async () => {
    const remote = {
      name: 'far',
      remote: { transport: 'streamable-http', url: 'https://mcp.example.com/mcp' },
    } as unknown as ServerEntry;
    const resolved = resolvedWith({ url: 'https://mcp.example.com/mcp' });
    const rule = (host: string) =>
      ruleAgainst(layers({ limits: { network: [host] } }), { entry: remote, resolved, bare: true });
    expect(await rule('mcp.example.com:443')).toBeUndefined();
    expect(await rule('example.com:443')).toBe('limits.network');
  });

  test('volumes: access, and folders with links resolved', async () => {
    const inside = join(folder, 'work');
    const outside = join(folder, 'private');
    mkdirSync(inside);
    mkdirSync(outside);
    symlinkSync(outside, join(inside, 'link'));
    const rule = (volumes: NonNullable<Policy['limits']>['volumes'], path = inside) =>
      ruleAgainst(layers({ limits: { volumes } }), {}, path);
    expect(await rule({ paths: [inside] })).toBeUndefined();
    expect(await rule({ paths: [inside] }, join(inside, 'below'))).toBeUndefined();
    expect(await rule({ paths: [inside] }, outside)).toBe('limits.volumes.paths');
    expect(await rule({ paths: [inside] }, join(inside, 'link'))).toBe('limits.volumes.paths');
    expect(await rule({ paths: [inside] }, `${inside}-too`)).toBe('limits.volumes.paths');
    expect(await rule({ access: 'read-only' })).toBe('limits.volumes.access');
    expect(await rule({ access: 'read-write' })).toBeUndefined();
  });

  test('resources, defaults included', async () => {
    const rule = (resources: NonNullable<Policy['limits']>['resources']) =>
      ruleAgainst(layers({ limits: { resources } }));
    expect(await rule({ memory: '512m', cpus: 1, pids: 128, tmp: '64m' })).toBeUndefined();
    expect(await rule({ memory: '256m' })).toBe('limits.resources.memory');
    expect(await rule({ pids: 64 })).toBe('limits.resources.pids');
  });

  test('no isolation: by server and by user', async () => {
    const rule = (isolationNone: Policy['isolationNone'], bare = true) =>
      ruleAgainst(layers({ isolationNone } as Policy), { bare });
    expect(await rule({ servers: [] })).toBe('isolationNone.servers');
    expect(await rule({ servers: [] }, false)).toBeUndefined();
    expect(await rule({ servers: ['files'], users: ['bob'] })).toBe('isolationNone.users');
    expect(await rule({ servers: ['files'], users: ['a*'] })).toBeUndefined();
  });
});

describe('files', () => {
  const load = (text: string) => {
    const path = join(folder, 'policy.yaml');
    writeFileSync(path, text);
    return loadPolicies({ config: folder, env: {}, platform: 'linux' });
  };

  test.each([
    ['servers:\n  alow: [x]', 'policy.yaml:2: servers.alow is not a field'],
    ['scan:\n\n  results: maybe', 'policy.yaml:3: scan.results must be one of off, report'],
    ['servers: [', 'policy.yaml:1: '],
    ['', 'policy.yaml:1: is empty'],
    ['- a', 'policy.yaml:1: must be object'],
    ['servers: &a {}\nsecrets: *a', 'uses an alias'],
    ['servers: {}\nservers: {}', 'policy.yaml:2: '],
    [
      'interceptors:\n  - name: x\n    when: before\n    exec: {command: [check]}',
      'policy.yaml:4: interceptors.0.exec.command of x starts with check; give the absolute path',
    ],
    [
      'interceptors:\n  - name: x\n    when: before\n    http: {url: "http://example.com/"}',
      'is not encrypted',
    ],
    ['limits:\n  network: ["example.com"]', 'limits.network.0 does not have the form'],
  ])('%j is refused as a whole', async (text, message) => {
    await expect(load(text)).rejects.toMatchObject({
      kind: 'malformed',
      code: 'POLICY_MALFORMED',
      message: expect.stringContaining(message),
    });
  });

  test('PORTOLAN_POLICY adds an organisation file, and must exist', async () => {
    writeFileSync(join(folder, 'policy.yaml'), 'servers: {deny: [a]}');
    const named = join(folder, 'org.yaml');
    writeFileSync(named, 'servers: {deny: [b]}');
    const places = { config: folder, platform: 'linux' } as const;
    const layersFound = await loadPolicies({ ...places, env: { PORTOLAN_POLICY: named } });
    expect(layersFound.map(({ owner, policy }) => [owner, policy.servers?.deny])).toEqual([
      ['organisation', ['b']],
      ['user', ['a']],
    ]);
    await expect(
      loadPolicies({ ...places, env: { PORTOLAN_POLICY: join(folder, 'gone.yaml') } }),
    ).rejects.toMatchObject({ code: 'POLICY_UNREADABLE' });
  });
});

function resolvedWith(more: Partial<ResolvedEntry>): ResolvedEntry {
  return { ...resolveEntry(entry, { parameters: {}, secrets: {} }), network: [], ...more };
}
