import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { rules } from '../../scripts/rules/index.ts';

const page = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');

it.each(rules.map(({ name }) => name))('docs/rules.md explains %s', (name) => {
  expect(page).toContain(`| \`${name}\``);
});

it('has no two rules of one name', () => {
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
});
