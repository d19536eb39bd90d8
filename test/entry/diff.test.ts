import { describe, expect, it } from 'vitest';
import { permissionDiff } from '../../core/entry/permission-diff.ts';
import { renderDiff } from '../../core/entry/render-diff.ts';
import { toolDiff } from '../../core/entry/tool-diff.ts';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { compareVersions } from '../../core/entry/version.ts';

function entry(part: Partial<ServerEntry> = {}): ServerEntry {
  return {
    name: 'weather',
    version: '1.0.0',
    title: 'Weather',
    description: 'Tells the weather of a place.',
    categories: ['search'],
    license: 'MIT',
    publisher: { name: 'Weather', url: 'https://weather.example.com' },
    links: { homepage: 'https://weather.example.com' },
    npm: { package: 'weather', version: '1.0.0', integrity: 'sha512-x' },
    permissions: { network: { allow: ['api.example.com:443'] } },
    tools: 'static',
    ...part,
  };
}

function texts(before: ServerEntry | undefined, after: ServerEntry) {
  const { more, less } = permissionDiff(before, after);
  return { more: more.map(({ text }) => text), less: less.map(({ text }) => text) };
}

const network = (...allow: string[]): Partial<ServerEntry> => ({
  permissions: { network: { allow } },
});
const remote = (oauth?: NonNullable<ServerEntry['remote']>['oauth']) =>
  entry({
    npm: undefined as never,
    permissions: undefined as never,
    remote: {
      transport: 'streamable-http',
      url: 'https://mcp.example.com',
      ...(oauth && { oauth }),
    },
  });

describe('permission diff', () => {
  it('is empty when only words and versions change', () => {
    const npm = { package: 'weather', version: '2.0.0', integrity: 'sha512-y' };
    expect(permissionDiff(entry(), entry({ npm, title: 'x' }))).toEqual({ more: [], less: [] });
  });

  it('lists everything for a first installation', () => {
    const after = entry({
      permissions: { network: 'none', volumes: [{ path: '{folder}', access: 'read-only' }] },
      secrets: [{ name: 'key', description: 'API key.' }],
    });
    expect(texts(undefined, after)).toEqual({
      more: ['may read {folder}', 'needs the secret key (API key)'],
      less: [],
    });
  });

  it.each([
    [
      ['a.example.com:443'],
      ['a.example.com:443', 'b.example.com:443'],
      ['may reach b.example.com:443'],
      [],
    ],
    [
      ['a.example.com:443'],
      ['*.example.com:443'],
      ['may reach every host under example.com, port 443'],
      [],
    ],
    [
      ['*.example.com:443'],
      ['a.example.com:443'],
      [],
      ['no longer reaches every host under example.com, port 443'],
    ],
    [
      ['*:443'],
      ['a.example.com:443', '{host}:443'],
      ['may reach {host}:443'],
      ['no longer reaches every public host, port 443'],
    ],
    [
      ['a.example.com:443'],
      ['a.example.com:80'],
      ['may reach a.example.com:80'],
      ['no longer reaches a.example.com:443'],
    ],
    [
      ['*.example.com:443'],
      ['badexample.com:443'],
      ['may reach badexample.com:443'],
      ['no longer reaches every host under example.com, port 443'],
    ],
  ])('compares hosts %j and %j', (before, after, more, less) => {
    expect(texts(entry(network(...before)), entry(network(...after)))).toEqual({ more, less });
  });

  it('compares volumes, secrets and resources', () => {
    const before = entry({
      permissions: {
        network: 'none',
        volumes: [
          { path: '{a}', access: 'read-only' },
          { path: '{b}', access: 'read-write' },
        ],
        resources: { memory: '1g' },
      },
      secrets: [
        { name: 'old', description: 'Old.' },
        { name: 'key', description: 'Key.', required: false },
      ],
    });
    const after = entry({
      permissions: {
        network: 'none',
        volumes: [
          { path: '{a}', access: 'read-write' },
          { path: '{c}', access: 'read-only' },
        ],
        resources: { memory: '1024m', pids: 256 },
      },
      secrets: [{ name: 'key', description: 'Key.' }],
    });
    expect(texts(before, after)).toEqual({
      more: [
        'may read and change {a}, before read-only',
        'may read {c}',
        'now requires the secret key',
        'may use pids 256, before 128',
      ],
      less: ['no longer sees {b}', 'no longer takes the secret old'],
    });
    expect(texts(after, before).more).toEqual([
      'may read and change {b}',
      'needs the secret old (Old)',
    ]);
  });

  it('compares OAuth scopes', () => {
    expect(texts(remote(), remote({ scopes: ['read'] })).more).toEqual([
      'signs in with OAuth',
      'asks for the OAuth scope read',
    ]);
    expect(texts(remote({ scopes: ['read'] }), remote({ scopes: ['write'] }))).toEqual({
      more: ['asks for the OAuth scope write'],
      less: ['no longer asks for the OAuth scope read'],
    });
    expect(texts(remote({ scopes: ['read'] }), remote({})).more).toEqual([
      'asks for whatever scopes the server names, before for a fixed list',
    ]);
    expect(texts(remote({ scopes: ['read'] }), remote()).less).toEqual(['no longer signs in']);
  });

  it('tells when the code comes from someone else', () => {
    const npm = { package: 'wether', version: '1.0.0', integrity: 'sha512-x' };
    expect(texts(entry(), entry({ npm })).more).toEqual([
      'comes from the npm package wether, before from the npm package weather',
    ]);
    const image = (name: string) => entry({ npm: undefined as never, container: { image: name } });
    const digest = (letter: string) => `@sha256:${letter.repeat(64)}`;
    expect(
      texts(image(`ghcr.io:443/a/b:1${digest('a')}`), image(`ghcr.io:443/a/b:2${digest('b')}`))
        .more,
    ).toEqual([]);
    expect(
      texts(image(`ghcr.io/a/b${digest('a')}`), image(`ghcr.io/x/b${digest('a')}`)).more,
    ).toEqual(['comes from the image ghcr.io/x/b, before from the image ghcr.io/a/b']);
  });
});

describe('tool diff', () => {
  const tool = (name: string, part: object = {}) => ({
    name,
    inputSchema: { type: 'object', a: 1, b: 2 },
    ...part,
  });

  it('finds what was added, removed and changed, whatever the order', () => {
    const before = [tool('a'), tool('b', { description: 'B' }), tool('c')];
    const after = [
      tool('c', { inputSchema: { b: 2, a: 1, type: 'object' } }),
      tool('b', { description: 'X', annotations: {} }),
      tool('d'),
    ];
    const { added, removed, changed } = toolDiff(before, after);
    expect([added.map(({ name }) => name), removed.map(({ name }) => name)]).toEqual([
      ['d'],
      ['a'],
    ]);
    expect(changed.map(({ name, parts }) => [name, parts])).toEqual([
      ['b', ['annotations', 'description']],
    ]);
  });

  it('renders for terminals and for Markdown that nothing can break out of', () => {
    const permissions = permissionDiff(
      entry(network('a.example.com:443')),
      entry(network('*:443')),
    );
    const tools = toolDiff(
      [tool('a'), tool('b')],
      [tool('b', { title: 'B' }), tool('`@everyone`\n# x')],
    );
    expect(renderDiff(permissions, tools)).toEqual([
      '+ may reach every public host, port 443',
      '+ tool `@everyone`\\u{a}# x',
      '- tool a',
      '! tool b: another title',
    ]);
    expect(renderDiff(permissions, tools, 'markdown')[1]).toBe('- + ``tool `@everyone`\\u{a}# x``');
    expect(renderDiff({ more: [], less: [] }, toolDiff([], []))).toEqual([]);
  });
});

it('orders versions as semver does', () => {
  const sorted = [
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.2.0',
    '1.10.0',
    '2.0.0',
    '99999999999999999999.0.0',
  ];
  expect(sorted.toReversed().sort(compareVersions)).toEqual(sorted);
  expect(compareVersions('1.0.0', '1.0.0')).toBe(0);
  expect(compareVersions('1.0.0-a-b', '1.0.0-a-b')).toBe(0);
});
