import { describe, expect, it } from 'vitest';
import { fillTemplate, referencesOf } from '../../core/entry/template.ts';

describe('templates', () => {
  it('finds references and keeps doubled braces as text', () => {
    expect(referencesOf('{a}-{{b}}-{c}')).toEqual(['a', 'c']);
    expect(fillTemplate('{a}-{{b}}-{c}', (name) => name.toUpperCase())).toBe('A-{b}-C');
  });

  it('is unset when anything in it is', () => {
    expect(fillTemplate('{a}{b}', (name) => (name === 'a' ? 'x' : undefined))).toBeUndefined();
  });

  it('joins a list inside a text with commas', () => {
    expect(fillTemplate('--x={a}', () => ['1', '2'])).toBe('--x=1,2');
  });

  it.each(['{', 'a}', '{1}', '{a-b}', '{ a }'])('refuses the lone brace in %j', (template) => {
    expect(() => referencesOf(template)).toThrow(/has a lone/);
  });
});
