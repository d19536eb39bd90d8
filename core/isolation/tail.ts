/** Keeps the last part of a text stream; `limit` in characters. */
export interface Tail {
  add(text: string): void;
  /** What is kept; a line that lost its beginning is left out. */
  text(): string;
}

/**
 * A tail of a server's stderr. A cut line is dropped as a whole: half of a secret would get past
 * redaction, which looks for whole values.
 */
export function createTail(limit = 32_768): Tail {
  let kept = '';
  let cut = false;
  return {
    add(text) {
      kept += text;
      // Trimmed only at twice the limit, so that many small writes do not copy the text each time.
      if (kept.length > 2 * limit) {
        kept = kept.slice(-limit);
        cut = true;
      }
    },
    text() {
      const whole = cut ? kept.slice(kept.indexOf('\n') + 1) : kept;
      return whole.length > limit
        ? whole.slice(whole.indexOf('\n', whole.length - limit) + 1)
        : whole;
    },
  };
}
