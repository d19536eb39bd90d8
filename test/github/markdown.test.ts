import { expect, test } from 'vitest';
import { code, words } from '../../scripts/github/markdown.ts';

test('code cannot be left, nor its table cell', () => {
  expect(code('a`b | @team\n# big')).toBe("`a'b \\| @team # big`");
  expect(code('')).toBe('` `');
});

test('words mention nobody, link nowhere and hold no HTML', () => {
  const text = words('@octocat [x](https://evil.example) <img src=x> www.evil.example **b**');
  expect(text).not.toMatch(/@|\[|\]|\(|<|https:|www\.|\*/);
  expect(text).toContain('octocat');
});

test('invisible and bidirectional characters become a space', () => {
  expect(words('a\u202Eb\u200Bc\u0007d')).toBe('a b c d');
});

test('long texts are cut', () => {
  expect(words('x'.repeat(500), 20)).toBe(`${'x'.repeat(17)}...`);
});
