import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { entryReference } from '../../scripts/reference.ts';

it('has a line for every field that the schema describes', () => {
  const page = entryReference();
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

it('is what the repository holds', () => {
  const file = new URL('../../docs/reference/entry.md', import.meta.url);
  expect(readFileSync(file, 'utf8')).toBe(entryReference());
});

it('follows the schema', () => {
  const properties = { colour: { type: 'string', description: 'Colour | shade.', maxLength: 9 } };
  const page = entryReference({ description: 'A thing.', required: ['a', 'colour'], properties });
  expect(page).toContain('## colour\n\nColour | shade.\n\nRequired; text, at most 9 characters.');
});
