import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { schemaPage } from '../../scripts/reference/schema-page.ts';
import { referencePage, SCHEMA_PAGES } from '../../scripts/reference.ts';

it('has a line for every field that the schema describes', () => {
  const page = referencePage('entry.md');
  for (const words of [
    '## permissions',
    '| `volumes[].access` | `read-only`, `read-write`, required | What it may do there. |',
    '| `properties.NAME.items.format` |',
    '| `[].when` | text, at most 64 characters, required |',
    'categories:\n  - documentation\n  - developer-tools\n',
  ]) {
    expect(page).toContain(words);
  }
});

it('follows references within a schema', () => {
  expect(referencePage('policy.md')).toContain('| `NAME.deny` | list (text');
});

it.each(Object.keys(SCHEMA_PAGES))('%s is what the repository holds', (name) => {
  const file = new URL(`../../docs/reference/${name}`, import.meta.url);
  expect(readFileSync(file, 'utf8')).toBe(referencePage(name));
});

it('follows the schema', () => {
  const properties = { colour: { type: 'string', description: 'Colour | shade.', maxLength: 9 } };
  const page = schemaPage(
    { title: 'Things', schema: 'thing.schema.json', editorPath: 'thing.schema.json' },
    { description: 'A thing.', required: ['a', 'colour'], properties },
  );
  expect(page).toContain('## colour\n\nColour | shade.\n\nRequired; text, at most 9 characters.');
});
