/** A character that a reader does not see, or sees as something else. */
export interface HiddenCharacter {
  /** In UTF-16 code units. */
  readonly offset: number;
  readonly character: string;
  /** Such as `U+202E (bidirectional control)`. */
  readonly label: string;
}

/** Everything outside of plain ASCII text, so that most texts need no closer look. */
const UNUSUAL = /[^\n\t\x20-\x7e]/;

/** Scripts in which joiners change how letters are written, and so belong to the text. */
const JOINING =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Nko}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const PICTOGRAPH = /[\p{Extended_Pictographic}\p{Emoji_Modifier}]/u;
const EMOJI_BASE = /[\p{Emoji}\p{Extended_Pictographic}]/u;

/** First and last code point of each kind; the first kind that holds a character names it. */
const RANGES: readonly (readonly [number, number, string])[] = [
  [0x1b, 0x1b, 'terminal escape'],
  [0x00, 0x1f, 'control character'],
  [0x7f, 0x9f, 'control character'],
  [0x061c, 0x061c, 'bidirectional control'],
  [0x200e, 0x200f, 'bidirectional control'],
  [0x202a, 0x202e, 'bidirectional control'],
  [0x2066, 0x2069, 'bidirectional control'],
  [0x180e, 0x180e, 'zero-width character'],
  [0x200b, 0x200d, 'zero-width character'],
  [0x2060, 0x2060, 'zero-width character'],
  [0xfeff, 0xfeff, 'zero-width character'],
  [0xe0000, 0xe007f, 'invisible tag character'],
  [0x180b, 0x180f, 'variation selector'],
  [0xfe00, 0xfe0f, 'variation selector'],
  [0xe0100, 0xe01ef, 'variation selector'],
  [0x00ad, 0x00ad, 'invisible character'],
  [0x034f, 0x034f, 'invisible character'],
  [0x115f, 0x1160, 'invisible character'],
  [0x17b4, 0x17b5, 'invisible character'],
  [0x2061, 0x206f, 'invisible character'],
  [0x2800, 0x2800, 'invisible character'],
  [0x3164, 0x3164, 'invisible character'],
  [0xffa0, 0xffa0, 'invisible character'],
  [0x2028, 0x2029, 'line separator that editors do not show'],
];
const PRIVATE_USE = /\p{Co}/u;
const SURROGATE = /\p{Cs}/u;
const MEANINGLESS = /[\p{Cn}\p{Cf}\ufffc]/u;

/**
 * Characters of a text that can carry what a reviewer does not see: reordered text, invisible
 * letters that a model still reads, terminal commands. What real languages and emoji need passes.
 */
export function hiddenCharacters(text: string): HiddenCharacter[] {
  if (!UNUSUAL.test(text)) return [];
  const characters = [...text];
  const hidden: HiddenCharacter[] = [];
  let offset = 0;
  for (const [index, character] of characters.entries()) {
    const kind = UNUSUAL.test(character) && kindOf(character);
    if (kind && !belongs(characters, index)) {
      const code = character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
      hidden.push({ offset, character, label: `U+${code} (${kind})` });
    }
    offset += character.length;
  }
  return hidden;
}

function kindOf(character: string): string | undefined {
  const code = character.codePointAt(0) ?? 0;
  const range = RANGES.find(([first, last]) => code >= first && code <= last);
  if (range) return range[2];
  if (PRIVATE_USE.test(character)) return 'private-use character';
  if (SURROGATE.test(character)) return 'half of a surrogate pair';
  return MEANINGLESS.test(character) ? 'character without a meaning' : undefined;
}

/** True where a character of a suspicious kind is part of how a text is properly written. */
function belongs(characters: readonly string[], index: number): boolean {
  const before = characters[index - 1] ?? '';
  const after = characters[index + 1] ?? '';
  switch (characters[index]) {
    case '\r':
      return after === '\n';
    // Zero-width joiner: families of emoji, and letters of joining scripts.
    case '\u200d': {
      const base = before === '\ufe0f' ? (characters[index - 2] ?? '') : before;
      return (
        (PICTOGRAPH.test(base) && PICTOGRAPH.test(after)) ||
        (JOINING.test(before) && (after === '' || JOINING.test(after)))
      );
    }
    case '\u200c':
      return JOINING.test(before) && JOINING.test(after);
    case '\ufe0e':
    case '\ufe0f':
      return EMOJI_BASE.test(before);
    default:
      return false;
  }
}
