import { expect, it } from 'vitest';
import { cutText } from '../../core/text.ts';

it('cuts a text without leaving half a character', () => {
  expect(cutText('ab🎯', 3)).toBe('ab');
  expect(cutText('ab🎯', 4)).toBe('ab🎯');
  expect(cutText('abc', 9)).toBe('abc');
});
