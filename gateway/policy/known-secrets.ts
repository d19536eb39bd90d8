import { redactor } from '../../core/isolation/redact.ts';

/** The secrets that were handed to servers since the start, to find them in texts again. */
export interface KnownSecrets {
  add(values: Iterable<string>): void;
  /** True when there is nothing to look for. */
  readonly isEmpty: boolean;
  /** The text without the secrets; the same text when it holds none. */
  redact(text: string): string;
}

/** Shorter values would turn up in ordinary words and shred every text. */
const SHORTEST = 6;
/** Access tokens come and go; the oldest values are forgotten. */
const MOST = 1000;

export function knownSecrets(): KnownSecrets {
  const values = new Set<string>();
  let redact = redactor(values);
  return {
    add(more) {
      const fresh = [...more].filter((value) => value.length >= SHORTEST && !values.has(value));
      if (fresh.length === 0) return;
      for (const value of fresh) values.add(value);
      for (const value of values) {
        if (values.size <= MOST) break;
        values.delete(value);
      }
      redact = redactor(values);
    },
    get isEmpty() {
      return values.size === 0;
    },
    redact: (text) => (text.length < SHORTEST || values.size === 0 ? text : redact(text)),
  };
}
