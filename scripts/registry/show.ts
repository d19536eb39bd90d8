/**
 * A value from an entry, as it may stand in a message: JSON, shortened, and with every character
 * that a terminal or a reader could be fooled with written as its code point.
 */
export function show(value: unknown, limit = 80): string {
  const text = JSON.stringify(value) ?? String(value);
  const plain = visible(text);
  const characters = [...plain];
  return characters.length > limit ? `${characters.slice(0, limit).join('')}...` : plain;
}

/** Text with control, format, surrogate, private-use and odd space characters made visible. */
export function visible(text: string): string {
  return text.replace(
    /[\p{C}\u2028\u2029\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u3164\uffa0]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`,
  );
}
