import { describe, expect, it } from 'vitest';
import type { CatalogServer } from '../../core/entry/types.generated.ts';
import { parseListQuery, selectPage } from '../../gateway/serve-registry/select.ts';

function server(name: string, versions: readonly string[], change: object = {}): CatalogServer {
  return {
    name,
    versions: versions.map((version, index) => ({
      version,
      digest: `sha256:${'a'.repeat(64)}`,
      size: 1,
      status: 'active',
      publishedAt: `2026-0${9 - index}-01T00:00:00Z`,
    })),
    summary: {
      title: name.toUpperCase(),
      description: `Works with ${name} things.`,
      publisher: 'Example',
      tags: ['api'],
      ...change,
    },
  } as unknown as CatalogServer;
}

const servers = [
  server('alpha', ['2.0.0', '1.0.0']),
  server('beta', ['1.0.0'], { tags: ['weather'] }),
  {
    ...server('gone', ['1.0.0']),
    versions: [{ ...server('x', ['1.0.0']).versions[0], status: 'withdrawn' }],
  } as CatalogServer,
  server('omega', ['3.0.0', '2.0.0', '1.0.0']),
];

function ask(query: string) {
  const parsed = parseListQuery(new URLSearchParams(query));
  if (typeof parsed === 'string') throw new Error(parsed);
  const { items, nextCursor } = selectPage(servers, parsed);
  return { names: items.map((item) => `${item.server.name} ${item.version.version}`), nextCursor };
}

function everyPage(query: string) {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = ask(`${query}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
    pages.push(page.names);
    cursor = page.nextCursor;
  } while (cursor);
  return pages;
}

describe('a list', () => {
  it('has every version of every server, tombstones aside', () => {
    expect(ask('')).toEqual({
      names: [
        'alpha 2.0.0',
        'alpha 1.0.0',
        'beta 1.0.0',
        'omega 3.0.0',
        'omega 2.0.0',
        'omega 1.0.0',
      ],
    });
  });

  it('has the newest versions only, or one version', () => {
    expect(ask('version=latest').names).toEqual(['alpha 2.0.0', 'beta 1.0.0', 'omega 3.0.0']);
    expect(ask('version=2.0.0').names).toEqual(['alpha 2.0.0', 'omega 2.0.0']);
    expect(ask('version=7.0.0').names).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7])('in pages of %i has each item once', (limit) => {
    const pages = everyPage(`limit=${limit}`);
    expect(pages.flat()).toEqual(ask('').names);
    expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
  });

  it('goes on after a server or a version that is gone', () => {
    expect(ask('version=latest&cursor=aardvark:1.0.0').names[0]).toBe('alpha 2.0.0');
    expect(ask('version=latest&cursor=bravo:1.0.0').names).toEqual(['omega 3.0.0']);
    expect(ask('cursor=omega:2.5.0').names[0]).toBe('omega 3.0.0');
    expect(ask('cursor=zulu:1.0.0').names).toEqual([]);
  });

  it.each([
    ['a part of a name', 'search=lph', ['alpha 2.0.0']],
    ['another case', 'search=OMEGA', ['omega 3.0.0']],
    ['the description', 'search=beta+things', ['beta 1.0.0']],
    ['a tag', 'search=weather', ['beta 1.0.0']],
    ['all words', 'search=weather+alpha', []],
  ])('is searched by %s', (_name, query, names) => {
    expect(ask(`${query}&version=latest`).names).toEqual(names);
  });

  it('is searched page by page', () => {
    expect(everyPage('search=works&limit=2&version=latest')).toEqual([
      ['alpha 2.0.0', 'beta 1.0.0'],
      ['omega 3.0.0'],
    ]);
  });

  it('has what changed since a time, what went included', () => {
    expect(ask('updated_since=2026-09-01T00:00:00Z').names).toEqual([
      'alpha 2.0.0',
      'beta 1.0.0',
      'gone 1.0.0',
      'omega 3.0.0',
    ]);
    expect(ask('updated_since=2026-08-31T23:00:00-05:00&include_deleted=false').names).toEqual([]);
  });

  it.each([
    ['limit=0'],
    ['limit=101'],
    ['limit=1e1'],
    ['limit=-5'],
    ['cursor=nonsense'],
    ['updated_since=yesterday'],
    ['updated_since=2026-13-01T00:00:00Z'],
    ['include_deleted=perhaps'],
    [`search=${'x'.repeat(201)}`],
  ])('refuses %s', (query) => {
    expect(parseListQuery(new URLSearchParams(query))).toEqual(expect.any(String));
  });
});
