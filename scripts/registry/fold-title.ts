/** Letters of other alphabets that cannot be told from Latin ones in common fonts. */
const LOOK_ALIKES: Readonly<Record<string, string>> = Object.fromEntries([
  ['а', 'a'],
  ['е', 'e'],
  ['о', 'o'],
  ['р', 'p'],
  ['с', 'c'],
  ['х', 'x'],
  ['у', 'y'],
  ['і', 'i'],
  ['ј', 'j'],
  ['ѕ', 's'],
  ['ԁ', 'd'],
  ['һ', 'h'],
  ['к', 'k'],
  ['м', 'm'],
  ['т', 't'],
  ['в', 'b'],
  ['н', 'h'],
  ['ο', 'o'],
  ['α', 'a'],
  ['ν', 'v'],
  ['ρ', 'p'],
  ['τ', 't'],
  ['υ', 'u'],
  ['χ', 'x'],
  ['ι', 'i'],
  ['κ', 'k'],
  ['ɡ', 'g'],
  ['ı', 'i'],
  ['ℓ', 'l'],
]);

/** A title reduced to what the eye distinguishes. */
export function foldTitle(title: string): string {
  return [...title.normalize('NFKD').toLowerCase()]
    .map((letter) => LOOK_ALIKES[letter] ?? letter)
    .join('')
    .replace(/[^\p{L}\p{N}]/gu, '');
}
