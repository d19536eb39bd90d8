/** Words that a mistyped one may stand for. */
export interface Vocabulary {
  /** Adds the words of a text in lower case. */
  add(text: string): void;
  /** Words within some slips of `token`, nearest first, with their slips. */
  near(token: string): readonly (readonly [word: string, slips: number])[];
}

const MOST_WORDS = 12;

export function createVocabulary(): Vocabulary {
  /** Each word with the letters in it. */
  const words = new Map<string, number>();
  return {
    add(text) {
      for (const word of text.match(/[a-z0-9]{3,}/g) ?? []) {
        if (!words.has(word)) words.set(word, lettersOf(word));
      }
    },
    near(token) {
      const most = token.length > 7 ? 2 : 1;
      const own = lettersOf(token);
      const found: [string, number][] = [];
      for (const [word, letters] of words) {
        // A slip adds a letter and takes one away at most, which tells of nearly all other words.
        if (bits(own ^ letters) > 2 * most) continue;
        const slips = distance(token, word, most);
        if (slips > 0 && slips <= most) found.push([word, slips]);
      }
      return found.sort((a, b) => a[1] - b[1]).slice(0, MOST_WORDS);
    },
  };
}

/** A bit for each letter that occurs. */
function lettersOf(word: string): number {
  let letters = 0;
  for (let at = 0; at < word.length; at++) letters |= 1 << (word.charCodeAt(at) & 31);
  return letters;
}

function bits(number: number): number {
  let count = 0;
  for (let rest = number; rest; rest &= rest - 1) count += 1;
  return count;
}

/**
 * Slips between two words: a letter added, left out, changed, or two swapped (optimal string
 * alignment). Above `most` it returns a larger number without counting on.
 */
export function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (last[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (last[j - 1] as number) + Number(!same),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] as number) + 1);
      }
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least > most) return most + 1;
    before = last;
    last = row;
  }
  return last[b.length] as number;
}
