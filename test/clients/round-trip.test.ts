import fc from 'fast-check';
import { parse as parseJsonc } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import {
  type ConfigText,
  entriesOf,
  hasContainer,
  withEntry,
  withoutEntry,
} from '../../gateway/clients/edit/document.ts';
import { CLIENTS } from '../../gateway/clients/table.ts';
import { configOf, fixtureOf, LAUNCH, WRITINGS } from './fixture.ts';

/** Lines of the former text that the new one lacks; a comma may have been put behind one. */
function lostLines(before: string, after: string): string[] {
  const left = after.split('\n').map((line) => line.trimEnd());
  return before.split('\n').filter((raw) => {
    const line = raw.trimEnd();
    const index = left.findIndex(
      (other) => other === line || other.replaceAll(',', '') === line.replaceAll(',', ''),
    );
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

describe.each(CLIENTS.map((client) => [client.id, client] as const))('%s', (_id, client) => {
  const entry = client.entry(LAUNCH);
  const stored = client.list ? { name: LAUNCH.name, ...entry } : entry;

  it.each(Object.entries(WRITINGS))(
    'adds and removes its entry without a trace, %s',
    (_, write) => {
      const before = write(fixtureOf(client));
      const config = configOf(client, before);
      const after = withEntry(config, LAUNCH.name, entry);
      const others = [...entriesOf(config).keys()];
      expect(others.length).toBeGreaterThan(0);
      expect([...entriesOf({ ...config, text: after }).keys()]).toEqual([...others, LAUNCH.name]);
      expect(entriesOf({ ...config, text: after }).get(LAUNCH.name)).toEqual(stored);
      if (before.trim().includes('\n')) expect(lostLines(before, after)).toEqual([]);
      if (before.includes('\r\n')) expect(after).not.toMatch(/[^\r]\n/);
      expect(withoutEntry({ ...config, text: after }, LAUNCH.name, { dropEmpty: false })).toBe(
        before,
      );
    },
  );

  it('replaces its entry and leaves the others alone', () => {
    const config = configOf(client, fixtureOf(client));
    const first = withEntry(config, LAUNCH.name, entry);
    const args = ['-y', 'portolan', 'run', '--servers', 'c'];
    const second = withEntry(
      { ...config, text: first },
      LAUNCH.name,
      client.entry({ ...LAUNCH, args }),
    );
    expect(second).not.toBe(first);
    const back = withoutEntry({ ...config, text: second }, LAUNCH.name, { dropEmpty: false });
    expect(back).toBe(config.text);
  });

  it('makes a place for servers where there is none, and takes it away again', () => {
    for (const before of client.format === 'jsonc'
      ? ['{\n  "a": 1 // one\n}\n', '{"a":1}']
      : ['', '# notes\n']) {
      const config = configOf(client, before);
      expect(hasContainer(config)).toBe(false);
      const after = withEntry(config, LAUNCH.name, entry);
      expect(entriesOf({ ...config, text: after }).get(LAUNCH.name)).toEqual(stored);
      expect(withoutEntry({ ...config, text: after }, LAUNCH.name, { dropEmpty: true })).toBe(
        before,
      );
    }
  });

  it('says where a file is broken, and quotes nothing of it', () => {
    const broken = `${fixtureOf(client).trimEnd()}\n{ [ hunter2 = :`;
    const act = () => withEntry(configOf(client, broken), LAUNCH.name, entry);
    expect(act).toThrow(new RegExp(`^${client.id}:\\d+:\\d+: `));
    expect(act).not.toThrow(/hunter2/);
  });
});

const jsonc = (text: string): ConfigText => ({
  format: 'jsonc',
  keys: ['m'],
  text,
  where: 'x.json',
});
const yaml = (text: string): ConfigText => ({ format: 'yaml', keys: ['m'], text, where: 'x.yaml' });
const toml = (text: string): ConfigText => ({ format: 'toml', keys: ['m'], text, where: 'x.toml' });
const ENTRY = { command: 'npx', args: ['-y'] };

describe('ways of writing', () => {
  it.each([
    [
      'comments beside the last entry',
      jsonc('{\n\t"m": {\n\t\t"a": {} // one\n\t\t/* two */\n\t}\n}\n'),
    ],
    ['trailing commas', jsonc('{\n  "m": {\n    "a": {}, // one\n    // two\n  },\n}\n')],
    ['one line', jsonc('{ "m": { "a": { "b": [1, 2] } } }')],
    ['one line without spaces', jsonc('{"m":{"a":{}}}\n')],
    ['an empty map', jsonc('{\n    "m": {}\n}')],
    ['two properties on a line', jsonc('{\n  "m": { "a": 1 }, /* c */ "z": null\n}\n')],
    ['a block without a last line ending', yaml('m:\n  a:\n    b: 1')],
    ['a block scalar at the end', yaml('m:\n   a:\n      b: |\n         text\n\n         more\n')],
    ['a flow map', yaml('m: { a: { b: 1 } } # flow\nz: 1\n')],
    ['an empty flow map', yaml('m: {}\nz: 1\n')],
    ['anchors and aliases', yaml('x: &x\n  b: 1\nm:\n  a: *x\n  c:\n    <<: *x\n')],
    ['no tables at all', toml('a = 1')],
    ['an inline table', toml('[m]\na = { b = 1 }\n')],
    ['dotted keys', toml('[m.a]\nb.c = 1\n')],
  ])('%s', (_, config) => {
    const after = withEntry(config, 'new', ENTRY);
    expect(withoutEntry({ ...config, text: after }, 'new', { dropEmpty: false })).toBe(config.text);
  });

  it.each([
    ['an inline table that cannot be extended', toml('m = { a = { b = 1 } }\n')],
    ['an alias in the place of the servers', yaml('x: &x\n  a: 1\nm: *x\n')],
    ['a key that is there twice', jsonc('{"m": {"a": 1}, "m": {}}')],
  ])('leaves alone: %s', (_, config) => {
    expect(() => withEntry(config, 'new', ENTRY)).toThrow(/cannot be added without touching/);
  });

  it.each([
    ['a list', jsonc('{"m": []}'), /m is a list where a map belongs/],
    ['a text', yaml('m: x\n'), /m is a string where a map belongs/],
    ['no map at all', jsonc('[1]'), /the whole file is a list/],
    ['several documents', yaml('m: {}\n---\nm: {}\n'), /^x\.yaml:\d+:\d+: /],
  ])('refuses %s', (_, config, message) => {
    expect(() => withEntry(config, 'new', ENTRY)).toThrow(message);
  });

  it('keeps the comments around an entry that somebody moved', () => {
    const text =
      '{\n  "m": {\n    // ours\n    "new": {}, // really\n    "a": 1 // first\n  }\n}\n';
    expect(withoutEntry(jsonc(text), 'new', { dropEmpty: false })).toBe(
      '{\n  "m": {\n    // ours\n    // really\n    "a": 1 // first\n  }\n}\n',
    );
  });
});

describe('random documents', () => {
  const gap = fc.constantFrom('', ' ', '\n', '\n  ', ' /* c */ ', ' // c\n', '\t', '\r\n');
  /** JSON with comments, odd spaces and trailing commas. */
  const document = fc
    .array(fc.tuple(gap, gap, gap, gap, fc.constantFrom('1', '{}', '{"x": [1,2]}', '"}"')), {
      maxLength: 4,
    })
    .chain((members) =>
      fc.tuple(gap, gap, gap, fc.boolean()).map(([a, b, c, comma]) => {
        const inner = members
          .map(([d, e, f, g, value], index) => `${d}"k${index}"${e}:${f}${value}${g}`)
          .join(',');
        return `${a}{"m"${b}:{${inner}${comma && members.length > 0 ? ',' : ''}${c}}}\n`;
      }),
    );

  it('gain and lose the entry, and nothing else', () => {
    fc.assert(
      fc.property(document, (text) => {
        const before = parseJsonc(text);
        const after = withEntry(jsonc(text), 'new', ENTRY);
        expect(after.split('/* c */').length).toBe(text.split('/* c */').length);
        const back = withoutEntry(jsonc(after), 'new', { dropEmpty: false });
        expect(parseJsonc(back)).toEqual(before);
        expect(back.split('c').length).toBe(text.split('c').length);
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});
