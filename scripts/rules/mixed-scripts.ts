import { show } from '../registry/show.ts';
import { entryRule } from './rule.ts';

const LETTER_SCRIPTS: readonly (readonly [RegExp, string])[] = [
  [/\p{Script=Latin}/u, 'Latin'],
  [/\p{Script=Cyrillic}/u, 'Cyrillic'],
  [/\p{Script=Greek}/u, 'Greek'],
  [/\p{Script=Armenian}/u, 'Armenian'],
  [/\p{Script=Cherokee}/u, 'Cherokee'],
];

/** A name in which alphabets mix looks like one thing and is another. */
export const mixedScripts = entryRule('mixed-scripts', function* ({ server }) {
  const { entry, source } = server;
  const names = [
    { at: ['title'], text: entry.title },
    { at: ['publisher', 'name'], text: entry.publisher.name },
  ];
  for (const { at, text } of names) {
    const word = text.split(/[^\p{L}\p{M}]+/u).find((part) => scriptsOf(part).length > 1);
    if (!word) continue;
    const stranger = [...word].find((letter) => /[^\p{Script=Latin}]/u.test(letter)) ?? '';
    const code = stranger.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
    yield {
      in: source,
      at,
      literal: stranger,
      fact: `${show(word)} mixes ${scriptsOf(word).join(' and ')} letters (U+${code})`,
      remedy: 'write it in one alphabet; look-alike letters are how people get deceived',
    };
  }
});

function scriptsOf(text: string): string[] {
  return LETTER_SCRIPTS.flatMap(([pattern, name]) => (pattern.test(text) ? [name] : []));
}
