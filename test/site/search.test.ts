import { describe, expect, it } from 'vitest';
import { packFlags, unpackFlags } from '../../scripts/site/index-format.ts';
import type { ListItem } from '../../scripts/site/model.ts';
import { createSearch } from '../../scripts/site/search.ts';
import { catalogIndex, toolIndex } from '../../scripts/site/search-index.ts';
import { distance } from '../../scripts/site/search-slips.ts';

const categories = [
  { id: 'files', title: 'Files', description: 'x', count: 1 },
  { id: 'cloud', title: 'Cloud', description: 'x', count: 1 },
];
const item = (name: string, more: Partial<ListItem> = {}): ListItem => ({
  name,
  title: name,
  description: `About ${name}`,
  kind: 'npm',
  categories: ['files'],
  tags: [],
  license: 'MIT',
  publisher: 'Someone',
  toolNames: [],
  dynamicTools: false,
  network: 'none',
  signIn: 'none',
  secrets: 0,
  status: 'active',
  version: '1.0.0',
  versions: 1,
  icon: false,
  signature: { kind: 'none' },
  ...more,
});

const search = (list: readonly ListItem[]) => createSearch(catalogIndex(list, categories));
const names = (list: readonly ListItem[], text: string, facets = {}, sort = 'relevance') => {
  const engine = search(list);
  engine.addTools(toolIndex(list));
  return engine.find({ text, facets, sort }).ids.map((id) => engine.card(id).name);
};

describe('catalog search', () => {
  it('puts an exact title first, then words of titles, tags, descriptions', () => {
    const list = [
      item('git-tools', { title: 'Git tools' }),
      item('described', { description: 'Works with git.' }),
      item('tagged', { tags: ['git'] }),
      item('git', { title: 'Git' }),
      item('other'),
    ];
    expect(names(list, 'git')).toEqual(['git', 'git-tools', 'tagged', 'described']);
  });

  it('forgives a slip, and asks for every word', () => {
    const list = [
      item('playwright'),
      item('playground'),
      item('kubernetes', { tags: ['cluster'] }),
    ];
    expect(names(list, 'playwrigth')[0]).toBe('playwright');
    expect(names(list, 'kuberentes')[0]).toBe('kubernetes');
    expect(names(list, 'kubernetes playwright')).toEqual([]);
    expect(names(list, 'cluster kubernetes')).toEqual(['kubernetes']);
  });

  it('finds tools by parts of their names', () => {
    const list = [item('a', { toolNames: ['create_pull_request'] }), item('b')];
    expect(names(list, 'pull request')).toEqual(['a']);
  });

  it('counts a facet as if its own choice were not made', () => {
    const engine = search([
      item('a', { kind: 'npm' }),
      item('b', { kind: 'remote', network: 'remote' }),
      item('c', { kind: 'remote', network: 'remote', categories: ['cloud'] }),
    ]);
    const { ids, counts } = engine.find({ text: '', facets: { kind: ['npm'] }, sort: 'name' });
    expect(ids).toEqual([0]);
    expect(counts.kind).toEqual({ npm: 1, remote: 2 });
    expect(counts.network).toEqual({ none: 1 });
    expect(counts.category).toEqual({ files: 1 });
  });

  it('leaves withdrawn servers out, and sorts by date', () => {
    const list = [
      item('old', { updated: '2026-01-01T00:00:00Z', added: '2026-01-01T00:00:00Z' }),
      item('gone', { status: 'withdrawn' }),
      item('new', { updated: '2026-02-01T00:00:00Z', added: '2025-01-01T00:00:00Z' }),
    ];
    expect(names(list, '', {}, 'updated')).toEqual(['new', 'old']);
    expect(names(list, '', {}, 'newest')).toEqual(['old', 'new']);
  });

  it('lists equal ones by title, wherever they stood', () => {
    const list = ['zebra', 'apple', 'mango'].map((name) => item(name, { description: 'Fruit' }));
    expect(names(list, 'fruit')).toEqual(['apple', 'mango', 'zebra']);
    expect(names(list, '')).toEqual(['apple', 'mango', 'zebra']);
    expect(toolIndex(list.map((one) => ({ ...one, toolNames: [one.name] })))).toBe(
      'apple\nmango\nzebra',
    );
  });

  it('lowers letters that would grow only where that shifts nothing', () => {
    const list = [
      item('a', { title: 'İstanbul Ferries' }),
      item('b', { title: 'Élan' }),
      item('c', { title: 'Zürich Trams' }),
    ];
    expect(names(list, 'ferries')).toEqual(['a']);
    expect(names(list, 'élan')).toEqual(['b']);
    expect(names(list, 'trams')).toEqual(['c']);
  });

  it('reads all words piece by piece, those of tools that come later too', () => {
    const many = Array.from({ length: 4000 }, (_, id) =>
      item(`s-${id}`, { description: `Number ${id} of a long list of servers that fill a piece` }),
    );
    const list = [...many, item('kubernetes', { toolNames: ['drain_cluster'] })];
    const engine = search(list);
    let pieces = 0;
    while (engine.readWords()) pieces += 1;
    expect(pieces).toBeGreaterThan(5);
    const found = (text: string) =>
      engine.find({ text, facets: {}, sort: 'relevance' }).ids.map((id) => engine.card(id).name);
    expect(found('kuberentes')).toEqual(['kubernetes']);
    expect(found('clutser')).toEqual([]);
    engine.addTools(toolIndex(list));
    expect(found('clutser')).toEqual(['kubernetes']);
  });

  it('survives odd input', () => {
    const list = [item('a')];
    for (const text of ['(', '\\', '"<>', '\u0000', 'a'.repeat(200), '  ', '💥']) {
      expect(() => names(list, text)).not.toThrow();
    }
    expect(names([], 'a')).toEqual([]);
  });

  it('counts slips between words', () => {
    expect(distance('crane', 'crane', 2)).toBe(0);
    expect(distance('crnae', 'crane', 2)).toBe(1);
    expect(distance('cran', 'crane', 2)).toBe(1);
    expect(distance('grime', 'crane', 2)).toBeGreaterThan(2);
  });

  it('packs every combination of flags', () => {
    const flags = {
      kind: 'remote',
      network: 'any',
      signIn: 'oauth',
      status: 'deprecated',
      verified: true,
      icon: false,
      dynamicTools: true,
    } as const;
    expect(unpackFlags(packFlags(flags))).toEqual(flags);
  });
});
